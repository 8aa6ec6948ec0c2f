import { readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const DAY = 24 * 3_600_000;
/** What was not asked for again in this time is of no use: its tool or its release is gone. Milliseconds. */
const UNUSED = 30 * DAY;

/** Marks a kept answer as used, by its file's modification time, at most once a day. Never fails. */
export async function touch(path: string, modified: number, now = Date.now()): Promise<void> {
  if (modified > now - DAY) return;
  await utimes(path, new Date(now), new Date(now)).catch(() => undefined);
}

/**
 * Removes the files in the folders of `directory` that nobody used for a month, so that a cache that is kept for years
 * (as by actions/cache) holds what its tools have now. Looks once a day, by the file `stamp`. Never fails.
 */
export async function prune(directory: string, stamp: string, now = Date.now()): Promise<void> {
  try {
    if ((await modifiedAt(stamp)) > now - DAY) return;
    await writeFile(stamp, '', { mode: 0o600 });
    for (const folder of await readdir(directory)) {
      for (const name of await readdir(join(directory, folder))) {
        const path = join(directory, folder, name);
        if ((await modifiedAt(path)) < now - UNUSED) await rm(path, { force: true });
      }
    }
  } catch {
    // What can't be removed stays: it takes room, and harms nothing.
  }
}

async function modifiedAt(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}
