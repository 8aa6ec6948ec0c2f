/** A request as one of the servers received it. */
export interface ReceivedRequest {
  /** `web` is the API's server too, unless they were asked to be two; `elsewhere` is nobody's. */
  readonly server: 'api' | 'web' | 'storage' | 'elsewhere';
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** What it was answered with; undefined while it is, or where the connection was cut. */
  status: number | undefined;
}

/** Which requests a fault is for: a pattern for method and URL (`GET /repos/…`), or a function. Default: all. */
export type Match = RegExp | ((request: ReceivedRequest) => boolean);

export interface FaultOptions {
  readonly match?: Match;
  /** How many requests it meets; default once. */
  readonly times?: number;
}

export type ApiFault =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: Record<string, string>;
      readonly body: string;
    }
  | { readonly kind: 'reset' }
  | { readonly kind: 'stall' }
  /** The right answer's beginning, and then the end of the connection. */
  | { readonly kind: 'cut-off' };

/**
 * What the storage host can do to a file: `truncated` breaks the connection at `at`; `short` ends there as if that were
 * all; `slow` pauses between small pieces; `stalled` sends no byte after `at`; `oversized` adds bytes after the end
 * (`oversized-declared` declares them too); `wrong` turns one bit; `gzip` encodes and says so, `gzip-claimed` only says
 * so; `reset` cuts before the answer; `missing`, `busy` and `expired` answer 404, 503 and 403; `no-range` ignores Range
 * and If-Range; `changed` serves other bytes of the same size with another ETag from now on; `elsewhere` redirects
 * away.
 */
export type BytesFault =
  | 'truncated'
  | 'short'
  | 'slow'
  | 'stalled'
  | 'oversized'
  | 'oversized-declared'
  | 'wrong'
  | 'gzip'
  | 'gzip-claimed'
  | 'reset'
  | 'missing'
  | 'busy'
  | 'expired'
  | 'no-range'
  | 'changed'
  | 'elsewhere';

export interface BytesFaultOptions {
  /** The asset's name; default any. */
  readonly asset?: string;
  /** How many downloads it meets; default once. */
  readonly times?: number;
  /** After how many bytes; default half. */
  readonly at?: number;
}

interface Counted<T> {
  readonly fault: T;
  readonly applies: (request: ReceivedRequest) => boolean;
  left: number;
}

export interface ChosenBytesFault {
  readonly kind: BytesFault;
  readonly at: number | undefined;
}

/** The switches for everything that can go wrong. Each meets its next requests, in the order they were set. */
export class GitHubFaults {
  #api: Counted<ApiFault>[] = [];
  #bytes: Counted<ChosenBytesFault & { readonly asset: string | undefined }>[] = [];
  #before: { readonly applies: (request: ReceivedRequest) => boolean; action: Action; left: number }[] = [];

  /** The hourly limit is used up for `seconds`. */
  primaryLimit({ seconds, status = 403, ...options }: FaultOptions & { seconds: number; status?: 403 | 429 }): void {
    const reset = String(Math.floor(Date.now() / 1000) + seconds);
    const headers = { 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset };
    this.answer({ ...options, status, headers, message: 'API rate limit exceeded for user ID 1.' });
  }

  /** The limit on bursts; without `retryAfter` (seconds) only its words tell it from a 'no'. */
  secondaryLimit({
    retryAfter,
    status = 403,
    ...options
  }: FaultOptions & { retryAfter?: number; status?: 403 | 429 } = {}) {
    const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
    const message = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';
    this.answer({ ...options, status, headers, message });
  }

  /** A plain 403: the token may not. */
  forbidden(options: FaultOptions = {}): void {
    this.answer({ ...options, status: 403, message: 'Resource not accessible by personal access token' });
  }

  serverErrors({
    status = 502,
    retryAfter,
    ...options
  }: FaultOptions & { status?: number; retryAfter?: number } = {}): void {
    const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
    this.answer({ ...options, status, headers, message: 'Server Error' });
  }

  /** The API itself redirects, to an address inside or outside of it. */
  redirect({ to, status = 302, ...options }: FaultOptions & { to: string; status?: 301 | 302 | 307 | 308 }): void {
    this.answer({ ...options, status, headers: { location: to }, message: 'Moved' });
  }

  /** Any answer at all; `body` instead of a JSON message. */
  answer(
    options: FaultOptions & { status: number; headers?: Record<string, string>; message?: string; body?: string },
  ) {
    const { status, headers = {}, message = '', body = JSON.stringify({ message }), match, times } = options;
    this.#addApi({ kind: 'answer', status, headers, body }, { match, times });
  }

  /** The connection is cut before the API answers. */
  reset(options: FaultOptions = {}): void {
    this.#addApi({ kind: 'reset' }, options);
  }

  /** The API takes the request and never answers. */
  stall(options: FaultOptions = {}): void {
    this.#addApi({ kind: 'stall' }, options);
  }

  /** The API's answer breaks off in the middle. */
  cutOff(options: FaultOptions = {}): void {
    this.#addApi({ kind: 'cut-off' }, options);
  }

  /** Runs something before a request is looked at: upstream changes between two requests, a page shifts. */
  before(match: Match, action: Action, { times = 1 }: { times?: number } = {}): void {
    this.#before.push({ applies: matcher(match), action, left: times });
  }

  /** What happens to downloads. */
  bytes(kind: BytesFault, { asset, times = 1, at }: BytesFaultOptions = {}): void {
    this.#bytes.push({ fault: { kind, at, asset }, applies: () => true, left: times });
  }

  /** All is well again. */
  clear(): void {
    this.#api = [];
    this.#bytes = [];
    this.#before = [];
  }

  /** For the server: the fault that meets this request. */
  takeApi(request: ReceivedRequest): ApiFault | undefined {
    return take(this.#api, ({ applies }) => applies(request))?.fault;
  }

  takeBytes(asset: string): ChosenBytesFault | undefined {
    return take(this.#bytes, ({ fault }) => fault.asset === undefined || fault.asset === asset)?.fault;
  }

  async runBefore(request: ReceivedRequest): Promise<void> {
    for (const hook of this.#before) {
      if (hook.left <= 0 || !hook.applies(request)) continue;
      hook.left -= 1;
      await hook.action(request);
    }
  }

  #addApi(fault: ApiFault, { match, times = 1 }: FaultOptions): void {
    this.#api.push({ fault, applies: matcher(match), left: times });
  }
}

export type Action = (request: ReceivedRequest) => void | Promise<void>;

function matcher(match: Match | undefined): (request: ReceivedRequest) => boolean {
  if (match === undefined) return () => true;
  if (typeof match === 'function') return match;
  return ({ method, url }) => match.test(`${method} ${url}`);
}

function take<T extends { left: number }>(faults: T[], fits: (fault: T) => boolean): T | undefined {
  const found = faults.find((fault) => fault.left > 0 && fits(fault));
  if (found !== undefined) found.left -= 1;
  return found;
}
