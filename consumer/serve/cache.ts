import { lstat, open, readdir, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../ledger-schema/index.ts';
import { TEMPORARY_NAME, makeFolder } from '../../io/files/file.ts';
import { digestOf } from '../../io/files/hash.ts';
import { ioError } from '../../io/io-error.ts';
import { SILENT } from '../../io/progress.ts';
import type { Progress } from '../../io/progress.ts';
import { fetchFile } from '../download/fetch-file.ts';
import type { Mirror } from '../download/fetch-file.ts';
import type { Fetchable } from '../download/select-assets.ts';

export interface FileCacheOptions {
  readonly folder: string;
  /** Bytes that the files may have together. One that is being sent while it is thrown out counts no more. */
  readonly maxBytes: number;
  readonly mirrors: readonly Mirror[];
  readonly progress: Progress;
  /** Aborts fetches when the server stops. */
  readonly signal: AbortSignal;
}

/** A verified file, open; whoever has it reads it, and gives it back. */
export interface OpenFile {
  readonly size: number;
  /** Reads into the whole buffer, from a position. Throws `E_IO` where the file ends before. */
  read(buffer: Uint8Array, position: number): Promise<void>;
  release(): void;
}

export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
  readonly failures: number;
  readonly bytes: number;
  readonly files: number;
  readonly fetching: number;
}

/** Fetches at once; the others wait. */
const FETCHES = 4;
const MOST_WAITING = 256;
/** Files kept open beyond their use. */
const MOST_OPEN = 256;
const NAME = /^[0-9a-f]{64}$/;

interface Entry {
  readonly sha256: string;
  readonly size: number;
  /** What the file was when this process had seen all of its bytes; undefined before. */
  verified: string | undefined;
  handle: FileHandle | undefined;
  users: number;
  gone: boolean;
}

/**
 * Verified copies of files in a folder, the longest unused thrown out first. A file is opened for a reader only when
 * this process has seen all of its bytes and their digest is right; many readers of one that isn't there cause one fetch.
 */
export class FileCache {
  readonly #options: FileCacheOptions;
  /** In the order of their use, the oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #opening = new Map<string, Promise<Entry>>();
  readonly #waiting: (() => void)[] = [];
  #fetching = 0;
  #bytes = 0;
  /** Of what is being fetched. */
  #reserved = 0;
  #hits = 0;
  #misses = 0;
  #failures = 0;

  private constructor(options: FileCacheOptions) {
    this.#options = options;
  }

  /** Opens the folder, which is made where missing; what an earlier process left unfinished is removed. Throws `E_IO`. */
  static async open(options: FileCacheOptions): Promise<FileCache> {
    const cache = new FileCache(options);
    const { folder } = options;
    try {
      await makeFolder(folder);
      const found: { name: string; size: number; time: number }[] = [];
      for (const name of await readdir(folder)) {
        const path = join(folder, name);
        if (TEMPORARY_NAME.test(name)) await rm(path, { force: true });
        if (!NAME.test(name)) continue;
        const file = await lstat(path);
        if (file.isFile()) found.push({ name, size: file.size, time: file.mtimeMs });
      }
      for (const { name, size } of found.sort((a, b) => a.time - b.time)) {
        cache.#bytes += size;
        cache.#add(name, size);
      }
    } catch (error) {
      throw ioError(error, `cannot use the cache ${folder}`);
    }
    await cache.#makeRoom();
    return cache;
  }

  get counts(): CacheCounts {
    const { size: files } = this.#entries;
    const numbers = { hits: this.#hits, misses: this.#misses, failures: this.#failures };
    return { ...numbers, bytes: this.#bytes, files, fetching: this.#fetching };
  }

  /**
   * A verified file. Throws what fetching throws, `E_TOO_LARGE` for a file that is larger than the whole cache, and
   * `E_BUSY` where too many others wait.
   */
  async get(file: Fetchable): Promise<OpenFile> {
    for (let attempt = 1; ; attempt++) {
      const ready = this.#entries.get(file.sha256);
      if (ready?.handle !== undefined) {
        if (attempt === 1) this.#hits++;
        return this.#use(ready, ready.handle);
      }
      const entry = await (this.#opening.get(file.sha256) ?? this.#open(file));
      if (entry.handle !== undefined) return this.#use(entry, entry.handle);
      // Thrown out for another file before its reader came
      if (attempt === 5) fail('E_BUSY', 'the cache is too small for what is asked of it', { hint: 'make it larger' });
    }
  }

  /** Closes every file; those that are being read stay open for their readers. */
  async close(): Promise<void> {
    const all = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(all.map((entry) => this.#drop(entry)));
  }

  #add(sha256: string, size: number): Entry {
    const entry: Entry = { sha256, size, verified: undefined, handle: undefined, users: 0, gone: false };
    this.#entries.set(sha256, entry);
    return entry;
  }

  #use(entry: Entry, handle: FileHandle): OpenFile {
    const { size } = entry;
    if (!entry.gone) {
      this.#entries.delete(entry.sha256);
      this.#entries.set(entry.sha256, entry);
    }
    entry.users++;
    let held = true;
    return {
      size,
      read: (buffer, position) => readWhole(handle, buffer, position),
      release: () => {
        if (!held) return;
        held = false;
        entry.users--;
        if (entry.gone && entry.users === 0) void this.#drop(entry);
      },
    };
  }

  /** One at a time for each file: the others wait for the same. */
  #open(file: Fetchable): Promise<Entry> {
    const opening = this.#prepare(file).finally(() => this.#opening.delete(file.sha256));
    this.#opening.set(file.sha256, opening);
    return opening;
  }

  async #prepare(file: Fetchable): Promise<Entry> {
    const path = join(this.#options.folder, file.sha256);
    const known = this.#entries.get(file.sha256);
    if (known !== undefined) {
      const handle = await this.#reopen(known, path);
      if (handle !== undefined) {
        this.#hits++;
        known.handle = handle;
        return known;
      }
      this.#options.progress.warn(`the cache held damaged bytes under ${file.sha256}: removed`);
      await this.#evict(known);
    }
    this.#misses++;
    const entry = await this.#fetch(file, path);
    await this.#closeUnused();
    return entry;
  }

  /** What lies in the folder is believed only after this process saw its bytes, and while it is the same file. */
  async #reopen(entry: Entry, path: string): Promise<FileHandle | undefined> {
    const handle = await open(path, 'r').catch(() => undefined);
    if (handle === undefined) return undefined;
    const stamp = await stampOf(handle);
    if (entry.verified !== stamp) {
      const body = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 20 });
      const seen = await digestOf(body as AsyncIterable<Uint8Array>).catch(() => undefined);
      if (seen !== entry.sha256) {
        await handle.close();
        return undefined;
      }
    }
    entry.verified = stamp;
    return handle;
  }

  async #fetch(file: Fetchable, path: string): Promise<Entry> {
    const { maxBytes, mirrors, signal, progress } = this.#options;
    if (file.size > maxBytes) {
      fail('E_TOO_LARGE', `${file.name} has ${file.size} bytes, more than the whole cache may have (${maxBytes})`);
    }
    await this.#turn(file.size);
    this.#fetching++;
    this.#reserved += file.size;
    try {
      await this.#makeRoom();
      await fetchFile(file, path, { mirrors, signal, progress: { ...SILENT, warn: (text) => progress.warn(text) } });
      const handle = await open(path, 'r');
      const entry = this.#add(file.sha256, file.size);
      this.#bytes += file.size;
      entry.verified = await stampOf(handle);
      entry.handle = handle;
      return entry;
    } catch (error) {
      this.#failures++;
      throw ioError(error, `cannot use the cache ${this.#options.folder}`);
    } finally {
      this.#fetching--;
      this.#reserved -= file.size;
      for (const next of this.#waiting.splice(0)) next();
    }
  }

  /** Waits until few others are fetched, and what they need leaves room for this one. */
  async #turn(bytes: number): Promise<void> {
    const busy = () =>
      this.#fetching >= FETCHES || (this.#fetching > 0 && this.#reserved + bytes > this.#options.maxBytes);
    while (busy()) {
      if (this.#waiting.length >= MOST_WAITING) {
        fail('E_BUSY', `${MOST_WAITING} files wait to be fetched`, { hint: 'try again in a minute' });
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async #makeRoom(): Promise<void> {
    for (const entry of this.#entries.values()) {
      if (this.#bytes + this.#reserved <= this.#options.maxBytes) return;
      await this.#evict(entry);
    }
  }

  async #evict(entry: Entry): Promise<void> {
    if (entry.gone) return;
    this.#entries.delete(entry.sha256);
    this.#bytes -= entry.size;
    entry.gone = true;
    await rm(join(this.#options.folder, entry.sha256), { force: true });
    if (entry.users === 0) await this.#drop(entry);
  }

  /** Keeps few files open that nobody reads. */
  async #closeUnused(): Promise<void> {
    const open = [...this.#entries.values()].filter(({ handle }) => handle !== undefined);
    const unused = open.filter(({ users, sha256 }) => users === 0 && !this.#opening.has(sha256));
    await Promise.all(unused.slice(0, Math.max(0, open.length - MOST_OPEN)).map((entry) => this.#drop(entry)));
  }

  async #drop(entry: Entry): Promise<void> {
    const { handle } = entry;
    entry.handle = undefined;
    await handle?.close().catch(() => undefined);
  }
}

async function stampOf(handle: FileHandle): Promise<string> {
  const { ino, size, mtimeMs } = await handle.stat();
  return `${ino} ${size} ${mtimeMs}`;
}

async function readWhole(handle: FileHandle, buffer: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < buffer.length;) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) fail('E_IO', 'a file of the cache ended early');
    done += bytesRead;
  }
}
