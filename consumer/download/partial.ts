import { copyFile, lstat, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../io/files/file.ts';
import type { PendingFile } from '../../io/files/file.ts';
import { sweep } from '../../io/files/leftover.ts';
import type { Fetchable } from './select-assets.ts';

/** Less than this is quicker to fetch again. */
const LEAST = 1 << 20;
const NAMES = /^[0-9a-f]{64}\.part$/;

const pathIn = (folder: string, { sha256 }: Fetchable): string => join(folder, `${sha256}.part`);

/** What an interrupted run began of a file. It proves nothing: the digest of the whole decides. */
export async function findPartial(
  folder: string,
  file: Fetchable,
): Promise<{ readonly path: string; readonly size: number } | undefined> {
  const path = pathIn(folder, file);
  const stat = await lstat(path).catch(() => undefined);
  return stat?.isFile() === true && stat.size >= LEAST && stat.size < file.size ? { path, size: stat.size } : undefined;
}

/**
 * Keeps what came of a file for the next run, where it is more than there is already; what nobody came back for within a
 * day is removed. Never fails: then it is fetched again.
 */
export async function keepPartial(folder: string, file: Fetchable, pending: PendingFile): Promise<void> {
  try {
    await sweep(folder, NAMES);
    await pending.flush();
    const before = await findPartial(folder, file);
    if (pending.size < LEAST || pending.size <= (before?.size ?? 0)) return;
    await makeFolder(folder);
    const path = pathIn(folder, file);
    await rename(pending.path, path).catch(() => copyFile(pending.path, path));
  } catch {
    return;
  }
}

/** The file is complete: what was begun of it is of no use any more. */
export async function dropPartial(folder: string, file: Fetchable): Promise<void> {
  await rm(pathIn(folder, file), { force: true }).catch(() => undefined);
}
