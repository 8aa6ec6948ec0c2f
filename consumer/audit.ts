import { brief } from '../ledger-schema/bytes.ts';
import { fail } from '../ledger-schema/error.ts';
import { parseLock } from './lock/lock-file.ts';

/** A digest from another tool's lock file. */
export interface LockedDigest {
  /** What the file calls it: a name, a URL or an id. */
  readonly name: string;
  /** `sha256`, `sha512`, `blake3`. */
  readonly algorithm: string;
  /** Lower-case hex. */
  readonly digest: string;
}

/** The largest file that is read, in bytes. */
export const AUDITED_BYTES = 64 * 1024 * 1024;

/**
 * The digests that a lock file holds: pullthrough.lock, mise.lock, aqua-checksums.json, and Bazel's files with `http_archive`
 * or `http_file`. Read as text, line by line; none of it is run. Throws `E_INPUT` for a file without any, `E_LOCK_FILE`.
 */
export function lockedDigests(text: string, file: string): LockedDigest[] {
  const found = /^# pullthrough\.lock, format /m.test(text)
    ? parseLock(text, file).flatMap(({ tool, tag, files }) =>
        files.map(({ name, sha256 }) => ({ name: `${tool}@${tag} ${name}`, algorithm: 'sha256', digest: sha256 })),
      )
    : text.trimStart().startsWith('{')
      ? fromAqua(text, file)
      : /^\s*\[\[tools\./m.test(text)
        ? fromMise(text)
        : fromBazel(text);
  if (found.length > 0) return found;
  return fail('E_INPUT', `${file} locks no digest that is known here`, {
    hint: 'name a pullthrough.lock, mise.lock, aqua-checksums.json, or a file of Bazel with http_archive',
  });
}

function fromAqua(text: string, file: string): LockedDigest[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    fail('E_INPUT', `${file} is not JSON`, { cause });
  }
  const { checksums } = parsed as { checksums?: unknown };
  if (!Array.isArray(checksums)) return [];
  return checksums.flatMap((entry: unknown) => {
    const { id, checksum, algorithm } = (entry ?? {}) as Partial<Record<string, unknown>>;
    if (typeof checksum !== 'string' || typeof algorithm !== 'string') return [];
    return [{ name: brief(String(id)), algorithm: algorithm.toLowerCase(), digest: checksum.toLowerCase() }];
  });
}

/** TOML tables, with one fact per line or several in braces. */
function fromMise(text: string): LockedDigest[] {
  const found: LockedDigest[] = [];
  let tool = '';
  let version = '';
  for (const line of text.split('\n')) {
    tool = /^\s*\[\[tools\.(.*)\]\]/.exec(line)?.[1]?.replaceAll('"', '') ?? tool;
    version = /^\s*version\s*=\s*"([^"]*)"/.exec(line)?.[1] ?? version;
    for (const [, algorithm = '', digest = ''] of line.matchAll(/\bchecksum\s*=\s*"([a-z0-9]+):([0-9a-fA-F]+)"/g)) {
      const url = /\burl\s*=\s*"([^"]*)"/.exec(line)?.[1];
      found.push({ name: brief(url ?? `${tool}@${version}`), algorithm, digest: digest.toLowerCase() });
    }
  }
  return found;
}

/** `sha256 = "…"` and `integrity = "sha256-…"` of a rule; the last name or URL before it says what it is. */
function fromBazel(text: string): LockedDigest[] {
  const found: LockedDigest[] = [];
  let name = '';
  const facts =
    /\b(?:name|urls?)\s*=\s*\[?\s*"([^"\n]*)"|\bsha256\s*=\s*"([0-9a-fA-F]{64})"|\bintegrity\s*=\s*"(sha256|sha384|sha512)-([A-Za-z0-9+/=]+)"/g;
  for (const [, named, hex, algorithm, base64] of text.replace(/#.*$/gm, '').matchAll(facts)) {
    if (named !== undefined) name = brief(named);
    if (hex !== undefined) found.push({ name, algorithm: 'sha256', digest: hex.toLowerCase() });
    if (algorithm !== undefined) {
      found.push({ name, algorithm, digest: Buffer.from(base64 ?? '', 'base64').toString('hex') });
    }
  }
  return found;
}
