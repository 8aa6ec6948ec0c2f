import lockfile from 'proper-lockfile';
import { fail } from '../ledger-schema/index.ts';

/** Seconds after which a lock whose owner died is taken over; a living owner renews it every half of that. */
const STALE = 10_000;
const RETRIES = { retries: 200, factor: 1, minTimeout: 50, maxTimeout: 150, randomize: true };

/** Runs `action` while no other process or task holds the lock on `path`; waits about 20 s for it. Throws `E_MEMORY`. */
export async function withFileLock<T>(path: string, action: () => Promise<T>): Promise<T> {
  let release: () => Promise<void>;
  try {
    release = await lockfile.lock(path, { realpath: false, stale: STALE, retries: RETRIES });
  } catch (cause) {
    return fail('E_MEMORY', `another process keeps the lock ${path}.lock`, {
      hint: 'wait for it to end; if none is running, remove that folder',
      cause,
    });
  }
  try {
    return await action();
  } finally {
    await release().catch(() => undefined);
  }
}
