import { readdir } from 'node:fs/promises';
import { fail } from '../../ledger-schema/error.ts';
import { ioError, systemCode } from '../io-error.ts';

/**
 * Is the folder there, and empty? False where there is nothing. Throws `E_EXISTS` where it holds anything, or a file is
 * in its place or above it, else `E_IO`.
 */
export async function isThereAndEmpty(directory: string): Promise<boolean> {
  const entries = await readdir(directory).catch((cause: unknown) => {
    if (systemCode(cause) === 'ENOENT') return undefined;
    if (systemCode(cause) !== 'ENOTDIR') throw ioError(cause, `cannot read ${directory}`);
    return fail('E_EXISTS', `${directory} can't be made: a file lies there, or above it`, {
      hint: 'name another folder, or move the file away',
      cause,
    });
  });
  if (entries === undefined || entries.length === 0) return entries !== undefined;
  return fail('E_EXISTS', `${directory} is there already and is not empty`, {
    hint: 'name another folder, or move it away',
  });
}
