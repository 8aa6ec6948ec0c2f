import { lstat, opendir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail, PullthroughError } from '../ledger-schema/error.ts';
import { Body } from '../io/body/body.ts';
import { openPending, readBlocks, syncFile, syncFolder } from '../io/files/file.ts';
import { digestOf, hashing } from '../io/files/hash.ts';
import { ioError, systemCode } from '../io/io-error.ts';
import { gone, leftoversIn } from '../io/files/leftover.ts';
import type { Progress } from '../io/progress.ts';
import { checkDigest, exactly } from './exact-body.ts';
import { storeKey } from './store.ts';
import type { PutRequest, ReadOptions, Store, StoredObject } from './store.ts';

const HEX_64 = /^[0-9a-f]{64}$/;

export interface FileStoreOptions {
  /** An absolute path; made at the first `put`. */
  readonly root: string;
  readonly progress: Progress;
}

/**
 * A store in a folder, on one file system: `<root>/sha256/ab/abcd…`, with temporary files in `<root>/.tmp`. Any static
 * web server can serve the folder.
 */
export class FileStore implements Store {
  readonly label: string;
  readonly #root: string;
  readonly #temporary: string;
  readonly #progress: Progress;

  constructor(options: FileStoreOptions) {
    this.#root = options.root;
    this.#temporary = join(options.root, '.tmp');
    this.#progress = options.progress;
    this.label = `file:${options.root}`;
  }

  #path(sha256: string): string {
    return join(this.#root, storeKey(sha256));
  }

  async put(request: PutRequest, body: AsyncIterable<Uint8Array>): Promise<{ sha256: string; repaired: boolean }> {
    const { sha256: expected } = request;
    let before = expected === undefined ? 'missing' : await this.verify(expected, request.size);
    if (expected !== undefined && before === 'present') {
      // The process that put it there may not have finished its work.
      await this.#settle(expected);
      return { sha256: expected, repaired: false };
    }
    const pending = await openPending({ folder: this.#temporary, code: 'E_STORE' });
    try {
      const hashed = hashing(exactly(body, request), ['sha256']);
      await pending.append(hashed.body).catch(async (error: unknown) => {
        await request.unfinished?.(error, pending);
        throw error;
      });
      const { sha256 } = hashed.digests();
      checkDigest(request, sha256);
      if (expected === undefined) before = await this.verify(sha256, request.size);
      await pending.commit(this.#path(sha256));
      const repaired = before === 'damaged';
      if (repaired) this.#progress.warn(`${this.label} held damaged bytes under ${storeKey(sha256)}: repaired`);
      return { sha256, repaired };
    } finally {
      await pending.discard();
    }
  }

  async requireWritable(): Promise<void> {
    const pending = await openPending({ folder: this.#temporary, code: 'E_STORE' });
    await pending.discard();
  }

  async #settle(sha256: string): Promise<void> {
    const path = this.#path(sha256);
    try {
      await syncFile(path);
      await syncFolder(dirname(path));
    } catch (error) {
      // A read-only store still holds what it held before.
      if (!['EROFS', 'EACCES', 'EPERM', 'EBADF'].includes(systemCode(error) ?? '')) {
        throw ioError(error, `cannot force ${path} to disk`, 'E_STORE');
      }
    }
  }

  async verify(sha256: string, size: number): Promise<'present' | 'missing' | 'damaged'> {
    const found = await this.#size(sha256);
    if (found === undefined) return 'missing';
    if (found !== size) return 'damaged';
    try {
      return (await digestOf(this.read(sha256))) === sha256 ? 'present' : 'damaged';
    } catch (error) {
      if (!(error instanceof PullthroughError)) throw error;
      // It was removed meanwhile.
      if (error.code === 'E_STORE_MISSING') return 'missing';
      // Bytes in a bad sector can't be right; a new file is written elsewhere on the disk.
      if (systemCode(error.cause) === 'EIO') return 'damaged';
      throw error;
    }
  }

  async has(sha256: string, size: number): Promise<boolean> {
    return (await this.#size(sha256)) === size;
  }

  /** The size of what lies under the key; NaN where it is not a regular file, undefined where nothing is. */
  async #size(sha256: string): Promise<number | undefined> {
    try {
      const stat = await lstat(this.#path(sha256));
      return stat.isFile() ? stat.size : Number.NaN;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw ioError(error, `cannot read ${this.#path(sha256)}`, 'E_STORE');
    }
  }

  read(sha256: string, options: ReadOptions = {}): Body {
    return new Body(this.#read(sha256, options));
  }

  async *#read(sha256: string, { signal }: ReadOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const path = this.#path(sha256);
    try {
      for await (const chunk of readBlocks(path).chunks) {
        signal?.throwIfAborted();
        yield chunk;
      }
    } catch (error) {
      if (signal?.aborted) throw error;
      if (systemCode(error) === 'ENOENT') {
        fail('E_STORE_MISSING', `${this.label} does not hold ${storeKey(sha256)}`, { cause: error });
      }
      throw ioError(error, `cannot read ${path}`, 'E_STORE');
    }
  }

  async *list(): AsyncGenerator<StoredObject, void, undefined> {
    const base = join(this.#root, 'sha256');
    try {
      for (const prefix of await readdir(base)) {
        if (!/^[0-9a-f]{2}$/.test(prefix)) continue;
        for await (const entry of await opendir(join(base, prefix))) {
          if (!entry.isFile() || !HEX_64.test(entry.name) || !entry.name.startsWith(prefix)) continue;
          const stat = await lstat(join(base, prefix, entry.name)).catch(gone);
          if (stat) yield { sha256: entry.name, size: stat.size, modified: stat.mtime };
        }
      }
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return;
      throw ioError(error, `cannot list ${base}`, 'E_STORE');
    }
  }

  async remove(sha256: string): Promise<void> {
    const path = this.#path(sha256);
    try {
      await rm(path, { force: true });
    } catch (error) {
      throw ioError(error, `cannot remove ${path}`, 'E_STORE');
    }
  }

  async leftovers(before: Date, remove: boolean): Promise<readonly string[]> {
    try {
      const found = await leftoversIn(this.#temporary, before);
      if (remove) for (const path of found) await rm(path, { force: true });
      return found;
    } catch (error) {
      throw ioError(error, `cannot clean ${this.#temporary}`, 'E_STORE');
    }
  }
}
