import { setTimeout as sleep } from 'node:timers/promises';
import lockfile from 'proper-lockfile';
import { ioError, systemCode } from '../io/io-error.ts';
import { PullthroughError } from '../ledger-schema/index.ts';

/** Seconds after which a lock whose owner died is taken over; a living owner renews it every half of that. */
const STALE = 10_000;
const TRIES = 200;
/** Where nobody holds it, waiting is of little use; Windows refuses for a moment what was just removed. */
const FEW = 5;

/**
 * Runs `action` while no other process or task holds the lock on `path`; waits about 20 s for it. A process that was
 * stopped for long loses it without noticing. Throws `E_MEMORY`.
 */
export async function withFileLock<T>(path: string, action: () => Promise<T>): Promise<T> {
  const release = await take(path);
  try {
    return await action();
  } finally {
    await release().catch(() => undefined);
  }
}

async function take(path: string): Promise<() => Promise<void>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await lockfile.lock(path, { realpath: false, stale: STALE, onCompromised: () => undefined });
    } catch (cause) {
      const held = systemCode(cause) === 'ELOCKED';
      if (attempt === (held ? TRIES : FEW)) throw refusal(path, held, cause);
      await sleep(50 + Math.random() * 100);
    }
  }
}

function refusal(path: string, held: boolean, cause: unknown): PullthroughError {
  if (!held) return ioError(cause, `cannot lock ${path}`, 'E_MEMORY');
  return new PullthroughError('E_MEMORY', `another process keeps the lock ${path}.lock`, {
    hint: 'wait for it to end; if none is running, remove that folder',
    cause,
  });
}
