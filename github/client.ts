import { Octokit } from '@octokit/rest';
import type { z } from 'zod';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { httpFetch } from '../io/http/http.ts';
import type { ErrorCode } from '../ledger-schema/error.ts';
import type { LimitKeeper } from '../io/http/download/download.ts';
import type { Progress } from '../io/progress.ts';
import { backoff } from '../io/http/retry.ts';
import { requireSafeUrl } from '../io/http/url.ts';
import { askedText } from './asked.ts';
import { isAbsent, messageOf, nextLink, parseAnswer, statusError } from './status-errors.ts';
import type { ErrorContext, Refusal } from './status-errors.ts';
import { EtagCache, cacheIdentity } from './http/etag-cache.ts';
import { TIMEOUT } from './http/read-response.ts';
import { SYSTEM_CLOCK } from './http/fetch.ts';
import type { ApiFetch, Clock } from './http/fetch.ts';
import { Transport } from './http/transport.ts';
import type { TransportAnswer } from './http/transport.ts';
import type { Authorization } from './types.ts';

export interface GitHubClientOptions {
  /** `https://api.github.com`, or a GitHub Enterprise Server's `https://HOST/api/v3`. */
  readonly api: string;
  readonly token?: string | undefined;
  /** Why a token that is set isn't given, for errors. */
  readonly withheld?: string | undefined;
  /** The environment variable that the token comes from, for messages. Default: GITHUB_TOKEN. */
  readonly tokenName?: string | undefined;
  /** Answers are kept below `<cacheDir>/github/`; without it every request counts. */
  readonly cacheDir?: string | undefined;
  readonly progress: Progress;
  /** Default: io/http/http.ts. */
  readonly fetch?: ApiFetch | undefined;
  readonly clock?: Clock | undefined;
  /** Milliseconds that one request may take; default a minute. */
  readonly timeout?: number | undefined;
}

/** Parameters of a route, as Octokit takes them. */
export type Parameters = Record<string, unknown>;

export interface ApiResponse<T> {
  readonly value: T;
  /** A 304 confirmed an earlier answer. */
  readonly unchanged: boolean;
}

interface Call extends ErrorContext {
  readonly answer: TransportAnswer;
}

const HEADERS = {
  accept: 'application/vnd.github+json',
  'x-github-api-version': '2022-11-28',
  // GitHub answers 403 to requests without one.
  'user-agent': 'pullthrough',
};
const PER_PAGE = 100;
/** A hundred thousand items. */
const MAX_PAGES = 1000;
/** Failures after which a change may have happened. */
const PASSING = new Set<ErrorCode>(['E_NETWORK', 'E_TIMEOUT', 'E_HTTP']);

/**
 * One API with one credential. Octokit builds each request; on the wire {@link Transport} takes over, since limits,
 * redirects, bounds and kept answers need the raw answer. What comes back is checked by a schema of what is read.
 *
 * The constructor throws `E_CONFIG` for an address that is neither https nor this machine's, and `E_CREDENTIAL` for a
 * token that can't be one. All methods throw `E_CREDENTIAL` (401, 403), `E_RATE_LIMIT`, `E_NETWORK`, `E_TIMEOUT`,
 * `E_HTTP` and `E_UPSTREAM_ANSWER`.
 */
export class GitHubClient {
  /** The API's base, without a slash at the end. */
  readonly api: string;
  readonly origin: string;
  /** The environment variable that messages name. */
  readonly tokenName: string;
  /** Why a token that is set isn't sent, for errors. */
  readonly withheld: string | undefined;
  readonly #host: string;
  readonly #token: string | undefined;
  readonly #octokit: Octokit;
  readonly #clock: Clock;
  readonly #transport: Transport;

  constructor(options: GitHubClientOptions) {
    const url = requireSafeUrl(options.api);
    this.api = url.href.replace(/\/+$/, '');
    this.origin = url.origin;
    this.#host = url.host;
    this.tokenName = options.tokenName ?? 'GITHUB_TOKEN';
    this.withheld = options.withheld;
    this.#token = checkToken(options.token, this.tokenName);
    const identity = cacheIdentity(this.api, this.#token);
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#transport = new Transport({
      api: this.api,
      token: this.#token,
      fetch: options.fetch ?? httpFetch,
      clock: this.#clock,
      timeout: options.timeout ?? TIMEOUT,
      cache: options.cacheDir === undefined ? undefined : new EtagCache(options.cacheDir, identity),
      progress: options.progress,
      rateLimitHint:
        this.#token === undefined
          ? (options.withheld ?? `set ${this.tokenName}: with a token the limit is much higher`)
          : 'run again after that time; what was done so far is kept',
    });
    this.#octokit = new Octokit({ baseUrl: this.api });
  }

  /** The token for downloads from the API's origin, and for no other origin. */
  get authorization(): Authorization | undefined {
    return this.#token === undefined ? undefined : { origin: this.origin, value: `Bearer ${this.#token}` };
  }

  /** For downloads from the API's origin: they are limited as its requests are. */
  get limits(): LimitKeeper {
    return this.#transport.limits;
  }

  /** Requests sent, those answered by a 304, and milliseconds held back by limits. */
  get counts(): { readonly requests: number; readonly unchanged: number; readonly waited: number } {
    return { ...this.#transport.counts, waited: this.#transport.waited };
  }

  /** Reads one thing; undefined where it is not there, or not for this token. */
  async get<T>(route: string, parameters: Parameters, schema: z.ZodType<T>): Promise<ApiResponse<T> | undefined> {
    const read = await this.#read(route, parameters, schema);
    return read === undefined ? undefined : { value: read.value, unchanged: read.answer.unchanged };
  }

  /** Reads one thing that must be there. Throws `E_UPSTREAM_NOT_FOUND` too. */
  async need<T>(route: string, parameters: Parameters, schema: z.ZodType<T>): Promise<T> {
    const call = await this.#call(route, parameters, { repeatable: true });
    if (isAbsent(call.answer.status)) throw statusError(call, { status: call.answer.status, message: '' });
    return (await this.#check(call, route, parameters, schema)).value;
  }

  /**
   * Reads a list page by page, each item once however the pages shift meanwhile. `undefined` instead of a first page:
   * there is no such list. At most a thousand pages.
   */
  async *pages<T extends { readonly id: number }>(
    route: string,
    parameters: Parameters,
    schema: z.ZodType<T[]>,
  ): AsyncGenerator<ApiResponse<T[]> | undefined, void> {
    const seen = new Set<number>();
    const addresses = new Set<string>();
    const asked = askedText(filled(route, parameters));
    const perPage = typeof parameters.per_page === 'number' ? parameters.per_page : PER_PAGE;
    let next: string | undefined;
    for (let page = 1; page <= MAX_PAGES; page += 1) {
      const read =
        next === undefined
          ? await this.#read(route, { ...parameters, per_page: perPage, ...(page === 1 ? {} : { page }) }, schema)
          : await this.#read(`GET ${next}`, {}, schema);
      if (read === undefined) {
        if (page === 1) {
          yield undefined;
          return;
        }
        // What was read so far would pass for all there is.
        fail('E_UPSTREAM_ANSWER', `${this.#host} has no page ${String(page)} of what it was asked to ${asked}`, {
          hint: 'it may have been removed or renamed meanwhile: run again',
        });
      }
      const { value, answer } = read;
      yield { value: value.filter(({ id }) => !seen.has(id) && seen.add(id)), unchanged: answer.unchanged };
      next = nextLink(answer.link);
      if (next !== undefined && addresses.size === addresses.add(next).size) {
        fail('E_UPSTREAM_ANSWER', `${this.#host} leads in a circle, asked to ${asked}`);
      }
      // A full page that a 304 confirms says nothing about a page that was added after it since.
      if (next === undefined && !(answer.unchanged && value.length >= perPage)) return;
    }
    fail('E_UPSTREAM_ANSWER', `${this.#host} has more than ${String(MAX_PAGES)} pages, asked to ${asked}`);
  }

  /**
   * Changes something. `repeatable`: the request states the whole outcome, so that sending it twice does no harm. The
   * statuses in `refusals` are returned, not thrown.
   */
  async change<T>(
    route: string,
    parameters: Parameters,
    schema: z.ZodType<T>,
    { repeatable, refusals = [] }: { repeatable: boolean; refusals?: readonly number[] },
  ): Promise<{ value: T } | { refused: Refusal }> {
    const call = await this.#call(route, parameters, { repeatable });
    const { status, body } = call.answer;
    if (status >= 200 && status < 300) return { value: parseAnswer(call, body, schema) };
    const refused = { status, message: messageOf(body) };
    if (refusals.includes(status)) return { refused };
    throw statusError(call, refused);
  }

  /**
   * A change that must not happen twice. If it breaks on the way, nobody knows whether it happened: `done` looks, and
   * it is tried again only if it did not, three times in all.
   */
  async once<T>(send: () => Promise<T>, done: () => Promise<T | undefined>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await send();
      } catch (error) {
        if (!(error instanceof PullthroughError) || !PASSING.has(error.code)) throw error;
        await this.pause(tries);
        const found = await done();
        if (found !== undefined) return found;
        if (tries === 3) throw error;
      }
    }
  }

  /** Waits as it does before another try. */
  async pause(tries: number): Promise<void> {
    await this.#clock.sleep(backoff(tries + 1));
  }

  async #read<T>(route: string, parameters: Parameters, schema: z.ZodType<T>) {
    const call = await this.#call(route, parameters, { repeatable: true });
    return isAbsent(call.answer.status) ? undefined : this.#check(call, route, parameters, schema);
  }

  /** The answer's value. A kept answer that doesn't fit is asked for again: what is kept never decides. */
  async #check<T>(call: Call, route: string, parameters: Parameters, schema: z.ZodType<T>) {
    const { answer } = call;
    if (answer.status !== 200) throw statusError(call, { status: answer.status, message: messageOf(answer.body) });
    try {
      return { value: parseAnswer(call, answer.body, schema), answer };
    } catch (error) {
      if (!answer.unchanged) throw error;
      const again = await this.#call(route, parameters, { repeatable: true, fresh: true });
      if (again.answer.status !== 200) throw error;
      return { value: parseAnswer(again, again.answer.body, schema), answer: again.answer };
    }
  }

  async #call(route: string, parameters: Parameters, options: { repeatable: boolean; fresh?: boolean }): Promise<Call> {
    const built = this.#octokit.request.endpoint(route, parameters);
    const { method, url, body } = built as { method: string; url: string; body?: unknown };
    const answer = await this.#transport.send({
      ...options,
      method,
      url,
      headers: body === undefined ? HEADERS : { ...HEADERS, 'content-type': 'application/json; charset=utf-8' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const what = `${method} ${new URL(url).pathname}`;
    const hasToken = this.#token !== undefined;
    return { host: this.#host, what, tokenName: this.tokenName, hasToken, withheld: this.withheld, answer };
  }
}

/** A route with its parameters in it, for messages. */
function filled(route: string, parameters: Parameters): string {
  return route.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = parameters[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : whole;
  });
}

/** A token as it can stand in a header; environment files often leave a newline after it. */
function checkToken(token: string | undefined, name: string): string | undefined {
  const trimmed = token?.trim();
  if (trimmed === undefined || trimmed === '') return undefined;
  if (!/^[\x21-\x7e]{1,4096}$/.test(trimmed)) {
    fail('E_CREDENTIAL', `${name} holds characters that no token has`, { hint: `look at how ${name} is set` });
  }
  return trimmed;
}
