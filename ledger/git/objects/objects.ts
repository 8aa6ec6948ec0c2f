import { setTimeout as sleep } from 'node:timers/promises';
import { PullthroughError, fail } from '../../../ledger-schema/error.ts';
import type { ObjectContents, ObjectInfo } from './cat-file.ts';
import type { TreeEntry } from '../../snapshot.ts';
import { TREE_LIMIT, parseTree } from './tree.ts';

/**
 * Brings objects here from where the repository was cloned from; one request for all. What stays missing is not an error.
 * With `below`, trees come with what lies in them.
 */
export type FetchObjects = (oids: readonly string[], below?: 'below') => Promise<void>;

/** Where objects are read from; `CatFile` is one such place. */
export interface ObjectSource {
  /** Type and size of an object, or undefined where it isn't here. */
  info(oid: string): Promise<ObjectInfo | undefined>;
  /**
   * An object's bytes, or undefined where it isn't here; without bytes where it has more than `limit`. By `asked` it is
   * read only once its size is known.
   */
  contents(oid: string, limit: number, asked?: 'size first'): Promise<ObjectContents | undefined>;
  /** The same for many, each read only once its size is known; `found` gets those that are here. */
  contentsOfMany(
    oids: readonly string[],
    limit: number,
    found: (oid: string, answer: ObjectContents) => void,
  ): Promise<void>;
  close(): Promise<void>;
}

/**
 * How long to wait for others that also miss something, as after a fetch for several of them: far less than a fetch
 * takes.
 */
const TOGETHER_MS = 5;
/** How many tree entries are remembered; about 6 MB. What is forgotten is read again locally. */
const REMEMBERED_ENTRIES = 20_000;
/** How many tree entries are held at once: a few bytes of deltas can expand to gigabytes of trees. */
const ENTRIES_AT_ONCE = 1_000_000;

/**
 * Git's objects by their ids. In a partial clone, what is missing is fetched: everything that is asked for while a fetch
 * runs goes into the next one.
 */
export class Objects {
  readonly oidLength: 20 | 32;
  readonly #source: ObjectSource;
  readonly #fetch: FetchObjects | undefined;
  readonly #trees = new Map<string, readonly TreeEntry[]>();
  #remembered = 0;
  #wanted = new Map<string, Promise<void>>();
  #fetching: Promise<void> = Promise.resolve();
  #pending: Promise<void> | undefined;

  constructor(source: ObjectSource, oidLength: 20 | 32, fetch?: FetchObjects) {
    this.#source = source;
    this.oidLength = oidLength;
    this.#fetch = fetch;
  }

  /** Type and size of an object that is here; it fetches nothing. */
  info(oid: string): Promise<ObjectInfo | undefined> {
    return this.#source.info(oid);
  }

  /** Those of `oids` that aren't here. */
  async missing(oids: readonly string[]): Promise<string[]> {
    const unique = [...new Set(oids)].filter((oid) => !this.#trees.has(oid));
    const infos = await Promise.all(unique.map((oid) => this.#source.info(oid)));
    return unique.filter((_, index) => infos[index] === undefined);
  }

  /** Makes sure that objects are here, with one request; with `below`, what lies in them too, unless the host won't. */
  async prefetch(oids: readonly string[], below?: 'below'): Promise<void> {
    if (!this.#fetch || oids.length === 0) return;
    const missing = await this.missing(oids);
    await (below === undefined ? this.#bring(missing) : this.#bringBelow(this.#fetch, missing));
  }

  /** The bytes of an object that is here, or undefined; it fetches nothing. Throws `E_TOO_LARGE`, `E_GIT`. */
  async here(oid: string, type: string, limit: number): Promise<Uint8Array | undefined> {
    const found = await this.#source.contents(oid, limit);
    return found && check(oid, found, type, limit);
  }

  /** A blob's bytes, a copy of its own. Throws `E_TOO_LARGE` before they are read, `E_GIT` where it isn't there. */
  async blob(oid: string, limit: number): Promise<Uint8Array> {
    let found = await this.#source.contents(oid, limit, 'size first');
    if (!found) {
      await this.#bring([oid]);
      found = (await this.#source.contents(oid, limit, 'size first')) ?? gone(oid);
    }
    return Uint8Array.from(check(oid, found, 'blob', limit));
  }

  /** The bytes of those blobs that are here and have at most `limit` bytes, by their oids; each a copy of its own. */
  async blobsHere(oids: readonly string[], limit: number): Promise<ReadonlyMap<string, Uint8Array>> {
    const blobs = new Map<string, Uint8Array>();
    await this.#source.contentsOfMany(oids, limit, (oid, found) => {
      if (found.type === 'blob' && found.bytes !== undefined) blobs.set(oid, Uint8Array.from(found.bytes));
    });
    return blobs;
  }

  /** The entries of a tree. Throws `E_TOO_LARGE`, and `E_GIT` where it isn't there or is broken. */
  async tree(oid: string): Promise<readonly TreeEntry[]> {
    const [entries] = await this.trees([oid]);
    return entries ?? gone(oid);
  }

  /** Many trees in the order of `oids`, with one request for all that are missing; those read `once` aren't remembered. */
  async trees(oids: readonly string[], read?: 'once'): Promise<readonly (readonly TreeEntry[])[]> {
    const found = new Map<string, readonly TreeEntry[]>();
    let count = 0;
    const look = async (oid: string): Promise<void> => {
      const known = this.#trees.get(oid);
      const bytes = known ? undefined : await this.here(oid, 'tree', TREE_LIMIT);
      // One too many ends the reading of all, including those already asked for.
      if (count > ENTRIES_AT_ONCE) manyEntries();
      const entries = known ?? (bytes && parseTree(oid, bytes, this.oidLength));
      if (!entries) return;
      if ((count += entries.length) > ENTRIES_AT_ONCE) manyEntries();
      found.set(oid, entries);
      if (read === undefined) this.#remember(oid, entries);
    };
    const unique = [...new Set(oids)];
    await Promise.all(unique.map(look));
    const missing = unique.filter((oid) => !found.has(oid));
    await this.#bring(missing);
    await Promise.all(missing.map(look));
    return oids.map((oid) => found.get(oid) ?? gone(oid));
  }

  /** A tree's own bytes. */
  async rawTree(oid: string): Promise<Uint8Array> {
    const bytes = await this.here(oid, 'tree', TREE_LIMIT);
    if (bytes) return bytes;
    await this.#bring([oid]);
    return (await this.here(oid, 'tree', TREE_LIMIT)) ?? gone(oid);
  }

  async close(): Promise<void> {
    this.#trees.clear();
    this.#remembered = 0;
    await this.#source.close();
  }

  #remember(oid: string, entries: readonly TreeEntry[]): void {
    if (entries.length > REMEMBERED_ENTRIES / 2 || this.#trees.has(oid)) return;
    this.#trees.set(oid, entries);
    this.#remembered += entries.length + 1;
    for (const [oldest, { length }] of this.#trees) {
      if (this.#remembered <= REMEMBERED_ENTRIES) break;
      this.#trees.delete(oldest);
      this.#remembered -= length + 1;
    }
  }

  async #bring(oids: readonly string[]): Promise<void> {
    const fetch = this.#fetch;
    if (!fetch || oids.length === 0) return;
    const running: Promise<void>[] = [];
    for (const oid of oids) {
      const next = this.#wanted.get(oid) ?? this.#nextFetch(fetch);
      this.#wanted.set(oid, next);
      running.push(next);
    }
    await Promise.all(new Set(running));
  }

  /** What doesn't come is missed, and fetched by itself, when it is asked for: nothing depends on this. */
  async #bringBelow(fetch: FetchObjects, trees: readonly string[]): Promise<void> {
    if (trees.length === 0) return;
    const before = this.#fetching;
    const next = (async () => {
      await before.catch(() => undefined);
      await fetch(trees, 'below').catch((error: unknown) => {
        if (!(error instanceof PullthroughError)) throw error;
      });
    })();
    this.#fetching = next;
    await next;
  }

  /**
   * A host that filters by `tree:0` leaves out what lies in a tree that is asked for in the same request, though it was
   * asked for by name. So what is missing is asked for again, as long as some of it comes.
   */
  async #fetchAll(fetch: FetchObjects, oids: readonly string[]): Promise<void> {
    await fetch(oids);
    for (let asked = oids; asked.length > 1;) {
      const left = await this.missing(asked);
      if (left.length === 0 || left.length === asked.length) return;
      await fetch(left);
      asked = left;
    }
  }

  /** The fetch that hasn't begun yet: it begins when the one before has ended and nobody adds to it any more. */
  #nextFetch(fetch: FetchObjects): Promise<void> {
    if (this.#pending) return this.#pending;
    const before = this.#fetching;
    const next = (async () => {
      await before.catch(() => undefined);
      await sleep(TOGETHER_MS);
      const batch = this.#wanted;
      this.#wanted = new Map();
      this.#pending = undefined;
      await this.#fetchAll(fetch, [...batch.keys()]);
    })();
    this.#pending = next;
    this.#fetching = next;
    return next;
  }
}

function check(oid: string, found: ObjectContents, type: string, limit: number): Uint8Array {
  if (found.type !== type) fail('E_GIT', `object ${oid} is a ${found.type}, not a ${type}`);
  return found.bytes ?? tooLarge(oid, found.size, limit);
}

function tooLarge(oid: string, size: number, limit: number): never {
  return fail('E_TOO_LARGE', `object ${oid} of the ledger has ${size} bytes; at most ${limit} are allowed`);
}

function manyEntries(): never {
  return fail('E_TOO_LARGE', `folders of the ledger that are read together have more than ${ENTRIES_AT_ONCE} entries`);
}

function gone(oid: string): never {
  return fail('E_GIT', `object ${oid} is not in the repository`, {
    hint: 'fetch it, or clone the repository again without limits',
  });
}
