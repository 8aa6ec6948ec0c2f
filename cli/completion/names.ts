import { CHECKLIST_BYTES, parseChecklist } from '../../ledger-schema/checklist.ts';
import { TREE } from '../../ledger-schema/files.ts';
import { trySegment } from '../../ledger-schema/names/layout.ts';
import { encodeSegment } from '../../ledger-schema/names/path.ts';
import { groupTags } from '../../consumer/choose-tag.ts';
import { pickForPlatform } from '../../consumer/download/pick.ts';
import { PLATFORMS, parsePlatform } from '../../consumer/download/platform.ts';
import { parseToolName } from '../../consumer/tool.ts';
import type { Snapshot } from '../../ledger/snapshot.ts';

/** What is in a folder of the ledger, decoded; nothing where it was never fetched. */
async function folders(snapshot: Snapshot, path: string): Promise<string[]> {
  const entries = await snapshot.list(path).catch(() => []);
  return entries.flatMap(({ name, mode }) => (mode === TREE ? (trySegment(name) ?? []) : []));
}

/** `owner/repo` for tools of `host`, `HOST/owner/repo` for others, where they begin with `begun`. */
export async function toolNames(snapshot: Snapshot, host: string, begun: string): Promise<string[]> {
  const fits = (name: string): boolean => name.startsWith(begun) || begun.startsWith(name);
  const found: string[] = [];
  for (const source of await folders(snapshot, 'packages')) {
    const shown = source === host ? '' : `${source}/`;
    if (!fits(shown)) continue;
    for (const owner of await folders(snapshot, `packages/${encodeSegment(source)}`)) {
      if (!fits(`${shown}${owner}/`)) continue;
      const repos = await folders(snapshot, `packages/${encodeSegment(source)}/${encodeSegment(owner)}`);
      found.push(...repos.map((repo) => `${shown}${owner}/${repo}`));
    }
  }
  return found.sort();
}

/** `TOOL@latest` and the tool's tags, the newest first. */
export async function releaseNames(snapshot: Snapshot, host: string, tool: string): Promise<string[]> {
  const tags = await folders(snapshot, toolFolder(tool, host));
  const ordered = groupTags(tags).flatMap((group) => group.tags.map(({ tag }) => tag));
  const all = [...new Set([...ordered, ...tags.sort()])];
  return all.length === 0 ? [] : [`${tool}@latest`, ...all.map((tag) => `${tool}@${tag}`)];
}

/** The files of `TOOL@TAG`, where its record was fetched; of `latest` those of its newest tag here. */
export async function assetNames(snapshot: Snapshot, host: string, release: string): Promise<string[]> {
  const at = release.indexOf('@');
  const [tool, wanted] = [release.slice(0, at), release.slice(at + 1)];
  const newest = (await releaseNames(snapshot, host, tool))[1]?.slice(at + 1);
  const tag = wanted === 'latest' ? newest : wanted;
  if (at < 1 || tag === undefined) return [];
  const entries = await snapshot.list(`${toolFolder(tool, host)}/${encodeSegment(tag)}`);
  const oid = entries.find(({ name }) => name === 'checklist.json')?.oid;
  if (oid === undefined) return [];
  return parseChecklist(await snapshot.blob(oid, CHECKLIST_BYTES)).assets.map(({ name }) => name);
}

/** The platforms that a release has a file for; all the common ones if the release isn't known here. */
export function platformNames(assets: readonly string[], release: string): string[] {
  const repository = release.split('@')[0];
  const has = PLATFORMS.filter((text) => pickForPlatform(assets, parsePlatform(text), { repository }).length > 0);
  return ['auto', ...(has.length > 0 ? has : PLATFORMS)];
}

function toolFolder(tool: string, host: string): string {
  const { source, owner, repo } = parseToolName(tool, host);
  return ['packages', ...[source, owner, repo].map(encodeSegment)].join('/');
}
