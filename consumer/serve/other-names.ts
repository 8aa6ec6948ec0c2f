import { CHECKLIST_BYTES, PullthroughError, TREE, trySegment } from '../../ledger-schema/index.ts';
import type { Snapshot } from '../../ledger/snapshot.ts';
import type { FoundTool } from '../resolve.ts';

/** `[gateway] alias[]`: a name that clients ask for, and the tool of the ledger that answers; lower-case, `source/owner/repo`. */
export interface Alias {
  readonly name: string;
  readonly tool: string;
}

/** Repositories whose ids are looked at together. */
const BATCH = 1000;

/**
 * Which directories of a ledger are of one repository, by the forge's own number of it: a repository that was renamed has
 * records under several names. The numbers are read from a record of each, unverified: they say where to look, no more.
 */
export class RepositoryIds {
  /** By the oid of the directory, so that the next commit reads only what is new. */
  readonly #known: Map<string, number | undefined>;
  readonly #byId = new Map<number, string[]>();
  readonly #ids = new Map<string, number>();

  private constructor(known: Map<string, number | undefined>) {
    this.#known = known;
  }

  /** `directories`: `packages/<source>/<owner>/<repo>` with the oid of each. Throws what reading the ledger throws. */
  static async read(
    snapshot: Snapshot,
    directories: ReadonlyMap<string, string>,
    before?: RepositoryIds,
  ): Promise<RepositoryIds> {
    const index = new RepositoryIds(before === undefined ? new Map<string, number | undefined>() : before.#known);
    const unread = [...directories].filter(([, oid]) => !index.#known.has(oid));
    for (let from = 0; from < unread.length; from += BATCH) {
      await index.#readBatch(snapshot, unread.slice(from, from + BATCH));
    }
    for (const [path, oid] of directories) {
      const id = index.#known.get(oid);
      if (id === undefined) continue;
      index.#ids.set(path, id);
      index.#byId.set(id, [...(index.#byId.get(id) ?? []), path]);
    }
    return index;
  }

  /** The number of a directory's repository. */
  idOf(path: string): number | undefined {
    return this.#ids.get(path);
  }

  /** The other directories of the same repository and source as this one. */
  othersOf(path: string): readonly string[] {
    const id = this.#ids.get(path);
    const source = path.split('/')[1];
    return (id === undefined ? [] : (this.#byId.get(id) ?? [])).filter(
      (other) => other !== path && other.split('/')[1] === source,
    );
  }

  async #readBatch(snapshot: Snapshot, batch: readonly (readonly [path: string, oid: string])[]): Promise<void> {
    const tags = await snapshot.listMany(batch.map(([path]) => path));
    const records = new Map<string, string>();
    for (const [path, oid] of batch) {
      const first = (tags.get(path) ?? []).find(({ name, mode }) => mode === TREE && trySegment(name) !== undefined);
      if (first === undefined) this.#known.set(oid, undefined);
      else records.set(`${path}/${first.name}`, oid);
    }
    const files = await snapshot.listMany([...records.keys()]);
    const blobs = new Map<string, string>();
    for (const [record, oid] of records) {
      const checklist = (files.get(record) ?? []).find(({ name }) => name === 'checklist.json');
      if (checklist === undefined) this.#known.set(oid, undefined);
      else blobs.set(oid, checklist.oid);
    }
    await snapshot.prefetch([...blobs.values()]);
    for (const [oid, blob] of blobs) this.#known.set(oid, await readId(snapshot, blob));
  }
}

async function readId(snapshot: Snapshot, oid: string): Promise<number | undefined> {
  try {
    const text = Buffer.from(await snapshot.blob(oid, CHECKLIST_BYTES)).toString('utf8');
    const id = /"repositoryId":\s*([1-9][0-9]{0,15})\b/.exec(text)?.[1];
    return id === undefined ? undefined : Number(id);
  } catch (error) {
    if (error instanceof PullthroughError && error.code === 'E_TOO_LARGE') return undefined;
    throw error;
  }
}

/** One tool made of several directories: each tag is of the first that has it. */
export function joinTools(tools: readonly FoundTool[]): { tool: FoundTool; parts: ReadonlyMap<string, FoundTool> } {
  const [first] = tools as [FoundTool, ...FoundTool[]];
  const trees = new Map<string, string>();
  const parts = new Map<string, FoundTool>();
  for (const part of tools) {
    for (const [tag, oid] of part.trees) {
      if (trees.has(tag)) continue;
      trees.set(tag, oid);
      parts.set(tag, part);
    }
  }
  return { tool: { ...first, trees }, parts };
}
