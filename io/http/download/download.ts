import { createHash } from 'node:crypto';
import { fail, PullthroughError } from '../../../ledger-schema/error.ts';
import { LONGEST_WAIT_MS, refusalText, statusError } from '../answer-error.ts';
import type { Problem, RateLimit } from '../answer-error.ts';
import { release } from '../../body/blocks.ts';
import { Body } from '../../body/body.ts';
import { isFinal } from '../network-error.ts';
import { Pace } from './pace.ts';
import type { PaceRules } from './pace.ts';
import { isRest, rangeHeaders, totalOf, validatorOf } from './resume.ts';
import type { Validator } from './resume.ts';
import { backoff, pause, RETRY, STALL_MS } from '../retry.ts';
import type { RetryRules } from '../retry.ts';
import { get } from '../transport.ts';
import type { HttpResponse } from '../http-response.ts';
import { publicOnly } from '../public-only.ts';
import type { PrivateHosts } from '../public-only.ts';
import { redirectTarget, requireSafeUrl, shownUrl } from '../url.ts';

export { hashing } from '../../files/hash.ts';
export type { HashAlgorithm, Hashing } from '../../files/hash.ts';

/** Keeps the limits of one origin, so that all who ask it wait together. Both throw `E_RATE_LIMIT`. */
export interface LimitKeeper {
  readonly origin: string;
  /** Returns when the origin may be asked. */
  pass(): Promise<void>;
  /** Told of an answer that says to ask later. */
  close(limit: RateLimit): void;
}

export interface DownloadRequest {
  readonly url: string;
  /** The exact size in bytes that was declared: a longer body is `E_SIZE`, a shorter one is tried again. */
  readonly size?: number | undefined;
  /** Only the bytes from here on: the caller has those before, of an earlier run, and knows the digest of the whole. */
  readonly offset?: number | undefined;
  /** With `offset`: what the server called the version that those bytes are of. The rest of any other is `E_UPSTREAM_CHANGED`. */
  readonly validator?: string | undefined;
  /** Told of what the server calls the version that is being read: strong enough to join parts by; undefined where it isn't. */
  readonly onValidator?: ((validator: string | undefined) => void) | undefined;
  /** The most bytes to take where no size was declared. */
  readonly maxSize?: number | undefined;
  readonly accept?: string | undefined;
  /** An Authorization header's value for one origin (scheme, host, port); no other origin sees it. */
  readonly authorization?: { readonly origin: string; readonly value: string } | undefined;
  /**
   * Refuses addresses that are not public, except for these hosts; see {@link publicOnly}. Without it any address will
   * do: that is for hosts that the person who runs this named.
   */
  readonly privateHosts?: PrivateHosts | undefined;
  /** Told of the URL that the bytes come from, behind all redirects. */
  readonly onSource?: ((url: URL) => void) | undefined;
  /** Knows the limits of this URL's origin; without it a download does its own waiting, a minute in all. */
  readonly limits?: LimitKeeper | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of new bytes as they arrive; bytes that come twice are told once. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly retry?: RetryRules | undefined;
  /** Milliseconds without a byte after which a try is given up; 60,000 by default. */
  readonly stallMs?: number | undefined;
  /** How slow the sender may be; a minute behind 16 KiB/s by default. One that trickles is not tried again. */
  readonly pace?: PaceRules | undefined;
}

const MOST_REDIRECTS = 10;
/** A try that brought this much counts as progress: the next failure is a first one again. */
const PROGRESS = 1 << 20;

/**
 * The bytes at a URL, exactly once and in order, however often the connection breaks: what is missing is asked for by
 * Range with If-Range (RFC 9110, 13.1.5 and 14.2), or read again and skipped where a server can't do that but still has
 * the same file. Nothing is asked for before the first byte is. The bytes are unverified; the caller hashes them.
 *
 * `E_UPSTREAM_CHANGED`: the file there now is not the one that the download began with; see {@link startingOver}.
 * `E_SIZE`,
 * `E_TRUNCATED`, `E_TIMEOUT`, `E_NETWORK`, `E_HTTP`, `E_RATE_LIMIT`, `E_CREDENTIAL`, 404 and 410:
 * `E_UPSTREAM_NOT_FOUND`; `E_CONFIG` for a URL that is refused.
 */
export function openDownload(request: DownloadRequest): Body {
  return new Body(download(request));
}

async function* download(request: DownloadRequest): AsyncGenerator<Uint8Array, void, undefined> {
  const rules = request.retry ?? RETRY;
  const delivered = new Delivered(request);
  let waited = 0;
  for (let attempt = 1; ; attempt++) {
    const before = delivered.bytes;
    let problem: Problem | undefined;
    const pace = new Pace(shownUrl(request.url), request.pace, request.signal);
    try {
      const { answer, url } = await follow(request, delivered, pace);
      const withCredential = request.authorization?.origin === url.origin;
      problem = statusError(answer, url, withCredential, await pace.waitFor(refusalText(answer)));
      if (problem) {
        answer.abandon();
        if (answer.status === 416 && delivered.isBegun) throw changed(url);
        if (problem.limit === undefined || request.limits?.origin !== url.origin) throw problem.error;
        const { limit } = problem;
        problem = undefined;
        request.limits.close(limit);
        attempt -= 1;
        continue;
      }
      request.onSource?.(url);
      yield* delivered.take(answer, url, pace);
      return;
    } catch (error) {
      if (!(error instanceof PullthroughError) || request.signal?.aborted || pace.trickles) throw error;
      if (delivered.bytes - before >= PROGRESS) attempt = 1;
      if (attempt >= rules.tries || !(problem?.again ?? isWorthAnotherTry(error))) throw error;
      waited += problem?.waitMs ?? 0;
      if (waited > LONGEST_WAIT_MS) throw error;
      await pause(problem?.waitMs ?? backoff(attempt + 1, rules), request.signal);
    } finally {
      pace.stop();
    }
  }
}

function isWorthAnotherTry(error: PullthroughError): boolean {
  if (error.code === 'E_NETWORK') return !isFinal(error);
  return error.code === 'E_TIMEOUT' || error.code === 'E_TRUNCATED';
}

/** Sends the request, following redirects by hand: the Authorization header goes to its own origin alone. */
async function follow(
  request: DownloadRequest,
  delivered: Delivered,
  pace: Pace,
): Promise<{ answer: HttpResponse; url: URL }> {
  let url = requireSafeUrl(request.url);
  const guard = request.privateHosts && publicOnly(url, request.privateHosts);
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const { authorization, limits } = request;
    guard?.check(url);
    if (limits?.origin === url.origin) await limits.pass();
    const headers = {
      'user-agent': 'pullthrough',
      accept: request.accept ?? '*/*',
      'accept-encoding': 'identity',
      ...delivered.headers(),
      ...(authorization?.origin === url.origin ? { authorization: authorization.value } : {}),
    };
    const { stallMs = STALL_MS } = request;
    const answer = await pace.waitFor(
      get(url, { headers, stallMs, signal: pace.signal, lookup: guard?.lookupFor(url) }),
    );
    if (![301, 302, 303, 307, 308].includes(answer.status)) return { answer, url };
    answer.abandon();
    url = redirectTarget(url, answer.header('location'));
  }
  return fail('E_HTTP', `${shownUrl(request.url)} redirects more than ${MOST_REDIRECTS} times`);
}

/** What the caller has got so far, and what the next answer must be to go on from there. */
class Delivered {
  readonly #request: DownloadRequest;
  #version: Validator | undefined;
  /** Kept where there is no validator: only a body that begins with the same bytes can go on. */
  #prefix = createHash('sha256');
  bytes: number;

  constructor(request: DownloadRequest) {
    this.#request = request;
    this.bytes = request.offset ?? 0;
  }

  /** Are all bytes that the caller has those of an earlier run? */
  get isBegun(): boolean {
    return this.#version === undefined && this.bytes > 0;
  }

  headers(): Record<string, string> {
    const validator = this.isBegun ? this.#request.validator : this.#version?.validator;
    if (this.bytes > 0 && validator !== undefined) return rangeHeaders(this.bytes, validator);
    // Nothing says which version an earlier run had: the digest will.
    return this.isBegun ? { range: `bytes=${this.bytes}-` } : {};
  }

  /** The bytes of an answer that the caller has not got yet. */
  async *take(answer: HttpResponse, url: URL, pace: Pace): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      const skip = this.#begin(answer, url);
      const blocks = pace.through(answer.body.chunks);
      const body = skip > 0 ? this.#skipping(blocks, skip, url) : blocks;
      for await (const chunk of body) {
        const room = this.#most - this.bytes;
        if (chunk.length > room) throw this.#tooLong(url);
        if (this.#version?.validator === undefined) this.#prefix.update(chunk);
        this.bytes += chunk.length;
        this.#request.onBytes?.(chunk.length);
        yield chunk;
      }
      const expected = this.#request.size ?? this.#version?.total;
      if (expected !== undefined && this.bytes < expected) {
        throw this.#tooShort(url, this.bytes, expected);
      }
    } finally {
      answer.abandon();
    }
  }

  get #most(): number {
    return this.#request.size ?? this.#request.maxSize ?? Number.MAX_SAFE_INTEGER;
  }

  #tooLong(url: URL): PullthroughError {
    const { size, maxSize } = this.#request;
    const what = size === undefined ? `the ${maxSize} bytes that are allowed` : `the ${size} bytes that were declared`;
    return new PullthroughError('E_SIZE', `${shownUrl(url)} is longer than ${what}`, {
      hint: 'upstream replaced the file, or something else answers in its place',
    });
  }

  #tooShort(url: URL, bytes: number, expected: number): PullthroughError {
    return new PullthroughError('E_TRUNCATED', `${shownUrl(url)} ended after ${bytes} of ${expected} bytes`, {
      hint: 'try again later; if it keeps failing, look at the file upstream',
    });
  }

  /**
   * Checks an answer's head against what came before; returns how many bytes of its body the caller already has. A
   * Content-Encoding changes nothing: objects of S3 and CDNs carry what their uploader said, and size and digest are
   * those of what arrives.
   */
  #begin(answer: HttpResponse, url: URL): number {
    if (answer.status === 206) {
      const expected = this.isBegun ? this.#begunVersion(answer) : this.#version;
      if (expected === undefined || !isRest(answer, this.bytes, expected)) throw changed(url);
      this.#know(expected);
      return 0;
    }
    const version = validatorOf(answer);
    const { size } = this.#request;
    if (version.total !== undefined && version.total > this.#most) throw this.#tooLong(url);
    if (version.total !== undefined && size !== undefined && version.total < size) {
      throw this.#tooShort(url, version.total, size);
    }
    const known = this.#version;
    if (known && this.bytes > 0) {
      if (known.validator !== version.validator || known.total !== version.total) throw changed(url);
    } else {
      const { validator } = this.#request;
      if (this.isBegun && validator !== undefined && validator !== version.validator) throw changed(url);
      this.#know(version);
    }
    return this.bytes;
  }

  #know(version: Validator): void {
    if (this.#version === undefined || this.bytes === 0) this.#request.onValidator?.(version.validator);
    this.#version = version;
  }

  /** Of which version a 206 must be where an earlier run began. */
  #begunVersion(answer: HttpResponse): Validator {
    const { validator = validatorOf(answer).validator, size } = this.#request;
    return { validator, total: size ?? totalOf(answer) };
  }

  /** Skips what the caller already has; without a validator its bytes must be the same, but for those of an earlier run. */
  async *#skipping(body: AsyncIterable<Uint8Array>, skip: number, url: URL) {
    const compare = this.#version?.validator === undefined ? createHash('sha256') : undefined;
    let left = skip;
    let unseen = this.#request.offset ?? 0;
    for await (const chunk of body) {
      const old = chunk.subarray(0, left);
      if (old.length > 0) {
        left -= old.length;
        compare?.update(old.subarray(unseen));
        unseen -= Math.min(unseen, old.length);
        if (compare && left === 0 && !compare.digest().equals(this.#prefix.copy().digest())) throw changed(url);
      }
      if (old.length < chunk.length) yield chunk.subarray(old.length);
      else release(chunk);
    }
    if (left > 0) throw changed(url);
  }
}

function changed(url: URL): PullthroughError {
  return new PullthroughError('E_UPSTREAM_CHANGED', `${shownUrl(url)} changed while it was being downloaded`, {
    hint: 'try again',
  });
}
