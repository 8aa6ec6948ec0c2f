import type { FastifyReply } from 'fastify';
import { PACE } from '../../io/http/download/pace.ts';
import type { PaceRules } from '../../io/http/download/pace.ts';
import { abortable } from '../../io/shared-work.ts';
import { PullthroughError } from '../../ledger-schema/index.ts';

/** How long the gateway waits for whom, in milliseconds. */
export interface Limits {
  /** For a request's headers. */
  readonly headers: number;
  /** For a client that takes nothing of its response. */
  readonly idle: number;
  /** For an answer that needs no file: a page, the API, which file a path means. */
  readonly answer: number;
  /** For the ledger's host, where something of the ledger isn't here yet. */
  readonly ledger: number;
  /** For the responses that are on their way when it stops. */
  readonly stop: number;
  /** How slow a store may be. */
  readonly pace: PaceRules;
}

export const LIMITS: Limits = {
  headers: 15_000,
  idle: 60_000,
  answer: 60_000,
  ledger: 15_000,
  stop: 30_000,
  pace: PACE,
};

/** How long a client waits for a file of this size at most: time for each store, and some to begin with. */
export function fetchingTime({ answer, pace }: Limits, size: number, stores: number): number {
  return answer + Math.max(1, stores) * (pace.graceMs + (size / pace.bytesPerSecond) * 1000);
}

/**
 * Does what a client waits for. The signal that the work is given aborts when the client is gone and after `ms`; then this
 * throws, `E_TIMEOUT` for the latter, whether or not the work ends.
 */
export async function whileWaiting<T>(
  reply: FastifyReply,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const late = (): void =>
    stop.abort(
      new PullthroughError('E_TIMEOUT', 'this took too long', {
        hint: 'try again; if it keeps failing, tell the people who run this',
      }),
    );
  const left = (): void => stop.abort(new PullthroughError('E_INTERRUPTED', 'the client is gone'));
  const timer = setTimeout(late, ms);
  reply.raw.once('close', left);
  try {
    if (reply.raw.destroyed) left();
    return await abortable(work(stop.signal), stop.signal);
  } finally {
    clearTimeout(timer);
    reply.raw.off('close', left);
  }
}
