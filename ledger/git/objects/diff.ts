import { fail } from '../../../ledger-schema/error.ts';
import type { ErrorCode } from '../../../ledger-schema/error.ts';
import type { Objects } from './objects.ts';
import type { TreeEntry } from '../../snapshot.ts';
import { TREE_MODE } from './tree.ts';

/** One path that differs between two trees; a path's type change is `modified` too. Renames are not looked for. */
export interface Difference {
  readonly path: string;
  readonly status: 'added' | 'modified' | 'removed';
  /** Mode and oid before; undefined where the path is new. */
  readonly oldMode: string | undefined;
  readonly oldOid: string | undefined;
  /** Mode and oid after; undefined where the path is gone. */
  readonly newMode: string | undefined;
  readonly newOid: string | undefined;
}

/** Two trees that may differ; undefined where there is none on that side. */
interface Pair {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What to look at in two trees, and how much of it. */
export interface DiffScope {
  /** Is a folder looked into? One that isn't is a difference itself. */
  readonly into: (path: string) => boolean;
  /** The most files and folders that differ. */
  readonly most: number;
  readonly tooMany: ErrorCode;
}

/** Far more than any change has; trees that hold one another again and again would otherwise differ for ever. */
const ALL: DiffScope = { into: () => true, most: 500_000, tooMany: 'E_TOO_LARGE' };
const DEEPEST = 64;

/**
 * The leaves that differ between two trees, sorted by path; a new empty folder counts as one. Equal subtrees are
 * skipped by their oids, so that the cost follows the change; a level of all of them is read at once.
 */
export async function diffTrees(
  objects: Objects,
  before: string | undefined,
  after: string | undefined,
  scope: DiffScope = ALL,
): Promise<Difference[]> {
  const result: Difference[] = [];
  let level: Pair[] = before === after ? [] : [{ path: '', before, after }];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) fail('E_TOO_LARGE', `the files of a change lie more than ${DEEPEST} folders deep`);
    const oids = level.flatMap((pair) => [pair.before, pair.after]).filter((oid) => oid !== undefined);
    const trees = new Map<string, readonly TreeEntry[]>();
    for (const [index, entries] of (await objects.trees(oids)).entries()) trees.set(oids[index] ?? '', entries);
    const next: Pair[] = [];
    for (const pair of level) {
      const old = pair.before === undefined ? [] : (trees.get(pair.before) ?? []);
      const now = pair.after === undefined ? [] : (trees.get(pair.after) ?? []);
      compare(pair.path, old, now, scope, result, next);
      // An empty folder has no leaf that would show it.
      if (pair.before === undefined && pair.after !== undefined && now.length === 0 && pair.path !== '') {
        result.push(difference(pair.path, undefined, { mode: TREE_MODE, oid: pair.after }));
      }
      if (result.length + next.length > scope.most) {
        fail(scope.tooMany, `the change has more than ${scope.most} files and folders`);
      }
    }
    level = next;
  }
  return result.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function byName(entries: readonly TreeEntry[]): Map<string, TreeEntry[]> {
  const names = new Map<string, TreeEntry[]>();
  for (const entry of entries) {
    const same = names.get(entry.name);
    if (same) same.push(entry);
    else names.set(entry.name, [entry]);
  }
  return names;
}

/** A tree may hold one name several times; then whatever is not on both sides is removed or added. */
function compare(
  directory: string,
  before: readonly TreeEntry[],
  after: readonly TreeEntry[],
  scope: DiffScope,
  result: Difference[],
  next: Pair[],
): void {
  const old = byName(before);
  const now = byName(after);
  for (const name of new Set([...old.keys(), ...now.keys()])) {
    const path = directory === '' ? name : `${directory}/${name}`;
    const isTree = ({ mode }: TreeEntry): boolean => mode === TREE_MODE && scope.into(path);
    const gone = [...(old.get(name) ?? [])];
    const come = (now.get(name) ?? []).filter((entry) => {
      const same = gone.findIndex(({ mode, oid }) => mode === entry.mode && oid === entry.oid);
      if (same >= 0) gone.splice(same, 1);
      return same < 0;
    });
    const [oldEntry] = gone;
    const [newEntry] = come;
    if (oldEntry && newEntry && gone.length === 1 && come.length === 1) {
      const trees = [oldEntry, newEntry].filter(isTree).length;
      if (trees === 2) {
        next.push({ path, before: oldEntry.oid, after: newEntry.oid });
        continue;
      }
      if (trees === 0) {
        result.push(difference(path, oldEntry, newEntry));
        continue;
      }
    }
    for (const entry of gone) {
      if (isTree(entry)) next.push({ path, before: entry.oid, after: undefined });
      else result.push(difference(path, entry, undefined));
    }
    for (const entry of come) {
      if (isTree(entry)) next.push({ path, before: undefined, after: entry.oid });
      else result.push(difference(path, undefined, entry));
    }
  }
}

function difference(
  path: string,
  before: Omit<TreeEntry, 'name'> | undefined,
  after: Omit<TreeEntry, 'name'> | undefined,
): Difference {
  return {
    path,
    status: before ? (after ? 'modified' : 'removed') : 'added',
    oldMode: before?.mode,
    oldOid: before?.oid,
    newMode: after?.mode,
    newOid: after?.oid,
  };
}
