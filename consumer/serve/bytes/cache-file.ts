import { createHash } from 'node:crypto';
import { chmod, lstat, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { fail } from '../../../ledger-schema/index.ts';
import { makeFolders } from '../../../io/files/file.ts';
import { ioError } from '../../../io/io-error.ts';

/** A verified file, open; anyone who has it reads it, and gives it back. */
export interface OpenFile {
  readonly size: number;
  /** Fills the whole buffer, from a position. Throws `E_IO` where the file ends too soon. */
  read(buffer: Uint8Array, position: number): Promise<void>;
  /** Is it still as it was when its bytes were seen? */
  unchanged(): Promise<boolean>;
  /** Told by a reader who saw other bytes: nobody is given the file again. */
  damaged(): void;
  release(): void;
}

/**
 * What a file is, as the system tells it. Anyone who writes to it changes its ctime, which no call sets back; a write through
 * mapped memory may be told late, so readers hash what they send as well.
 */
export async function stampOf(handle: FileHandle): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await handle.stat({ bigint: true });
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

export async function readWhole(handle: FileHandle, buffer: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < buffer.length;) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) fail('E_IO', 'a file of the cache ended early');
    done += bytesRead;
  }
}

/** Opens a file of the cache whose bytes are right, with its stamp; undefined where they aren't, or it isn't there. */
export async function openRight(
  path: string,
  sha256: string,
  known: string | undefined,
): Promise<{ handle: FileHandle; stamp: string } | undefined> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const stamp = await stampOf(handle);
    // Before and after: bytes that change while they are hashed were not all seen.
    if (stamp === known || ((await digestOfHandle(handle)) === sha256 && (await stampOf(handle)) === stamp)) {
      return { handle, stamp };
    }
  } catch {
    // A disk that can't read it is as bad as other bytes.
  }
  await handle.close().catch(() => undefined);
  return undefined;
}

export function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function digestOfHandle(handle: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  const body = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 20 });
  for await (const chunk of body as AsyncIterable<Uint8Array>) hash.update(chunk);
  return hash.digest('hex');
}

/** Makes a folder that nobody else may read or write, or makes an existing one so. Throws `E_IO`. */
export async function makePrivateFolder(folder: string): Promise<void> {
  try {
    await makeFolders(folder, 0o700);
    const { mode } = await lstat(folder);
    if ((mode & 0o077) !== 0) await chmod(folder, 0o700);
  } catch (error) {
    throw ioError(error, `cannot keep the cache ${folder} to ourselves`);
  }
}
