import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import type { LimitKeeper } from '../../io/http/download/download.ts';
import type { Progress } from '../../io/progress.ts';
import { RETRY, backoff, retryAfter } from '../../io/http/retry.ts';
import { askedText } from '../asked.ts';
import { messageOf } from '../status-errors.ts';
import { ifNoneMatch } from './etag-cache.ts';
import type { CachedAnswer, EtagCache } from './etag-cache.ts';
import { BrokenExchange, exchange } from './read-response.ts';
import type { Exchange } from './read-response.ts';
import type { ApiFetch, Clock } from './fetch.ts';
import { RateGate, limitOf } from './rate-gate.ts';
import { Limit } from '../../io/limit.ts';

/** GitHub's advice is far fewer than 100 at once, and changes one after another. */
const CONCURRENCY = 24;
/** Half a second, doubling up to eight: waiting for an API shows no progress. */
const RULES = { ...RETRY, capMs: 8000 };
const MAX_REDIRECTS = 5;
const MAX_RETRY_AFTER = 15_000;

export interface TransportOptions {
  /** The API's base without a slash at the end. */
  readonly api: string;
  readonly token: string | undefined;
  readonly fetch: ApiFetch;
  readonly clock: Clock;
  /** Milliseconds for one request. */
  readonly timeout: number;
  readonly cache: EtagCache | undefined;
  readonly progress: Progress;
  readonly rateLimitHint: string;
}

export interface TransportRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body?: string | undefined;
  /** Asks without a condition, as if nothing had been kept. */
  readonly fresh?: boolean | undefined;
  /** May be sent again after it broke on the way, or after a 5xx: reading, and changes that say the whole outcome. */
  readonly repeatable: boolean;
}

export interface TransportAnswer {
  readonly status: number;
  readonly body: Uint8Array;
  readonly link: string | undefined;
  /** The body is the kept one, confirmed by a 304. */
  readonly unchanged: boolean;
}

/**
 * Sends requests to the API's origin and to no other, with the token: follows redirects inside it (a rename), waits
 * for limits, tries again what may be tried again, and keeps answers with their ETags.
 */
export class Transport {
  readonly #options: TransportOptions;
  readonly #origin: string;
  readonly #host: string;
  readonly #gate: RateGate;
  readonly #reads = new Limit(CONCURRENCY);
  readonly #changes = new Limit(1);
  /** Requests sent, and how many of them a 304 answered. */
  readonly counts = { requests: 0, unchanged: 0 };

  constructor(options: TransportOptions) {
    this.#options = options;
    const { origin, host } = new URL(options.api);
    this.#origin = origin;
    this.#host = host;
    this.#gate = new RateGate({ ...options, host, hint: options.rateLimitHint });
  }

  /** Everything else that asks this origin waits at the same gate. */
  get limits(): LimitKeeper {
    const gate = this.#gate;
    return { origin: this.#origin, pass: () => gate.pass(), close: (limit) => gate.close(limit) };
  }

  /** Milliseconds that requests were held back by limits. */
  get waited(): number {
    return this.#gate.waited;
  }

  async send(request: TransportRequest): Promise<TransportAnswer> {
    let url = this.#inside(request.url, 'the address of a request');
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const { answer, kept } = await this.#sendOnce(request, url);
      switch (answer.status) {
        case 301:
        case 302:
        case 307:
        case 308: {
          const location =
            answer.headers.get('location') ??
            fail('E_UPSTREAM_ANSWER', `${this.#name(request, url)}, gave a redirect without a location`);
          url = this.#inside(location, this.#name(request, url), url);
          continue;
        }
        case 304:
          if (kept === undefined)
            fail('E_UPSTREAM_ANSWER', `${this.#name(request, url)}, gave a 304 to a request without a condition`);
          this.counts.unchanged += 1;
          return { status: 200, body: kept.body, link: answer.headers.get('link') ?? kept.link, unchanged: true };
        default: {
          const link = answer.headers.get('link') ?? undefined;
          const etag = answer.headers.get('etag');
          if (request.method === 'GET' && answer.status === 200 && etag !== null && this.#options.cache !== undefined) {
            await this.#options.cache.write(cacheRequest(request, url), { etag, link, body: answer.body });
          }
          return { status: answer.status, body: answer.body, link, unchanged: false };
        }
      }
    }
    fail('E_UPSTREAM_ANSWER', `${this.#name(request, url)}, gave more than ${String(MAX_REDIRECTS)} redirects`);
  }

  /** One URL until it answers something other than a limit or a passing failure. */
  async #sendOnce(request: TransportRequest, url: URL): Promise<{ answer: Exchange; kept: CachedAnswer | undefined }> {
    const { clock, token, cache, timeout } = this.#options;
    const headers = { ...request.headers };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    const readable = request.method === 'GET' && request.fresh !== true;
    const kept = readable ? await cache?.read(cacheRequest(request, url)) : undefined;
    if (kept !== undefined) {
      headers['if-none-match'] = ifNoneMatch(kept, token, {
        accept: headers.accept ?? '',
        ...authorizationOf(headers),
      });
    }
    const slots = request.method === 'GET' ? this.#reads : this.#changes;
    for (let tries = 1; ;) {
      let answer: Exchange | undefined;
      try {
        answer = await slots.run(async () => {
          await this.#gate.pass();
          this.counts.requests += 1;
          const init = { method: request.method, headers, body: request.body };
          const got = await exchange(this.#options.fetch, url.href, init, timeout);
          // Before the next request takes this one's place, or it would meet the limit as well.
          const limit = limitOf(got, () => messageOf(got.body), clock.now());
          if (limit !== undefined) this.#gate.close(limit);
          return limit === undefined ? got : undefined;
        });
      } catch (error) {
        if (!(error instanceof BrokenExchange)) throw error;
        if (!request.repeatable || tries >= (error.timedOut ? 2 : RULES.tries)) this.#broken(request, url, error);
        await clock.sleep(backoff(tries + 1, RULES));
        tries += 1;
        continue;
      }
      if (answer === undefined) continue;
      if (answer.status < 500 || !request.repeatable || tries >= RULES.tries) return { answer, kept };
      const after = retryAfter(answer.headers.get('retry-after') ?? undefined, clock.now()) ?? 0;
      await clock.sleep(Math.max(backoff(tries + 1, RULES), Math.min(after, MAX_RETRY_AFTER)));
      tries += 1;
    }
  }

  /** The address, if it lies in the API's origin. Its query string is never shown. */
  #inside(address: string, what: string, base?: URL): URL {
    const url = URL.canParse(address, base?.href) ? new URL(address, base) : undefined;
    if (url === undefined) fail('E_UPSTREAM_ANSWER', `${what}: an address that is not one`);
    if (url.origin !== this.#origin || url.username !== '' || url.password !== '') {
      fail('E_UPSTREAM_ANSWER', `${what} leads away from ${this.#origin}, to ${url.origin}`, {
        hint: 'the token goes to the configured API only; change `api` where it has moved for good',
      });
    }
    return url;
  }

  #broken(request: TransportRequest, url: URL, { timedOut, cause }: BrokenExchange): never {
    if (cause instanceof PullthroughError) throw cause;
    const what = timedOut ? 'does not answer in time' : 'broke the connection off';
    fail(
      timedOut ? 'E_TIMEOUT' : 'E_NETWORK',
      `${this.#host} ${what}, asked to ${askedText(`${request.method} ${url.pathname}`)}`,
      {
        cause,
        hint: 'look at the network and at HTTPS_PROXY, then run again',
      },
    );
  }

  #name(request: TransportRequest, url: URL): string {
    return `${this.#host}, asked to ${askedText(`${request.method} ${url.pathname}`)}`;
  }
}

function authorizationOf(headers: Record<string, string>): { authorization?: string } {
  return headers.authorization === undefined ? {} : { authorization: headers.authorization };
}

function cacheRequest(request: TransportRequest, url: URL): string {
  return `${request.method} ${url.href}\n${request.headers.accept ?? ''}`;
}
