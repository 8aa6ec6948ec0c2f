import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TEMPORARY_NAME } from './file.ts';
import { systemCode } from '../io-error.ts';

/**
 * This program's temporary files in a folder that have not been written to since `before`: a killed run left them.
 * `names`: what they are called there. None where there is no folder. Throws the system's own errors; see
 * {@link ioError}.
 */
export async function leftoversIn(folder: string, before: Date, names = TEMPORARY_NAME): Promise<string[]> {
  const found: string[] = [];
  try {
    for (const name of await readdir(folder)) {
      if (!names.test(name)) continue;
      const path = join(folder, name);
      const stat = await lstat(path).catch(gone);
      if (stat && stat.mtime < before) found.push(path);
    }
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  return found;
}

/** No file takes this long to write. */
const DAY_MS = 86_400_000;

/** Removes what runs that were killed a day ago or more left in a folder; `age`: in milliseconds. Never fails. */
export async function sweep(folder: string, names = TEMPORARY_NAME, age = DAY_MS): Promise<void> {
  const left = await leftoversIn(folder, new Date(Date.now() - age), names).catch(() => []);
  for (const path of left) await rm(path, { force: true, recursive: true }).catch(() => undefined);
}

/** Another process removed it meanwhile. */
export function gone(error: unknown): undefined {
  if (systemCode(error) !== 'ENOENT') throw error;
}
