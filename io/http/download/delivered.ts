import { createHash } from 'node:crypto';
import { PullthroughError } from '../../../ledger-schema/error.ts';
import { release } from '../../body/blocks.ts';
import type { HttpResponse } from '../http-response.ts';
import { shownFile } from '../url.ts';
import type { DownloadRequest } from './download-request.ts';
import type { Pace } from './pace.ts';
import { isRest, rangeHeaders, totalOf, validatorOf } from './resume.ts';
import type { Validator } from './resume.ts';

/** What the caller has got so far, and what the next answer must be to go on from there. */
export class Delivered {
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
    return new PullthroughError('E_SIZE', `${shownFile(url, this.#request.what)} is longer than ${what}`, {
      hint: 'upstream replaced the file, or something else answers in its place',
    });
  }

  #tooShort(url: URL, bytes: number, expected: number): PullthroughError {
    return new PullthroughError(
      'E_TRUNCATED',
      `${shownFile(url, this.#request.what)} ended after ${bytes} of ${expected} bytes`,
      {
        hint: 'try again later; if it keeps failing, look at the file upstream',
      },
    );
  }

  /**
   * Checks an answer's head against what came before; returns how many bytes of its body the caller already has. A
   * Content-Encoding changes nothing: objects of S3 and CDNs carry what their uploader said, and size and digest are
   * those of what arrives.
   */
  #begin(answer: HttpResponse, url: URL): number {
    if (answer.status === 206) {
      const expected = this.isBegun ? this.#begunVersion(answer) : this.#version;
      if (expected === undefined || !isRest(answer, this.bytes, expected)) throw changed(url, this.#request.what);
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
      if (known.validator !== version.validator || known.total !== version.total)
        throw changed(url, this.#request.what);
    } else {
      const { validator } = this.#request;
      if (this.isBegun && validator !== undefined && validator !== version.validator)
        throw changed(url, this.#request.what);
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
        if (compare && left === 0 && !compare.digest().equals(this.#prefix.copy().digest()))
          throw changed(url, this.#request.what);
      }
      if (old.length < chunk.length) yield chunk.subarray(old.length);
      else release(chunk);
    }
    if (left > 0) throw changed(url, this.#request.what);
  }
}

export function changed(url: URL, what: string | undefined): PullthroughError {
  return new PullthroughError('E_UPSTREAM_CHANGED', `${shownFile(url, what)} changed while it was being downloaded`, {
    hint: 'try again',
  });
}
