import { requireOnlyAdded } from '../../../ledger/git/objects/append-only.ts';
import type { ObjectContents, ObjectInfo } from '../../../ledger/git/objects/cat-file.ts';
import { diffTrees } from '../../../ledger/git/objects/diff.ts';
import type { DiffScope, Difference } from '../../../ledger/git/objects/diff.ts';
import { GitSnapshot } from '../../../ledger/git/objects/git-snapshot.ts';
import { History } from '../../../ledger/git/objects/history.ts';
import type { LogEntry } from '../../../ledger/git/objects/history.ts';
import { Objects } from '../../../ledger/git/objects/objects.ts';
import type { ObjectSource } from '../../../ledger/git/objects/objects.ts';
import { objectId } from '../../../ledger/git/objects/pack.ts';
import type { NewObject } from '../../../ledger/git/objects/pack.ts';
import { TREE_MODE, encodeTree, parseTree } from '../../../ledger/git/objects/tree.ts';
import { TreeWriter } from '../../../ledger/git/objects/tree-writer.ts';
import type { CommitRequest, ObjectSink } from '../../../ledger/git/objects/tree-writer.ts';
import type { GateRepository } from '../../../ledger/gate/gate-report.ts';
import type { Snapshot, TreeEntry } from '../../../ledger/snapshot.ts';
import type { CommitFacts } from './ledger-host.ts';
import type { Tree } from './ledger-tree.ts';

/** A leaf of another mode than a regular file's. */
export interface OddLeaf {
  readonly mode: '100755' | '120000' | '160000';
  readonly content: string;
}

export interface MemoryCommit {
  readonly parents?: readonly string[];
  readonly odd?: ReadonlyMap<string, OddLeaf>;
  /** In seconds since 1970. */
  readonly date?: number;
}

/** A folder that isn't written yet. */
type Folder = Map<string, { readonly mode: string; readonly oid: string } | Folder>;

/** Git's objects by their ids, in memory. */
class MemoryObjects implements ObjectSource, ObjectSink {
  readonly format = 'sha1';
  readonly all = new Map<string, NewObject>();

  async keep(objects: readonly NewObject[]): Promise<void> {
    for (const { type, bytes } of objects) this.put(type, bytes);
  }

  get(oid: string): Uint8Array {
    return this.all.get(oid)?.bytes ?? missing(oid);
  }

  put(type: NewObject['type'], bytes: Uint8Array): string {
    const object = { type, bytes };
    const oid = objectId(object, 'sha1');
    this.all.set(oid, object);
    return oid;
  }

  async info(oid: string): Promise<ObjectInfo | undefined> {
    const object = this.all.get(oid);
    return object && { type: object.type, size: object.bytes.length };
  }

  async contents(oid: string, limit: number): Promise<ObjectContents | undefined> {
    const object = this.all.get(oid);
    if (object === undefined) return undefined;
    const { type, bytes } = object;
    return { type, size: bytes.length, bytes: bytes.length > limit ? undefined : bytes };
  }

  async contentsOfMany(
    oids: readonly string[],
    limit: number,
    found: (oid: string, answer: ObjectContents) => void,
  ): Promise<void> {
    for (const oid of oids) {
      const contents = await this.contents(oid, limit);
      if (contents !== undefined) found(oid, contents);
    }
  }

  async close(): Promise<void> {}
}

/**
 * A ledger without git: the same objects with the same ids, in memory, read by the program's own code. What it answers is
 * held against git's repositories by memory-ledger.test.ts.
 */
export class MemoryLedger implements GateRepository {
  readonly #source = new MemoryObjects();
  readonly #objects = new Objects(this.#source, 20);
  readonly #history = new History(this.#objects);

  /** Every object that was made, for a repository of git's own. */
  get objects(): readonly NewObject[] {
    return [...this.#source.all.values()];
  }

  /** Commits exactly this tree, and these leaves of odd modes. */
  commit(tree: Tree, { parents = [], odd, date }: MemoryCommit = {}): string {
    const root: Folder = new Map();
    for (const [path, bytes] of tree) place(root, path, { mode: '100644', oid: this.#source.put('blob', bytes) });
    for (const [path, { mode, content }] of odd ?? []) {
      const oid = mode === '160000' ? content : this.#source.put('blob', Buffer.from(content));
      place(root, path, { mode, oid });
    }
    return this.#commit(this.#write(root), parents, date);
  }

  /** Makes a commit as the program does. */
  async write(request: CommitRequest): Promise<string> {
    const { base } = request;
    const isTree = base !== undefined && this.#source.all.get(base)?.type === 'tree';
    const tree = base === undefined || isTree ? base : await this.#history.treeOf(base);
    return new TreeWriter(this.#source, this.#objects).commit(request, tree);
  }

  /** What a commit holds. */
  files(commit: string): Tree {
    const [, tree = ''] = /^tree (\w+)$/m.exec(this.#text(commit)) ?? [];
    return new Map(this.#leaves(tree, ''));
  }

  facts(commit: string): CommitFacts {
    const [head = '', ...message] = this.#text(commit).split('\n\n');
    const [, author = ''] = /^author (.*) \d+ \+0000$/m.exec(head) ?? [];
    const parents = Array.from(head.matchAll(/^parent (\w+)$/gm), ([, parent = '']) => parent);
    return { parents, author, message: message.join('\n\n').trim() };
  }

  /** The same commit again, but that a name of its tree stands there twice, the second time with other bytes. */
  commitTwice(commit: string, path: string, content: string): Promise<string> {
    return this.#commitWith(commit, path, '100644', this.#source.put('blob', Buffer.from(content)));
  }

  /** The same commit again, but that a folder stands in its tree as well as whatever has that name. Default: an empty one. */
  commitFolder(commit: string, path: string, tree = this.#tree([])): Promise<string> {
    return this.#commitWith(commit, path, TREE_MODE, tree);
  }

  /** The oid of a folder that holds the next one so many times, so many levels deep. */
  bomb(width: number, depth: number): string {
    let oid = this.#tree([]);
    for (let level = 0; level < depth; level++) {
      oid = this.#tree(Array.from({ length: width }, (_, i) => ({ name: `d${i}`, mode: TREE_MODE, oid })));
    }
    return oid;
  }

  /** The oid of a folder. */
  async folder(commit: string, path: string): Promise<string> {
    let oid = await this.#history.treeOf(commit);
    for (const name of path.split('/').filter(Boolean)) {
      oid = (await this.#objects.tree(oid)).find((entry) => entry.name === name)?.oid ?? missing(path);
    }
    return oid;
  }

  snapshot(commit: string): Snapshot {
    return new GitSnapshot(commit, this.#objects, () => this.#history.treeOf(commit));
  }

  mergeBases(a: string, b: string): Promise<readonly string[]> {
    return this.#history.mergeBases(a, b);
  }

  messageOf(commit: string): Promise<string> {
    return this.#history.messageOf(commit);
  }

  isAncestor(old: string, later: string): Promise<boolean> {
    return this.#history.isAncestor(old, later);
  }

  log(from: string | undefined, to: string): Promise<LogEntry[]> {
    return this.#history.log(from, to);
  }

  async requireOnlyAdded(old: string, later: string): Promise<void> {
    await requireOnlyAdded(this.#objects, await this.#history.treeOf(old), await this.#history.treeOf(later));
  }

  async diff(before: string | undefined, after: string, scope?: DiffScope): Promise<Difference[]> {
    const old = before === undefined ? undefined : await this.#history.treeOf(before);
    return diffTrees(this.#objects, old, await this.#history.treeOf(after), scope);
  }

  /** The same commit again with one entry more, beside whatever has that name. */
  async #commitWith(commit: string, path: string, mode: string, oid: string): Promise<string> {
    const folders = path.split('/');
    const entries = async (folder: string): Promise<readonly TreeEntry[]> =>
      this.#objects.tree(await this.folder(commit, folder));
    const name = folders.pop() ?? '';
    let tree = this.#tree([...(await entries(folders.join('/'))), { name, mode, oid }]);
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      const others = (await entries(folders.join('/'))).filter((entry) => entry.name !== folder);
      tree = this.#tree([...others, { name: folder, mode: TREE_MODE, oid: tree }]);
    }
    const [entry] = await this.log(undefined, commit);
    return this.#commit(tree, entry?.parents ?? []);
  }

  #commit(tree: string, parents: readonly string[], date = 1_700_000_000): string {
    const who = `T <t@x> ${date} +0000`;
    const lines = [`tree ${tree}`, ...parents.map((parent) => `parent ${parent}`), `author ${who}`];
    return this.#source.put('commit', Buffer.from([...lines, `committer ${who}`, '', 'a change'].join('\n')));
  }

  #text(commit: string): string {
    return Buffer.from(this.#source.get(commit)).toString();
  }

  *#leaves(tree: string, path: string): Generator<[string, Uint8Array]> {
    for (const { name, mode, oid } of parseTree(tree, this.#source.get(tree), 20)) {
      if (mode === TREE_MODE) yield* this.#leaves(oid, `${path}${name}/`);
      else yield [`${path}${name}`, this.#source.get(oid)];
    }
  }

  #write(folder: Folder): string {
    return this.#tree(
      [...folder].map(([name, entry]) =>
        entry instanceof Map ? { name, mode: TREE_MODE, oid: this.#write(entry) } : { name, ...entry },
      ),
    );
  }

  #tree(entries: readonly TreeEntry[]): string {
    const raw = entries.map(({ name, mode, oid }) => ({ name: Buffer.from(name), mode: mode.replace(/^0+/, ''), oid }));
    return this.#source.put('tree', encodeTree(raw));
  }
}

/** As fast-import has it: what comes later replaces what has that name. */
function place(root: Folder, path: string, leaf: { readonly mode: string; readonly oid: string }): void {
  const segments = path.split('/');
  const name = segments.pop() ?? '';
  let folder = root;
  for (const segment of segments) {
    let next = folder.get(segment);
    if (!(next instanceof Map)) folder.set(segment, (next = new Map()));
    folder = next;
  }
  folder.set(name, leaf);
}

function missing(path: string): never {
  throw new Error(`the test ledger has no ${path}`);
}
