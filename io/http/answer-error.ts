import { PullthroughError } from '../../ledger-schema/error.ts';
import { proxyError } from './network-error.ts';
import { retryAfter, untilReset } from './retry.ts';
import type { HttpResponse } from './http-response.ts';
import { shownFile } from './url.ts';
import { instantText } from '../../ledger-schema/fields.ts';

/** The longest wait that a server may ask for, and all waits of one download together. */
export const LONGEST_WAIT_MS = 60_000;
/** What GitHub's secondary limit says where no header tells it from a refusal. */
export const SECONDARY_LIMIT = /secondary rate limit|abuse detection/i;
/** The most of an error's body that is read, and how long it may take. */
const MOST_SAID = 65_536;
const SAID_MS = 10_000;

/** An answer that says to ask again later. */
export interface RateLimit {
  readonly kind: 'primary' | 'secondary';
  /** Milliseconds from now; undefined where it doesn't say. */
  readonly wait: number | undefined;
}

export interface Problem {
  readonly error: PullthroughError;
  /** Might it succeed a moment later? */
  readonly again: boolean;
  /** The wait that the server asks for, in milliseconds. */
  readonly waitMs: number | undefined;
  readonly limit?: RateLimit | undefined;
}

/** How a download was asked for. */
export interface Asked {
  readonly withCredential: boolean;
  readonly said?: string | undefined;
  readonly what?: string | undefined;
}

/**
 * What an answer's status means for a download; undefined for 200 and 206. `said`: the body of a 403, see
 * {@link refusalText}. `what`: what a person calls the file; its address is shown without it.
 */
export function statusError(
  answer: HttpResponse,
  url: URL,
  { withCredential, said = '', what }: Asked,
): Problem | undefined {
  const { status } = answer;
  if (status === 200 || status === 206) return undefined;
  const where = shownFile(url, what);
  const after = retryAfter(answer.header('retry-after'));
  const secondary = status === 403 && SECONDARY_LIMIT.test(said);
  const limited = status === 429 || secondary || (status === 403 && (after !== undefined || isUsedUp(answer)));
  const reset = isUsedUp(answer) ? untilReset(answer.header('x-ratelimit-reset'), answer.header('date')) : undefined;
  // Docs, "Exceeding the rate limit": a secondary one that gives no time wants at least a minute.
  const asked = after ?? (limited ? reset : undefined) ?? (secondary ? LONGEST_WAIT_MS : undefined);
  if (limited) {
    const waits = asked !== undefined && asked <= LONGEST_WAIT_MS;
    const error = new PullthroughError(
      'E_RATE_LIMIT',
      what === undefined
        ? `${where} allows no more requests for now (${status})`
        : `${where} can't be had for now: no more requests are allowed (${status})`,
      {
        hint:
          asked === undefined ? 'try again later' : `try again in ${Math.ceil(asked / 1000)} s, at ${timeAfter(asked)}`,
      },
    );
    const kind = after === undefined && isUsedUp(answer) ? 'primary' : 'secondary';
    const limit: RateLimit = { kind, wait: after ?? reset };
    return { error, again: waits || (status === 429 && asked === undefined), waitMs: waits ? asked : undefined, limit };
  }
  if (status === 404 || status === 410) {
    const error = new PullthroughError('E_UPSTREAM_NOT_FOUND', `${where} is not there (${status})`, {
      hint: withCredential ? undefined : 'a private file needs a token; else upstream removed or renamed it',
    });
    return { error, again: false, waitMs: undefined };
  }
  if (status === 451) {
    const error = new PullthroughError('E_UPSTREAM_NOT_FOUND', `${where} is withheld for legal reasons (451)`, {
      hint: 'upstream took it down, or may not show it where this runs: ask there',
    });
    return { error, again: false, waitMs: undefined };
  }
  if (status === 407) return { error: proxyError(where, status), again: false, waitMs: undefined };
  if (status === 401 || status === 403) {
    const error = new PullthroughError(
      'E_CREDENTIAL',
      what === undefined ? `${where} refuses access (${status})` : `access to ${where} is refused (${status})`,
      {
        hint: withCredential ? 'check that the token is valid and may read this' : 'it may need a token',
      },
    );
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
  const error = new PullthroughError(
    'E_HTTP',
    what === undefined ? `${where} answered with status ${status}` : `${where} can't be had: it answered ${status}`,
    {
      hint: again ? 'try again later' : undefined,
    },
  );
  return { error, again, waitMs: asked !== undefined && asked <= LONGEST_WAIT_MS ? asked : undefined };
}

/** What a 403 says in JSON, where no header tells what it is; bounded, and empty where it can't be read. */
export async function refusalText(answer: HttpResponse): Promise<string> {
  if (answer.status !== 403 || !/^application\/(?:[\w.]+\+)?json\b/i.test(answer.header('content-type') ?? ''))
    return '';
  if (answer.header('retry-after') !== undefined || isUsedUp(answer)) return '';
  const begun = performance.now();
  const parts: Uint8Array[] = [];
  let total = 0;
  try {
    for await (const part of answer.body) {
      parts.push(part);
      total += part.length;
      if (total > MOST_SAID || performance.now() - begun > SAID_MS) return '';
    }
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    return '';
  }
  return Buffer.concat(parts).toString('utf8');
}

function timeAfter(ms: number): string {
  return instantText(Math.ceil(Math.min(Date.now() + ms, 8.64e15) / 1000) * 1000);
}

function isUsedUp(answer: HttpResponse): boolean {
  return answer.header('x-ratelimit-remaining') === '0';
}
