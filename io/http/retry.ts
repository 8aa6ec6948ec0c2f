import { setTimeout as sleep } from 'node:timers/promises';

/** How often and how patiently something is tried again. Times in milliseconds. */
export interface RetryRules {
  /** Tries in a row that brought nothing. */
  readonly tries: number;
  /** The longest wait before the second try; it doubles with each further one. */
  readonly baseMs: number;
  /** The longest wait of all. */
  readonly capMs: number;
}

/** A server that sends nothing for this long, in milliseconds, is given up. */
export const STALL_MS = 60_000;

export const RETRY: RetryRules = { tries: 5, baseMs: 500, capMs: 30_000 };

/**
 * The wait before try `attempt` (2, 3, …): between half of it and the whole, so that many clients that failed at once
 * don't come back at once.
 */
export function backoff(attempt: number, rules: RetryRules = RETRY): number {
  const longest = Math.min(rules.capMs, rules.baseMs * 2 ** (attempt - 2));
  return longest * (0.5 + Math.random() / 2);
}

/** Waits; an aborted signal ends it with its reason. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw error;
  });
}

/**
 * The wait for the reset that GitHub's `x-ratelimit-reset` names, in milliseconds; undefined where it names none. It is the
 * server's time: its own Date header keeps a wrong clock here out of the sum.
 */
export function untilReset(reset: string | undefined, date: string | undefined, now = Date.now()): number | undefined {
  if (reset === undefined || !/^\d{1,12}$/.test(reset)) return undefined;
  const theirs = Date.parse(date ?? '');
  return Math.max(1000, Number(reset) * 1000 - (Number.isNaN(theirs) ? now : theirs) + 1000);
}

/** The wait that Retry-After asks for, in milliseconds; undefined where there is none. */
export function retryAfter(value: string | undefined, now: number = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
