import { readRecordFiles } from './files.ts';
import type { Snapshot, TreeEntry } from './snapshot.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import { TREE } from '../ledger-schema/files.ts';
import { trySegment } from '../ledger-schema/names/layout.ts';
import { foldAscii } from '../ledger-schema/names/path.ts';
import { readRecord } from '../ledger-schema/record.ts';
import type { RecordContent } from '../ledger-schema/record.ts';
import type { Trust } from '../ledger-schema/trust.ts';

export interface RepositoryId {
  readonly source: string;
  /** `owner/repo`, in any case. */
  readonly repository: string;
}

/** A repository's records in the ledger. */
export interface Recorded {
  readonly source: string;
  /** `owner/repo`, spelled as the path is. */
  readonly repository: string;
  /** `packages/<source>/<owner>/<repo>` */
  readonly path: string;
  /** The record's path by its tag. */
  readonly records: ReadonlyMap<string, string>;
}

/** What the ledger's branch holds about the tools of a run: read once, a level of all paths at a time. */
export class Holdings {
  readonly snapshot: Snapshot;
  readonly #trust: Promise<Trust>;
  readonly #known = new Map<string, Recorded | undefined>();
  readonly #byId = new Map<string, Promise<ReadonlyMap<number, string>>>();

  /** `trust` may still be under way: only a record's content waits for it. */
  constructor(snapshot: Snapshot, trust: Promise<Trust>) {
    this.snapshot = snapshot;
    this.#trust = trust;
  }

  /** Looks up many repositories, whatever their case, so that {@link find} costs nothing for them. */
  async load(ids: readonly RepositoryId[]): Promise<void> {
    const open = new Map(ids.map((id) => [keyOf(id), id]));
    for (const key of this.#known.keys()) open.delete(key);
    if (open.size === 0) return;
    let places = [...open].map(([key, id]) => ({ key, path: `packages/${id.source}`, rest: id.repository.split('/') }));
    while (places.some(({ rest }) => rest.length > 0)) {
      const directories = await this.#list(places.map(({ path }) => path));
      places = places.flatMap(({ key, path, rest: [name = '', ...rest] }) => {
        const child = childOf(directories.get(path) ?? [], name);
        return child === undefined ? [] : [{ key, path: `${path}/${child}`, rest }];
      });
    }
    const records = await this.#list(places.map(({ path }) => path));
    for (const key of open.keys()) this.#known.set(key, undefined);
    for (const { key, path } of places) this.#known.set(key, recorded(path, records.get(path) ?? []));
  }

  /** The repository's records; undefined where the ledger has none. */
  async find(id: RepositoryId): Promise<Recorded | undefined> {
    await this.load([id]);
    return this.#known.get(keyOf(id));
  }

  /** Every repository that has a directory in the ledger. */
  async all(): Promise<RepositoryId[]> {
    let paths = ['packages'];
    for (let depth = 0; depth < 3; depth += 1) {
      const directories = await this.#list(paths);
      paths = paths.flatMap((path) =>
        (directories.get(path) ?? []).flatMap(({ name, mode }) =>
          mode === TREE && trySegment(name) !== undefined ? [`${path}/${name}`] : [],
        ),
      );
    }
    return paths.map((path) => {
      const [source = '', owner = '', repo = ''] = path
        .split('/')
        .slice(1)
        .map((segment) => trySegment(segment) ?? '');
      return { source, repository: `${owner}/${repo}` };
    });
  }

  /** What a record of the ledger says. Throws as `readRecord` does. */
  async content(path: string): Promise<RecordContent> {
    const [files, trust] = await Promise.all([readRecordFiles(this.snapshot, path), this.#trust]);
    return readRecord(files, trust.ledger);
  }

  /** The forge's number of a recorded repository: every record of it carries the same. */
  async repositoryId(of: Recorded): Promise<number | undefined> {
    for (const path of of.records.values()) {
      try {
        return (await this.content(path)).checklist.repositoryId;
      } catch (error) {
        if (!(error instanceof PullthroughError) || error.code === 'E_GIT') throw error;
        // A broken record says nothing; the next one may.
      }
    }
    return undefined;
  }

  /**
   * The repository of a source whose records carry this number, whatever it is called now; by one record of each, which are
   * read at the first question.
   */
  async withId(source: string, id: number): Promise<Recorded | undefined> {
    const index = this.#byId.get(source) ?? this.#indexById(source);
    this.#byId.set(source, index);
    const repository = (await index).get(id);
    return repository === undefined ? undefined : this.find({ source, repository });
  }

  async #indexById(source: string): Promise<ReadonlyMap<number, string>> {
    const ids = (await this.all()).filter((one) => one.source === source);
    await this.load(ids);
    const found = (await Promise.all(ids.map((id) => this.find(id)))).filter((one) => one !== undefined);
    const firsts = found.flatMap(({ repository, records }) => {
      const [path] = records.values();
      return path === undefined ? [] : [{ repository, path }];
    });
    const directories = await this.#list(firsts.map(({ path }) => path));
    const files = [...directories.values()].flat().filter(({ name }) => /^checklist\.(?:json|sha256)$/.test(name));
    await this.snapshot.prefetch(files.map(({ oid }) => oid));
    const index = new Map<number, string>();
    for (const recorded of found) {
      const id = await this.repositoryId(recorded);
      if (id !== undefined && !index.has(id)) index.set(id, recorded.repository);
    }
    return index;
  }

  async #list(paths: readonly string[]): Promise<ReadonlyMap<string, readonly TreeEntry[]>> {
    return this.snapshot.listMany([...new Set(paths)]);
  }
}

function keyOf({ source, repository }: RepositoryId): string {
  return foldAscii(`${source}/${repository}`);
}

/** The directory whose name decodes to `name`, whatever the case. */
function childOf(entries: readonly TreeEntry[], name: string): string | undefined {
  const folded = foldAscii(name);
  return entries.find((entry) => {
    const decoded = entry.mode === TREE ? trySegment(entry.name) : undefined;
    return decoded !== undefined && foldAscii(decoded) === folded;
  })?.name;
}

function recorded(path: string, entries: readonly TreeEntry[]): Recorded | undefined {
  const [, source = '', owner = '', repo = ''] = path.split('/');
  const records = new Map<string, string>();
  for (const { name, mode } of entries) {
    const tag = mode === TREE ? trySegment(name) : undefined;
    if (tag !== undefined) records.set(tag, `${path}/${name}`);
  }
  if (records.size === 0) return undefined;
  return { source, repository: `${trySegment(owner) ?? ''}/${trySegment(repo) ?? ''}`, path, records };
}
