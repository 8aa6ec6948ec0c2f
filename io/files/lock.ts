import lockfile from 'proper-lockfile';
import { PullthroughError } from '../../ledger-schema/error.ts';
import type { ErrorCode } from '../../ledger-schema/error.ts';
import { ioError, systemCode } from '../io-error.ts';
import { pause } from '../http/retry.ts';

/** Times in milliseconds. */
export interface LockOptions {
  /** A lock whose owner died is taken over after this. */
  readonly staleMs: number;
  /** A living owner renews its lock every so often. */
  readonly renewMs: number;
  /** How long to wait for others. */
  readonly patienceMs: number;
  /** The code of failures. */
  readonly code: ErrorCode;
}

/** For what is written in a moment. */
export const MOMENT = { staleMs: 10_000, renewMs: 5_000, patienceMs: 20_000 } as const;

/** Where nobody holds it, waiting is of little use; Windows refuses a name for a moment after it was removed. */
const FEW_MS = 500;

/**
 * Runs `action` while no other process or task holds the lock of a path, which lies beside it. A process that was
 * stopped for a long time loses it without noticing. Throws `options.code`.
 */
export async function withLock<T>(path: string, options: LockOptions, action: () => Promise<T>): Promise<T> {
  const release = await take(path, options);
  try {
    return await action();
  } finally {
    await release().catch(() => undefined);
  }
}

async function take(path: string, { staleMs, renewMs, patienceMs, code }: LockOptions): Promise<() => Promise<void>> {
  const started = performance.now();
  for (;;) {
    try {
      return await lockfile.lock(path, {
        realpath: false,
        stale: staleMs,
        update: renewMs,
        onCompromised: () => undefined,
      });
    } catch (cause) {
      const held = systemCode(cause) === 'ELOCKED';
      if (performance.now() - started > (held ? patienceMs : FEW_MS)) throw refusal(path, held, code, cause);
      await pause(50 + Math.random() * 100);
    }
  }
}

function refusal(path: string, held: boolean, code: ErrorCode, cause: unknown): PullthroughError {
  if (!held) return ioError(cause, `cannot lock ${path}`, code);
  return new PullthroughError(code, `another process keeps the lock ${path}.lock`, {
    hint: 'wait for it to end; if none is running, remove that folder',
    cause,
  });
}
