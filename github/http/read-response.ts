import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { isFinal } from '../../io/http/network-error.ts';
import type { ApiFetch, ApiInit } from './fetch.ts';

/** The longest answer that is read, in bytes: a hundred releases with all their assets are a few MiB. */
const MAX_BODY = 64 * 1024 * 1024;
/** How long one request may take in all unless a client says otherwise, in milliseconds. */
export const TIMEOUT = 60_000;

/** One answer, read whole and bounded. */
export interface Exchange {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: Uint8Array;
}

/** The connection failed, or the answer did not arrive whole and in time; asking again may help. */
export class BrokenExchange extends Error {
  readonly timedOut: boolean;

  constructor(timedOut: boolean, cause: unknown) {
    super('the exchange broke', { cause });
    this.timedOut = timedOut;
  }
}

/** One request and its whole answer. Throws {@link BrokenExchange}; `E_UPSTREAM_ANSWER` where the body is too long. */
export async function exchange(
  fetch: ApiFetch,
  url: string,
  init: Omit<ApiInit, 'signal' | 'redirect'>,
  timeout: number,
): Promise<Exchange> {
  const signal = AbortSignal.timeout(timeout);
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal });
    const chunks: Uint8Array[] = [];
    let length = 0;
    // Leaving the loop early cancels the rest of the body.
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      if (length > MAX_BODY) {
        fail('E_UPSTREAM_ANSWER', `${new URL(url).host} answered more than ${String(MAX_BODY)} bytes`);
      }
      chunks.push(chunk);
    }
    const [only] = chunks;
    const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
    return { status: response.status, headers: response.headers, body };
  } catch (error) {
    const code = error instanceof PullthroughError ? error.code : undefined;
    if ((code !== undefined && code !== 'E_NETWORK' && code !== 'E_TIMEOUT') || isFinal(error)) throw error;
    throw new BrokenExchange(signal.aborted || code === 'E_TIMEOUT', error);
  }
}
