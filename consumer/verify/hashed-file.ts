import { stat } from 'node:fs/promises';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { ioError, systemCode } from '../../io/io-error.ts';
import { sha256OfFile } from './file-digest.ts';

/** @internal Names of files are bytes; the text is for people. */
export interface FilePath {
  readonly shown: string;
  readonly raw: Buffer;
}

/** A file here by its bytes. */
export interface HashedFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** Throws `E_INPUT` for a path that is not a regular file, `E_IO`. */
export async function requireFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) await sizeOf({ shown: path, raw: Buffer.from(path) });
}

/** @internal Reads and hashes a file. Throws `E_INPUT` for a path that is not a regular file, `E_IO`. */
export async function hashFile(path: FilePath): Promise<HashedFile> {
  return { path: path.shown, size: await sizeOf(path), sha256: await sha256OfFile(path.raw, path.shown) };
}

/** The same, of files that are named. */
export async function hashFiles(paths: readonly string[]): Promise<HashedFile[]> {
  const files: HashedFile[] = [];
  for (const path of paths) files.push(await hashFile({ shown: path, raw: Buffer.from(path) }));
  return files;
}

async function sizeOf({ shown, raw }: FilePath): Promise<number> {
  const found = await stat(raw).catch((error: unknown) => {
    throw systemCode(error) === 'ENOENT' ? notThere('file', shown) : ioError(error, `cannot read ${shown}`);
  });
  if (found.isFile()) return found.size;
  return fail('E_INPUT', `${shown} is not a regular file`, { hint: 'for all files of a folder: verify --all FOLDER' });
}

export function notThere(what: 'file' | 'folder', path: string): PullthroughError {
  return new PullthroughError('E_INPUT', `there is no ${what} ${path}`);
}
