import { PullthroughError } from '../../ledger-schema/error.ts';
import { filesBelow } from './files-below.ts';
import type { Unread } from './files-below.ts';
import { hashFile } from './hashed-file.ts';
import type { HashedFile } from './hashed-file.ts';
import type { FileVerdict } from './verify-file.ts';

/** What lies below a folder. */
export interface Inventory {
  readonly files: readonly FileVerdict[];
  /** What could not be looked at: an inventory with any of it is not complete. */
  readonly unread: readonly Unread[];
}

/** @internal Reads every file below a folder; see {@link filesBelow}. */
export async function readInventory(
  folder: string,
  ignoreLinks: boolean,
): Promise<{ readonly hashed: readonly HashedFile[]; readonly unread: readonly Unread[] }> {
  const { files, unread } = await filesBelow(folder, ignoreLinks);
  const hashed: HashedFile[] = [];
  const failed: Unread[] = [...unread];
  for (const file of files) {
    try {
      hashed.push(await hashFile(file));
    } catch (error) {
      if (!(error instanceof PullthroughError)) throw error;
      failed.push({ path: file.shown, error });
    }
  }
  return { hashed, unread: failed };
}
