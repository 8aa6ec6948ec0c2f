import { fail } from '../../../ledger-schema/error.ts';
import { TREE } from '../../../ledger-schema/files.ts';
import type { TreeEntry } from '../../snapshot.ts';

/** Many trees by their ids, with one request for all that are missing. */
export interface TreeReader {
  trees(oids: readonly string[]): Promise<readonly (readonly TreeEntry[])[]>;
}

/** One directory in two commits. */
interface Pair {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** The two folders that the format knows; whatever else is at the root is the owner's. */
const SCOPES: ReadonlySet<string> = new Set(['packages', 'trust']);
/** `packages/<source>/<owner>/<repo>/<tag>`: below it the format has only files, so no tree there may differ. */
const DEEPEST = 5;
const PAIRS_AT_ONCE = 2048;

/**
 * Between two trees of a ledger, below `packages/` and `trust/`, nothing may be changed or removed, modes included;
 * ledger-format.md, "What a consumer does", step 1. Equal subtrees are skipped by their ids and added ones aren't read,
 * so that the cost follows the change; a level of all that differs is one request. Throws `E_APPEND_ONLY`.
 */
export async function requireOnlyAdded(objects: TreeReader, before: string, after: string): Promise<void> {
  let level: readonly Pair[] = before === after ? [] : [{ path: '', before, after }];
  for (let depth = 0; level.length > 0; depth++) {
    // The same two trees can occur in many places; once is enough.
    const next = new Map<string, Pair>();
    for (let from = 0; from < level.length; from += PAIRS_AT_ONCE) {
      const batch = level.slice(from, from + PAIRS_AT_ONCE);
      const trees = await objects.trees(batch.flatMap((pair) => [pair.before, pair.after]));
      for (const [index, { path }] of batch.entries()) {
        const differing = comparePair(path, trees[2 * index] ?? [], trees[2 * index + 1] ?? [], depth);
        for (const pair of differing) next.set(`${pair.before} ${pair.after}`, pair);
      }
    }
    level = [...next.values()];
  }
}

/** The folders of both sides that differ. Throws `E_APPEND_ONLY` for whatever else was there and isn't the same. */
function comparePair(
  directory: string,
  before: readonly TreeEntry[],
  after: readonly TreeEntry[],
  depth: number,
): Pair[] {
  const now = new Map<string, TreeEntry[]>();
  for (const entry of after) {
    const same = now.get(entry.name);
    if (same === undefined) now.set(entry.name, [entry]);
    else same.push(entry);
  }
  return before.flatMap((old) => {
    if (directory === '' && !SCOPES.has(old.name)) return [];
    const path = directory === '' ? old.name : `${directory}/${old.name}`;
    const [entry, another] = now.get(old.name) ?? [];
    if (entry === undefined) refuse(path, 'removed');
    if (another !== undefined) refuse(path, 'changed');
    if (entry.mode === old.mode && entry.oid === old.oid) return [];
    if (entry.mode !== TREE || old.mode !== TREE || depth === DEEPEST) refuse(path, 'changed');
    return [{ path, before: old.oid, after: entry.oid }];
  });
}

function refuse(path: string, what: 'changed' | 'removed'): never {
  return fail('E_APPEND_ONLY', `the ledger's host shows a ledger in which ${path} was ${what} since it was last seen`, {
    hint: 'a ledger only ever grows, so this state is not used: ask its owner',
  });
}
