import { brief } from '../../../ledger-schema/bytes.ts';
import { fail } from '../../../ledger-schema/error.ts';
import { RECORD_DEPTH } from '../../../ledger-schema/names/layout.ts';
import type { Objects } from './objects.ts';
import type { PathEntry, Snapshot, TreeEntry } from '../../snapshot.ts';
import { TREE_MODE } from './tree.ts';

/** How many trees a walk reads at once, fetching those that are missing. */
const WALK_BATCH = 4096;
/** How many sibling folders are kept in memory at once. */
const WALK_RUN = 16_384;
/** How many leaves are handed on at a time. */
const WALK_LEAVES = 4096;
/** Far more than any ledger has. Trees that hold one another again and again would otherwise walk for ever. */
const MOST_ENTRIES = 5_000_000;

/** How much a walk has seen. */
interface Walked {
  entries: number;
  readonly below: string;
  readonly twice: ((path: string) => void) | undefined;
}

/** The names that more than one of the folders have. */
function foldersTwice(entries: readonly TreeEntry[]): string[] {
  let last = '';
  // In git's order nearly every name is above the one before, and nothing more is asked.
  const ordered = entries.every(({ name }) => {
    const above = last < name;
    last = name;
    return above;
  });
  if (ordered) return [];
  const names = new Set<string>();
  const folders = entries.filter(({ mode }) => mode === TREE_MODE);
  return folders.flatMap(({ name }) => (names.size === names.add(name).size ? [name] : []));
}

/**
 * The folder of that name. Throws `E_COLLISION` where the name occurs twice, which git never writes: two readers could
 * follow different ones.
 */
function folderIn(entries: readonly TreeEntry[], name: string, path: string): TreeEntry | undefined {
  const [entry, again] = entries.filter((candidate) => candidate.name === name);
  if (again !== undefined) fail('E_COLLISION', `on the way to ${brief(path)}, ${brief(name)} is in its folder twice`);
  return entry?.mode === TREE_MODE ? entry : undefined;
}

interface TreePosition {
  readonly path: string;
  readonly oid: string;
}

/** A commit's tree by git's objects; `root` gives the oid of its tree. */
export class GitSnapshot implements Snapshot {
  readonly commit: string;
  readonly #objects: Objects;
  readonly #root: () => Promise<string>;

  constructor(commit: string, objects: Objects, root: () => Promise<string>) {
    this.commit = commit;
    this.#objects = objects;
    this.#root = root;
  }

  async list(directory: string): Promise<readonly TreeEntry[]> {
    return (await this.listMany([directory])).get(directory) ?? [];
  }

  async listMany(directories: readonly string[]): Promise<ReadonlyMap<string, readonly TreeEntry[]>> {
    const root = await this.#root();
    let open = directories.map((directory) => ({
      directory,
      rest: directory === '' ? [] : directory.split('/'),
      oid: root,
    }));
    const result = new Map<string, readonly TreeEntry[]>(directories.map((directory) => [directory, []]));
    // One level of every path at a time: one request fetches what is missing from it.
    while (open.length > 0) {
      const unique = [...new Set(open.map(({ oid }) => oid))];
      const trees = await this.#objects.trees(unique);
      const byOid = new Map(unique.map((oid, index) => [oid, trees[index] ?? []]));
      const next: typeof open = [];
      for (const { directory, rest, oid } of open) {
        const entries = byOid.get(oid) ?? [];
        const [name, ...deeper] = rest;
        if (name === undefined) {
          result.set(directory, entries);
          continue;
        }
        const child = folderIn(entries, name, directory);
        if (child) next.push({ directory, rest: deeper, oid: child.oid });
      }
      open = next;
    }
    return result;
  }

  async *walk(directory: string): AsyncIterable<PathEntry> {
    for await (const leaves of this.leaves(directory)) yield* leaves;
  }

  async *leaves(directory: string, twice?: (path: string) => void): AsyncIterable<readonly PathEntry[]> {
    const place = await this.#place(directory);
    const depth = directory === '' ? 0 : directory.split('/').length;
    if (place === undefined) return;
    yield* this.#walkAll([place], depth, { entries: 0, below: directory, twice });
  }

  blob(oid: string, limit: number): Promise<Uint8Array> {
    return this.#objects.blob(oid, limit);
  }

  blobsHere(oids: readonly string[], limit: number): Promise<ReadonlyMap<string, Uint8Array>> {
    return this.#objects.blobsHere(oids, limit);
  }

  prefetch(oids: readonly string[], below?: 'below'): Promise<void> {
    return this.#objects.prefetch(oids, below);
  }

  async #place(directory: string): Promise<TreePosition | undefined> {
    const root = await this.#root();
    if (directory === '') return { path: '', oid: root };
    const cut = directory.lastIndexOf('/');
    const name = directory.slice(cut + 1);
    const entries = await this.list(cut < 0 ? '' : directory.slice(0, cut));
    const entry = folderIn(entries, name, directory);
    return entry && { path: directory, oid: entry.oid };
  }

  /**
   * The leaves of each directory, one directory after the other, many at a time; one without entries is a leaf itself,
   * and so is one at the depth of the format's deepest files. Sibling directories are read together, all levels down,
   * so that the number of requests follows the depth and not the number of directories.
   */
  async *#walkAll(places: readonly TreePosition[], depth: number, walked: Walked): AsyncGenerator<PathEntry[]> {
    for (let from = 0; from < places.length; from += WALK_BATCH) {
      const batch = places.slice(from, from + WALK_BATCH);
      // Records' folders are many, and seldom asked for again.
      const read = depth + 1 < RECORD_DEPTH ? undefined : 'once';
      const trees = await this.#objects.trees(
        batch.map(({ oid }) => oid),
        read,
      );
      let run: TreePosition[] = [];
      let leaves: PathEntry[] = [];
      for (const [index, { path, oid }] of batch.entries()) {
        const entries = trees[index] ?? [];
        if (walked.twice !== undefined) for (const name of foldersTwice(entries)) walked.twice(`${path}/${name}`);
        if (entries.length === 0 && path !== '') {
          leaves.push({ path, name: path.slice(path.lastIndexOf('/') + 1), mode: TREE_MODE, oid });
        }
        for (const { name, mode, oid: child } of entries) {
          if (++walked.entries > MOST_ENTRIES) {
            fail('E_TOO_LARGE', `more than ${MOST_ENTRIES} files and folders lie below ${walked.below || '/'}`);
          }
          const full = path === '' ? name : `${path}/${name}`;
          const folder = mode === TREE_MODE && depth + 1 < RECORD_DEPTH;
          if (folder) run.push({ path: full, oid: child });
          if (folder && run.length < WALK_RUN) continue;
          if (run.length > 0 || leaves.length >= WALK_LEAVES) {
            yield leaves;
            leaves = [];
          }
          if (run.length > 0) yield* this.#walkAll(run, depth + 1, walked);
          run = [];
          if (!folder) leaves.push({ name, mode, oid: child, path: full });
        }
      }
      yield leaves;
      if (run.length > 0) yield* this.#walkAll(run, depth + 1, walked);
    }
  }
}
