import { PullthroughError } from '../ledger-schema/error.ts';
import { retryAfter, untilReset } from './retry.ts';
import type { Answer } from './answer.ts';
import { shownUrl } from './url.ts';

/** The longest wait that a server may ask for. */
const LONGEST_WAIT_MS = 60_000;

export interface Problem {
  readonly error: PullthroughError;
  /** May it go better a moment later? */
  readonly again: boolean;
  /** The wait that the server asks for, in milliseconds. */
  readonly waitMs: number | undefined;
}

/** What an answer's status means for a download; undefined for 200 and 206. */
export function statusError(answer: Answer, url: URL, withCredential: boolean): Problem | undefined {
  const { status } = answer;
  if (status === 200 || status === 206) return undefined;
  const where = shownUrl(url);
  const after = retryAfter(answer.header('retry-after'));
  const limited = status === 429 || (status === 403 && (after !== undefined || isUsedUp(answer)));
  const reset = isUsedUp(answer) ? untilReset(answer.header('x-ratelimit-reset'), answer.header('date')) : undefined;
  const asked = after ?? (limited ? reset : undefined);
  if (limited) {
    const waits = asked !== undefined && asked <= LONGEST_WAIT_MS;
    const error = new PullthroughError('E_RATE_LIMIT', `${where} allows no more requests for now (${status})`, {
      hint:
        asked === undefined ? 'try again later' : `try again in ${Math.ceil(asked / 1000)} s, at ${timeAfter(asked)}`,
    });
    return { error, again: waits || (status === 429 && asked === undefined), waitMs: waits ? asked : undefined };
  }
  if (status === 404 || status === 410) {
    const error = new PullthroughError('E_UPSTREAM_NOT_FOUND', `${where} is not there (${status})`, {
      hint: withCredential ? undefined : 'a private file needs a token; else upstream removed or renamed it',
    });
    return { error, again: false, waitMs: undefined };
  }
  if (status === 401 || status === 403) {
    const error = new PullthroughError('E_CREDENTIAL', `${where} refuses access (${status})`, {
      hint: withCredential ? 'check that the token is valid and may read this' : 'it may need a token',
    });
    return { error, again: false, waitMs: undefined };
  }
  if (status === 416) {
    // Asked for the rest of a file that broke off, and there is none.
    const error = new PullthroughError('E_TRUNCATED', `${where} has no more bytes than came (416)`, {
      hint: 'look at the file upstream',
    });
    return { error, again: true, waitMs: undefined };
  }
  const again = status === 408 || status === 425 || status >= 500;
  const error = new PullthroughError('E_HTTP', `${where} answered with status ${status}`, {
    hint: again ? 'try again later' : undefined,
  });
  return { error, again, waitMs: asked !== undefined && asked <= LONGEST_WAIT_MS ? asked : undefined };
}

function timeAfter(ms: number): string {
  return new Date(Math.min(Date.now() + ms, 8.64e15)).toISOString();
}

function isUsedUp(answer: Answer): boolean {
  return answer.header('x-ratelimit-remaining') === '0';
}
