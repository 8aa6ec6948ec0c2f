import { randomBytes } from 'node:crypto';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { PullthroughError } from '../../ledger-schema/error.ts';
import type { ErrorCode } from '../../ledger-schema/error.ts';
import { BLOCK, PAGE, placeInBlock, release, takeBlock } from '../body/blocks.ts';
import { Body } from '../body/body.ts';
import { FileWriter } from './file-writer.ts';
import { ioError, systemCode } from '../io-error.ts';
import { moveTo, placeAt } from './rename.ts';

/** Bytes of a file that are read at once: a block holds them wherever in a page they begin. */
const READ = BLOCK - PAGE;
/** The names of this program's temporary files, whatever they become. */
export const TEMPORARY_NAME = /^\.pullthrough-[0-9a-f]{24}\.part$/;

/** A file being written: it has a temporary name and is moved to its own when it is complete. */
export interface PendingFile {
  /** The temporary path. */
  readonly path: string;
  /** Bytes taken so far. */
  readonly size: number;
  /** Appends. May return before the bytes are written; a failure then shows at the next call. */
  write(chunk: Uint8Array): Promise<void>;
  /** Appends a whole body. Rethrows what the body throws. */
  append(body: AsyncIterable<Uint8Array>): Promise<void>;
  /** Returns when all bytes are in the file, so that it can be read; they may not be on disk yet. */
  flush(): Promise<void>;
  /** Empties the file, to begin again. */
  restart(): Promise<void>;
  /**
   * Forces the bytes to disk, moves the file to `path` and forces the folder to disk. Replaces what is there, unless
   * `replace` is false: then it throws `E_EXISTS`.
   */
  commit(path: string, options?: { readonly replace?: boolean }): Promise<void>;
  /** Removes the file. After `commit` it does nothing, so it belongs in `finally`. */
  discard(): Promise<void>;
}

export interface PendingOptions {
  /** The folder of the temporary file; it must be in the file system of the final path. It is made if missing. */
  readonly folder: string;
  /** Permission bits of the finished file; without it, what umask leaves of 0666. */
  readonly mode?: number | undefined;
  /** The code of failures. */
  readonly code?: ErrorCode | undefined;
}

/** Opens a temporary file of a new name. Throws `E_IO` or `options.code`. */
export async function openPending(options: PendingOptions): Promise<PendingFile> {
  const code = options.code ?? 'E_IO';
  const path = join(options.folder, `.pullthrough-${randomBytes(12).toString('hex')}.part`);
  let handle: FileHandle;
  try {
    await makeFolder(options.folder);
    handle = await open(path, 'wx', 0o666);
  } catch (error) {
    await rm(path, { force: true }).catch(() => undefined);
    throw ioError(error, `cannot write in ${options.folder}`, code);
  }
  let closed = false;
  const writer = new FileWriter(handle);
  async function guarded<T>(target: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw ioError(error, `cannot write ${target}`, code);
    }
  }
  return {
    path,
    get size() {
      return writer.size;
    },
    write: (chunk) => guarded(path, () => writer.write(chunk)),
    async append(body) {
      for await (const chunk of Body.from(body).chunks) await guarded(path, () => writer.hand(chunk));
    },
    flush: () => guarded(path, () => writer.finish()),
    restart: () => guarded(path, () => writer.restart()),
    commit: (target, { replace = true } = {}) =>
      guarded(target, async () => {
        await writer.finish();
        if (options.mode !== undefined) await handle.chmod(options.mode);
        await handle.sync();
        await handle.close();
        closed = true;
        await makeFolder(dirname(target));
        await (replace ? moveTo(path, target) : placeAt(path, target));
        await syncFolder(dirname(target));
      }),
    async discard() {
      if (!closed) {
        // The handle is closed when nothing uses it any more; failures have already been reported.
        await writer.finish().catch(() => undefined);
        await handle.close().catch(() => undefined);
        closed = true;
      }
      await rm(path, { force: true }).catch(() => undefined);
    },
  };
}

/**
 * Writes a file so that it is either the old one or the whole new one, on disk, whatever happens in between. The folder
 * is made if missing. `mode`: permission bits. Throws `E_IO`.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string, mode?: number): Promise<void> {
  const pending = await openPending({ folder: dirname(path), mode });
  try {
    await pending.write(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
    await pending.commit(path);
  } finally {
    await pending.discard();
  }
}

/**
 * Reads a file of at most `limit` bytes; undefined where it is not there. Throws `E_TOO_LARGE` for a longer one without
 * reading on, else `E_IO`.
 */
export async function readFileBounded(path: string, limit: number): Promise<Uint8Array | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const { size } = await handle.stat();
    // Some files (/proc, pipes) say 0: one byte more than said shows whether there is more.
    const parts: Uint8Array[] = [];
    let total = 0;
    for (;;) {
      const room = Buffer.allocUnsafe(Math.min(limit - total, Math.max(size - total, 65_536)) + 1);
      const { bytesRead } = await handle.read(room, 0, room.length, null);
      if (bytesRead === 0) return Buffer.concat(parts);
      total += bytesRead;
      if (total > limit) throw new PullthroughError('E_TOO_LARGE', `${path} is larger than ${limit} bytes`);
      parts.push(room.subarray(0, bytesRead));
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw ioError(error, `cannot read ${path}`);
  } finally {
    await handle?.close();
  }
}

/** A file's bytes from `offset` on, in large chunks. Throws the system's own errors; see {@link ioError}. */
export function readBlocks(path: string, offset = 0): Body {
  return new Body(blocksOf(path, offset));
}

async function* blocksOf(path: string, from: number): AsyncGenerator<Uint8Array, void, undefined> {
  const handle = await open(path, 'r');
  let offset = from;
  let next = readBlock(handle, offset);
  try {
    for (;;) {
      const chunk = await next;
      if (chunk.length === 0) return;
      offset += chunk.length;
      // While the reader has this one, the system fetches the next; a failure is thrown when that one's turn comes.
      next = readBlock(handle, offset);
      next.catch(() => undefined);
      yield chunk;
    }
  } finally {
    // If its failure wasn't thrown above, nobody wants it any more.
    await next.then(release, () => undefined);
    await handle.close();
  }
}

/** A block of a file from `offset` on; empty at its end. */
async function readBlock(handle: FileHandle, offset: number): Promise<Uint8Array> {
  const block = takeBlock();
  const start = placeInBlock(offset);
  try {
    const { bytesRead } = await handle.read(block, start, READ, offset);
    return block.subarray(start, start + bytesRead);
  } catch (error) {
    release(block);
    throw error;
  }
}

/** As {@link makeFolders}, each entry forced to disk. */
export async function makeFolder(path: string): Promise<string[]> {
  const made = await makeFolders(path);
  for (const folder of made) await syncFolder(dirname(folder));
  return made;
}

/**
 * Makes a folder and those above it, and returns those that it made, the deepest first. `mode`: permission bits of
 * each. Throws the system's own errors; see {@link ioError}.
 *
 * Node's own `mkdir` with `recursive` never ends where the system says ENOENT though the folder above is there, as it
 * does below /proc.
 */
export async function makeFolders(path: string, mode?: number): Promise<string[]> {
  const folder = resolve(path);
  const parent = dirname(folder);
  try {
    await mkdir(folder, mode);
    return [folder];
  } catch (error) {
    if (await isThere(folder, error)) return [];
    if (systemCode(error) !== 'ENOENT' || parent === folder) throw error;
  }
  const above = await makeFolders(parent, mode);
  try {
    await mkdir(folder, mode);
    return [folder, ...above];
  } catch (error) {
    // Somebody else made it meanwhile.
    if (await isThere(folder, error)) return above;
    throw error;
  }
}

/** What systems answer for a folder that is there already: for any, for a disk's root, where nothing may be written. */
const THERE = new Set(['EEXIST', 'EISDIR', 'EPERM', 'EROFS']);

async function isThere(path: string, error: unknown): Promise<boolean> {
  if (!THERE.has(systemCode(error) ?? '')) return false;
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Forces a file's bytes to disk, no matter who wrote them. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Forces a folder's entries to disk, so that a file that was moved there is still there after a power cut. */
export async function syncFolder(path: string): Promise<void> {
  // Windows has no such thing: there a rename is as durable as it gets.
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems refuse this for folders.
    if (!['EINVAL', 'ENOTSUP', 'EISDIR'].includes(systemCode(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}
