import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What git calls a pack that is still arriving: `tmp_pack_…`, and `pack-….temp` from a plain web server. */
const UNFINISHED = /^tmp_|\.temp$/;

interface Unfinished {
  readonly path: string;
  readonly size: number;
  readonly modified: number;
}

async function unfinished(gitDir: string): Promise<Unfinished[]> {
  const folder = join(gitDir, 'objects', 'pack');
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      if (!UNFINISHED.test(name)) return [];
      const path = join(folder, name);
      // It may be finished by now.
      const file = await stat(path).catch(() => undefined);
      return file === undefined ? [] : [{ path, size: file.size, modified: file.mtimeMs }];
    }),
  );
  return found.flat();
}

/** How many bytes of packs are on their way into a repository. */
export async function unfinishedBytes(gitDir: string): Promise<number> {
  return (await unfinished(gitDir)).reduce((sum, { size }) => sum + size, 0);
}

/** Removes packs that were never completed: those not written to since a given time, or only those that were. */
export async function removeUnfinished(
  gitDir: string,
  time: number,
  which: 'before' | 'since' = 'before',
): Promise<void> {
  for (const { path, modified } of await unfinished(gitDir)) {
    if (which === 'since' ? modified >= time : modified < time) await rm(path, { force: true });
  }
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
