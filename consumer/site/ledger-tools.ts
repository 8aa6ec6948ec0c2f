import { BRANCHES, proposalBranch } from '../../ledger-schema/names/branches.ts';
import { PullthroughError, TREE, foldAscii, parseRecordPath, trySegment } from '../../ledger-schema/index.ts';
import type { Snapshot } from '../../ledger/snapshot.ts';
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

const BATCH = 1000;

/** Every tool of the ledger and of its open proposals, in the order of their paths. */
export async function ledgerTools(snapshot: Snapshot, branches: Iterable<string>): Promise<LedgerTool[]> {
  const proposed = proposedTags(branches);
  const trees = await toolTrees(snapshot);
  const paths = [...new Set([...trees.keys(), ...proposed.keys()])].sort();
  // The name of a branch, which nobody reviewed, moves no tool that the ledger has: the proposed one gives way.
  const merged = countAlike(trees.keys());
  const all = countAlike(paths);
  return paths.flatMap((path): LedgerTool[] => {
    const [source = '', owner = '', repo = ''] = path
      .split('/')
      .slice(1)
      .map((segment) => trySegment(segment) ?? '');
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

/** The directories of all tools with their oids; what can't be a path in the format is left out. */
async function toolTrees(snapshot: Snapshot): Promise<Map<string, string>> {
  let level = new Map([['packages', '']]);
  for (let depth = 0; depth < 3; depth++) {
    const next = new Map<string, string>();
    const directories = [...level.keys()];
    for (let from = 0; from < directories.length; from += BATCH) {
      const batch = directories.slice(from, from + BATCH);
      const found = await snapshot.listMany(batch);
      for (const directory of batch) {
        for (const { name, mode, oid } of found.get(directory) ?? []) {
          if (mode === TREE && trySegment(name) !== undefined) next.set(`${directory}/${name}`, oid);
        }
      }
    }
    level = next;
  }
  for (const path of level.keys()) if (!isRecordPath(`${path}/x`)) level.delete(path);
  return level;
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

function isRecordPath(path: string): boolean {
  try {
    parseRecordPath(path);
    return true;
  } catch (error) {
    if (error instanceof PullthroughError) return false;
    throw error;
  }
}
