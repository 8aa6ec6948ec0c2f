import { BRANCHES, proposalBranch } from '../../ledger-schema/names/branches.ts';
import { foldAscii, parseRecordPath } from '../../ledger-schema/index.ts';
import type { Snapshot } from '../../ledger/snapshot.ts';
import { isRecordPath, toolAt, toolDirectories } from '../tool-directories.ts';
import { toolFolder } from './names.ts';

/** A tool in the ledger, before any of it is judged. */
export interface LedgerTool {
  readonly source: string;
  readonly repository: string;
  /** `packages/<source>/<owner>/<repo>` */
  readonly path: string;
  readonly folder: string;
  /** The oid of its directory; empty where it has nothing but proposals. */
  readonly tree: string;
  /** Tags that are proposed and have no record yet. */
  readonly proposed: readonly string[];
}

/** Every tool of the ledger and of its open proposals, in the order of their paths. */
export async function ledgerTools(snapshot: Snapshot, branches: Iterable<string>): Promise<LedgerTool[]> {
  const proposed = proposedTags(branches);
  const trees = await toolDirectories(snapshot);
  const paths = [...new Set([...trees.keys(), ...proposed.keys()])].sort();
  // The name of a branch, which nobody reviewed, moves no tool that the ledger has: the proposed one gives way.
  const merged = countAlike(trees.keys());
  const all = countAlike(paths);
  return paths.flatMap((path): LedgerTool[] => {
    const { source, owner, repo } = toolAt(path);
    const alike = (trees.has(path) ? merged : all).get(foldAscii(path)) ?? 0;
    const folder = toolFolder(path, alike > 1);
    const repository = `${owner}/${repo}`;
    return [{ source, repository, path, folder, tree: trees.get(path) ?? '', proposed: proposed.get(path) ?? [] }];
  });
}

/** How many of the paths differ in case alone. */
function countAlike(paths: Iterable<string>): ReadonlyMap<string, number> {
  const count = new Map<string, number>();
  for (const path of paths) count.set(foldAscii(path), (count.get(foldAscii(path)) ?? 0) + 1);
  return count;
}

/** What the names of the open branches say: they are trusted for nothing except that somebody asks for a review. */
function proposedTags(branches: Iterable<string>): Map<string, string[]> {
  const tags = new Map<string, string[]>();
  for (const branch of branches) {
    if (!branch.startsWith(BRANCHES.proposal)) continue;
    const record = `packages/${branch.slice(BRANCHES.proposal.length)}`;
    if (!isRecordPath(record) || proposalBranch(record) !== branch) continue;
    const { tag } = parseRecordPath(record);
    const path = record.slice(0, record.lastIndexOf('/'));
    tags.set(path, [...(tags.get(path) ?? []), tag]);
  }
  for (const all of tags.values()) all.sort();
  return tags;
}
