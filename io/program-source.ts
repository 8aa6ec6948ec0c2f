import { readFileSync } from 'node:fs';

/** Where workflows get this very program: an archive of the bundle, and what its bytes are. */
export interface ProgramSource {
  /** https */
  readonly url: string;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** Names of a repository's variables, for workflows written by a build that isn't a release. */
const VARIABLES: ProgramSource = {
  url: '${{ vars.PULLTHROUGH_URL }}',
  sha256: '${{ vars.PULLTHROUGH_SHA256 }}',
};

/**
 * A release's package holds `release.json`, which `scripts/release-files.sh` writes: the archive of the same release. Where
 * there is none, workflows take the archive from variables.
 */
export function programSource(
  file = new URL('../release.json', import.meta.url),
): ProgramSource & { readonly known: boolean } {
  try {
    const { url, sha256 } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Record<string, unknown>>;
    if (
      typeof url === 'string' &&
      /^https:\/\/[^\s'"]+$/.test(url) &&
      typeof sha256 === 'string' &&
      /^[0-9a-f]{64}$/.test(sha256)
    ) {
      return { url, sha256, known: true };
    }
  } catch {
    // It isn't a release.
  }
  return { ...VARIABLES, known: false };
}

/** Puts the source into a workflow's text. */
export function withProgram(workflow: string, { url, sha256 }: ProgramSource): string {
  return workflow.replaceAll('@URL@', url).replaceAll('@SHA256@', sha256);
}
