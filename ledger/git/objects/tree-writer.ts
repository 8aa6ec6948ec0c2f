import { fail } from '../../../ledger-schema/error.ts';
import type { Objects } from './objects.ts';
import { objectId } from './pack.ts';
import type { NewObject, ObjectFormat } from './pack.ts';
import { TREE_LIMIT, encodeTree, parseRawTree } from './tree.ts';
import type { RawEntry } from './tree.ts';

/** Who makes a commit. Line breaks, `<` and `>` are left out of both. */
export interface Identity {
  readonly name: string;
  readonly email: string;
}

export interface CommitRequest {
  readonly parents: readonly string[];
  /** The commit or tree whose files the new one has as well; undefined: none. */
  readonly base: string | undefined;
  /** Path to bytes; regular files, new ones or instead of old ones. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly message: string;
  readonly author: Identity;
  /** The author where it isn't given. */
  readonly committer?: Identity | undefined;
  /** Of author and committer; now where it isn't given. */
  readonly date?: Date | undefined;
}

interface Folder {
  readonly files: Map<string, Uint8Array>;
  readonly folders: Map<string, Folder>;
}

/** Where new objects go. */
export interface ObjectSink {
  readonly format: ObjectFormat;
  keep(objects: readonly NewObject[]): Promise<void>;
}

/**
 * Makes a commit in a clone's object store, with neither work tree nor index: only those of the base's trees that are
 * on the paths of `files` are read, so a partial clone fetches no others. The sink gets all new objects at once.
 */
export class TreeWriter {
  readonly #sink: ObjectSink;
  readonly #objects: Objects;
  readonly #made: NewObject[] = [];

  constructor(sink: ObjectSink, objects: Objects) {
    this.#sink = sink;
    this.#objects = objects;
  }

  /** `base` is the oid of a tree. Gives the oid of the commit. */
  async commit(request: CommitRequest, base: string | undefined): Promise<string> {
    const tree = await this.#tree(arrange(request.files), base, '');
    const seconds = Math.floor((request.date ?? new Date()).getTime() / 1000);
    const lines = [
      `tree ${tree}`,
      ...request.parents.map((parent) => `parent ${parent}`),
      `author ${identity(request.author)} ${seconds} +0000`,
      `committer ${identity(request.committer ?? request.author)} ${seconds} +0000`,
      '',
      request.message.replaceAll('\0', ''),
    ];
    const commit = this.#add('commit', Buffer.from(lines.join('\n')));
    await this.#sink.keep(this.#made.splice(0));
    return commit;
  }

  async #tree(folder: Folder, base: string | undefined, path: string): Promise<string> {
    const bytes = base === undefined ? new Uint8Array() : await this.#objects.rawTree(base);
    // Names that nobody here understands are kept byte by byte.
    const entries = new Map<string, RawEntry[]>();
    for (const entry of parseRawTree(base ?? '', bytes, this.#objects.oidLength)) {
      const key = entry.name.toString('latin1');
      entries.set(key, [...(entries.get(key) ?? []), entry]);
    }
    const folders: Promise<RawEntry>[] = [];
    const files: RawEntry[] = [];
    for (const [name, child] of folder.folders) {
      const key = Buffer.from(name).toString('latin1');
      const [old] = entries.get(key) ?? [];
      if (old && old.mode !== '40000') fail('E_EXISTS', `${path}${name} is a file in the ledger, not a folder`);
      entries.delete(key);
      folders.push(
        this.#tree(child, old?.oid, `${path}${name}/`).then((oid) => ({ mode: '40000', name: Buffer.from(name), oid })),
      );
    }
    for (const [name, content] of folder.files) {
      const key = Buffer.from(name).toString('latin1');
      if (entries.get(key)?.some(({ mode }) => mode === '40000')) {
        fail('E_EXISTS', `${path}${name} is a folder in the ledger, not a file`);
      }
      entries.delete(key);
      files.push({ mode: '100644', name: Buffer.from(name), oid: this.#add('blob', content) });
    }
    const tree = encodeTree([...[...entries.values()].flat(), ...files, ...(await Promise.all(folders))]);
    if (tree.length > TREE_LIMIT) fail('E_TOO_LARGE', `the folder ${path} has too many files`);
    return this.#add('tree', tree);
  }

  #add(type: NewObject['type'], bytes: Uint8Array): string {
    const object = { type, bytes };
    this.#made.push(object);
    return objectId(object, this.#sink.format);
  }
}

/** Paths as folders in folders. A path that could escape is a bug in the caller. */
function arrange(files: ReadonlyMap<string, Uint8Array>): Folder {
  const root: Folder = { files: new Map(), folders: new Map() };
  for (const [path, content] of files) {
    const segments = path.split('/');
    if (segments.some((segment) => /^(\.{0,2}|\.git)$/i.test(segment) || segment.includes('\0'))) {
      fail('E_INTERNAL', `${JSON.stringify(path)} is not a path for a file of the ledger`);
    }
    const name = segments.pop() ?? '';
    let folder = root;
    for (const segment of segments) {
      const next = folder.folders.get(segment) ?? { files: new Map(), folders: new Map() };
      folder.folders.set(segment, next);
      folder = next;
    }
    folder.files.set(name, content);
  }
  return root;
}

/** As git writes it: without what would end it, and without what git takes off both ends (`crud` in its ident.c). */
function identity({ name, email }: Identity): string {
  const clean = (text: string): string =>
    text.replace(/[\0-\x1f\x7f<>]/g, '').replace(/^[\s.,:;"'\\]+|[\s.,:;"'\\]+$/g, '');
  if (clean(name) === '') fail('E_CONFIG', 'the author of a commit has no name');
  return `${clean(name)} <${clean(email)}>`;
}
