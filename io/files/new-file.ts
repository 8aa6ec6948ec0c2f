import { open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { syncFolder } from './file.ts';
import { ioError, systemCode } from '../io-error.ts';

async function create(path: string, mode: number): Promise<FileHandle> {
  try {
    return await open(path, 'wx', mode);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') {
      fail('E_EXISTS', `${path} is already there`, { hint: 'name another file, or move that one away', cause: error });
    }
    throw ioError(error, `cannot write ${path}`, 'E_INPUT');
  }
}

/**
 * Writes a file that must not be there yet, with the permission bits `mode` from its first byte on, and forces it to
 * disk. Throws `E_EXISTS`, `E_INPUT` where it can't be made, `E_IO`; a file that could not be finished is removed.
 */
export async function writeNewFile(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const handle = await create(path, mode);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(path, { force: true });
    throw error instanceof PullthroughError ? error : ioError(error, `cannot write ${path}`);
  } finally {
    await handle.close();
  }
}
