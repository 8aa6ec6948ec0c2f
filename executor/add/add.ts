import { join } from 'node:path';
import { getLatestRelease, getRepository, listReleases } from '../../github/releases.ts';
import { isRepositoryName } from '../../github/names.ts';
import type { Release } from '../../github/types.ts';
import { writeFileAtomic } from '../../io/files/file.ts';
import { brief } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';
import { encodeSegment, isHostName } from '../../ledger-schema/names/path.ts';
import type { ExecutorContext } from '../context.ts';
import { strongestEvidence } from './strongest-evidence.ts';
import { toolIniText } from './tool-text.ts';
import { parseToolDefinition } from '../../upstream/tool-definition.ts';
import { findTools, toolKey } from '../../upstream/tools.ts';
import { Upstreams } from '../../upstream/upstreams.ts';

/** How many releases are looked at. */
const NEWEST = 30;

export interface AddedTool {
  /** `owner/repo` as upstream spells it, or `HOST/owner/repo`. */
  readonly tool: string;
  /** Relative to the folder of mirror.ini. */
  readonly file: string;
  readonly text: string;
  /** The release that was looked at. */
  readonly tag: string;
  readonly files: number;
}

/**
 * Writes a tool.ini after looking at the newest release. `name` is `OWNER/REPO` of the configured source, or
 * `HOST/OWNER/REPO`. Throws `E_USAGE` for a name that isn't one or whose source has no known API, `E_EXISTS`,
 * `E_UPSTREAM_NOT_FOUND` where there is no repository or no release.
 */
export async function addTool(
  context: Pick<ExecutorContext, 'root' | 'source' | 'env' | 'cacheDir' | 'progress' | 'trustedRoots'>,
  name: string,
  { dryRun = false }: { /** Look, and write nothing. */ readonly dryRun?: boolean } = {},
): Promise<AddedTool> {
  const { root, source: configured } = context;
  const { source, repository } = parseToolName(name, configured.host);
  const client =
    new Upstreams(context).ofSource(source) ??
    fail('E_USAGE', `nothing says which API ${source} has`, {
      hint: `write packages/${source}/OWNER/REPO/tool.ini yourself, with api = below [source]`,
    });
  await requireNew(root, configured.host, { source, repository });
  const identity = await getRepository(client, repository);
  const { fullName } = identity;
  await requireNew(root, configured.host, { source, repository: fullName });
  const newest: Release[] = [];
  for await (const release of listReleases(client, fullName, { max: NEWEST })) if (!release.draft) newest.push(release);
  const release = (await getLatestRelease(client, fullName)) ?? newest[0];
  if (release === undefined) {
    fail('E_UPSTREAM_NOT_FOUND', `${fullName} has no release`, { hint: 'there is nothing to mirror yet' });
  }
  const [owner = '', repo = ''] = fullName.split('/');
  const file = join('packages', source, encodeSegment(owner), encodeSegment(repo), 'tool.ini');
  const evidence = await strongestEvidence(context, client, { source, repository: identity, release });
  const text = toolIniText({ name: `${source}/${fullName}`, release, tags: newest.map(({ tag }) => tag), evidence });
  parseToolDefinition(text, file);
  if (!dryRun) await writeFileAtomic(join(root, file), text);
  const tool = source === configured.host ? fullName : `${source}/${fullName}`;
  return { tool, file, text, tag: release.tag, files: release.assets.length };
}

/** Reads `OWNER/REPO`, or `HOST/OWNER/REPO`. Throws `E_USAGE`. */
export function parseToolName(name: string, host: string): { source: string; repository: string } {
  const parts = name.split('/');
  const source = parts.length === 3 ? (parts[0] ?? '').toLowerCase() : host;
  const repository = parts.slice(-2).join('/');
  if (parts.length < 2 || parts.length > 3 || !isHostName(source) || !isRepositoryName(repository)) {
    fail('E_USAGE', `not a tool: ${brief(name)}`, { hint: 'write OWNER/REPO, or HOST/OWNER/REPO' });
  }
  return { source, repository };
}

async function requireNew(root: string, host: string, id: { source: string; repository: string }): Promise<void> {
  const other = (await findTools({ root, host })).find((tool) => toolKey(tool) === toolKey(id));
  if (other === undefined) return;
  fail('E_EXISTS', `${other.label} has a tool.ini already`, { hint: 'edit it, or remove it first' });
}
