import { lstat, open, readdir, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../../ledger-schema/index.ts';
import { gone, sweep } from '../../../io/files/leftover.ts';
import { TEMPORARY_NAME } from '../../../io/files/file.ts';
import { ioError } from '../../../io/io-error.ts';
import type { PaceRules } from '../../../io/http/download/pace.ts';
import { SILENT } from '../../../io/progress.ts';
import type { Progress } from '../../../io/progress.ts';
import { SharedWork, abortable } from '../../../io/shared-work.ts';
import { fetchFile } from '../../download/fetch-file.ts';
import type { Mirror } from '../../download/fetch-file.ts';
import type { Fetchable } from '../../download/select-assets.ts';
import { isThere, makePrivateFolder, openRight, readWhole, stampOf } from './cache-file.ts';
import type { OpenFile } from './cache-file.ts';

export interface FileCacheOptions {
  readonly folder: string;
  /** Bytes that the files may take up together. One that is evicted while it is being sent no longer counts. */
  readonly maxBytes: number;
  readonly mirrors: readonly Mirror[];
  readonly progress: Progress;
  /** How slow a mirror may be. */
  readonly pace?: PaceRules | undefined;
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
/** Another gateway may use the folder, such as the one that this one takes the place of: what it is fetching is left alone. */
const ABANDONED_MS = 3_600_000;
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
  readonly #opening = new SharedWork<Entry>();
  /** Files that are about to go: their next copy must not be the one that is removed. */
  readonly #removing = new Map<string, Promise<void>>();
  readonly #waiting = new Set<() => void>();
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

  /** Opens the folder, which is created if missing; what was left unfinished an hour ago is removed. Throws `E_IO`. */
  static async open(options: FileCacheOptions): Promise<FileCache> {
    const cache = new FileCache(options);
    const { folder } = options;
    try {
      await makePrivateFolder(folder);
      await sweep(folder, TEMPORARY_NAME, ABANDONED_MS);
      const found: { name: string; size: number; time: number }[] = [];
      for (const name of await readdir(folder)) {
        const path = join(folder, name);
        if (!NAME.test(name)) continue;
        const file = await lstat(path).catch(gone);
        if (file?.isFile()) found.push({ name, size: file.size, time: file.mtimeMs });
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
   * A verified file. `signal` ends the waiting, and the fetch where nobody else waits for it. Throws its reason, what
   * fetching throws, `E_TOO_LARGE` for a file that is larger than the whole cache, and `E_BUSY` where too many wait.
   */
  async get(file: Fetchable, signal: AbortSignal): Promise<OpenFile> {
    for (let attempt = 1; ; attempt++) {
      const ready = this.#entries.get(file.sha256);
      if (ready?.handle !== undefined && (await this.#isUnchanged(ready, ready.handle))) {
        if (attempt === 1) this.#hits++;
        return this.#use(ready, ready.handle);
      }
      const entry = await this.#opening.join(file.sha256, signal, (stop) => this.#prepare(file, stop));
      if (entry.handle !== undefined) return this.#use(entry, entry.handle);
      // Evicted for another file before its reader came
      if (attempt === 5) fail('E_BUSY', 'the cache is too small for what is asked of it', { hint: 'make it larger' });
    }
  }

  /** A file that was written to since its bytes were seen is closed, and looked at again as if it had just been found. */
  async #isUnchanged(entry: Entry, handle: FileHandle): Promise<boolean> {
    const stamp = await stampOf(handle).catch(() => undefined);
    // Anyone who reads it now keeps the handle; the entry is somebody else's by then.
    if (entry.gone || entry.handle !== handle) return false;
    if (stamp === entry.verified) return true;
    await this.#replace(entry);
    return false;
  }

  /** Leaves the file in its place, under an entry of its own: those who read the old one must not close the new one. */
  async #replace(entry: Entry): Promise<void> {
    if (entry.gone) return;
    entry.gone = true;
    this.#entries.set(entry.sha256, emptyEntry(entry.sha256, entry.size));
    if (entry.users === 0) await this.#drop(entry);
  }

  /** Closes every file; those that are being read stay open for their readers. */
  async close(): Promise<void> {
    const all = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(all.map((entry) => this.#drop(entry)));
  }

  #add(sha256: string, size: number): Entry {
    const entry = emptyEntry(sha256, size);
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
      unchanged: async () => (await stampOf(handle)) === entry.verified,
      damaged: () => {
        this.#options.progress.warn(`a file of the cache changed while it was sent: ${entry.sha256}; removed`);
        this.#evict(entry).catch(() => undefined);
      },
      release: () => {
        if (!held) return;
        held = false;
        entry.users--;
        if (entry.gone && entry.users === 0) void this.#drop(entry);
      },
    };
  }

  /** One at a time for each file: the others wait for the same. */
  async #prepare(file: Fetchable, signal: AbortSignal): Promise<Entry> {
    const path = join(this.#options.folder, file.sha256);
    await this.#removing.get(file.sha256)?.catch(() => undefined);
    const known = this.#entries.get(file.sha256);
    if (known !== undefined) {
      const right = await openRight(path, known.sha256, known.verified);
      if (right !== undefined) {
        this.#hits++;
        known.handle = right.handle;
        known.verified = right.stamp;
        return known;
      }
      // Another gateway may have removed it to make room.
      if (await isThere(path))
        this.#options.progress.warn(`the cache held damaged bytes under ${file.sha256}: removed`);
      await this.#evict(known);
    }
    this.#misses++;
    const entry = await this.#fetch(file, path, signal);
    await this.#closeUnused();
    return entry;
  }

  async #fetch(file: Fetchable, path: string, signal: AbortSignal): Promise<Entry> {
    const { maxBytes, mirrors, pace, progress } = this.#options;
    if (file.size > maxBytes) {
      fail('E_TOO_LARGE', `${file.name} has ${file.size} bytes, more than the whole cache may have (${maxBytes})`);
    }
    await this.#turn(file.size, signal);
    this.#fetching++;
    this.#reserved += file.size;
    try {
      await this.#makeRoom();
      const quiet = { ...SILENT, warn: (text: string) => progress.warn(text) };
      await fetchFile(file, path, { mirrors, signal, pace, replace: true, progress: quiet });
      const handle = await open(path, 'r');
      const entry = this.#add(file.sha256, file.size);
      this.#bytes += file.size;
      entry.verified = await stampOf(handle);
      entry.handle = handle;
      return entry;
    } catch (error) {
      signal.throwIfAborted();
      this.#failures++;
      throw ioError(error, `cannot use the cache ${this.#options.folder}`);
    } finally {
      this.#fetching--;
      this.#reserved -= file.size;
      for (const wake of this.#waiting) wake();
    }
  }

  /** Waits until few others are being fetched and they leave room for this one. */
  async #turn(bytes: number, signal: AbortSignal): Promise<void> {
    const busy = () =>
      this.#fetching >= FETCHES || (this.#fetching > 0 && this.#reserved + bytes > this.#options.maxBytes);
    while (busy()) {
      if (this.#waiting.size >= MOST_WAITING) {
        fail('E_BUSY', `${MOST_WAITING} files wait to be fetched`, { hint: 'try again in a minute' });
      }
      await this.#next(signal);
    }
  }

  /** Waits until a fetch ended, or `signal` says that nobody needs this one any more. */
  async #next(signal: AbortSignal): Promise<void> {
    let wake: () => void = () => undefined;
    const woken = new Promise<void>((resolve) => (wake = resolve));
    this.#waiting.add(wake);
    try {
      await abortable(woken, signal);
    } finally {
      this.#waiting.delete(wake);
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
    const removing = rm(join(this.#options.folder, entry.sha256), { force: true });
    this.#removing.set(entry.sha256, removing);
    await removing.finally(() => this.#removing.delete(entry.sha256));
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

function emptyEntry(sha256: string, size: number): Entry {
  return { sha256, size, verified: undefined, handle: undefined, users: 0, gone: false };
}
