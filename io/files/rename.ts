import { link, lstat, rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../../ledger-schema/error.ts';
import { systemCode } from '../io-error.ts';

/** What Windows answers while somebody has the file or folder open. */
const BUSY = ['EPERM', 'EACCES', 'EBUSY'];
const FIRST_WAIT = 10;
const LAST_WAIT = 1000;

interface System {
  readonly platform: NodeJS.Platform;
  readonly rename: (from: string, to: string) => Promise<void>;
}

/**
 * Moves a file or folder to its final name. Elsewhere that never waits for anybody; on Windows a virus scanner or a reader
 * can hold either of the two names for a moment, so it is tried again for about 2 s. Throws the system's own errors.
 */
export async function moveTo(
  from: string,
  to: string,
  system: System = { platform: process.platform, rename },
): Promise<void> {
  for (let wait = FIRST_WAIT; ; wait *= 2) {
    try {
      return await system.rename(from, to);
    } catch (error) {
      const busy = system.platform === 'win32' && BUSY.includes(systemCode(error) ?? '');
      if (!busy || wait > LAST_WAIT) throw error;
      await sleep(wait);
    }
  }
}

/**
 * As {@link moveTo}, where nothing is there yet. Throws `E_EXISTS` where something is, and leaves both as they are; on
 * a file system without hard links something created at that very moment is replaced.
 */
export async function placeAt(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (systemCode(error) === 'EEXIST' || (await isThere(to))) taken(to, error);
    return moveTo(from, to);
  }
  await rm(from, { force: true });
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function taken(path: string, cause: unknown): never {
  fail('E_EXISTS', `something else is there already: ${path}`, {
    hint: 'move it away, or choose another place',
    cause,
  });
}
