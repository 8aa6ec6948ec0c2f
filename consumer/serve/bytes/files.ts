import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { fail } from '../../../ledger-schema/index.ts';
import { FileBody } from './body.ts';
import type { FileCache } from './cache.ts';
import { aboutFile, fileHeaders, limitTime } from './file-headers.ts';
import type { OpenFile } from './cache-file.ts';
import { fetchingTime, whileWaiting } from '../limits.ts';
import type { Limits } from '../limits.ts';
import { judge } from './range.ts';
import type { Fetchable } from '../../download/select-assets.ts';

/** Read at once for a file that doesn't stay in memory; smaller where many are sent at once. */
const CHUNK = 256 * 1024;
const SMALL_CHUNK = 64 * 1024;
const MANY = 64;

export interface FileSenderOptions {
  readonly cache: FileCache;
  /** Bytes of small files that are kept in memory. */
  readonly memoryBytes: number;
  /** The largest of them. */
  readonly smallBytes: number;
  readonly limits: Limits;
  /** How many places a file may be fetched from. */
  readonly stores: number;
}

/**
 * Sends verified files: HEAD, one Range, conditions by a strong ETag, never compressed. The first byte leaves only when
 * the whole file is verified. Small files that are asked for often stay in memory.
 */
export class FileSender {
  readonly #options: FileSenderOptions;
  /** In the order of their use, the oldest first. */
  readonly #hot = new Map<string, Buffer>();
  #hotBytes = 0;
  #streams = 0;

  constructor(options: FileSenderOptions) {
    this.#options = options;
  }

  get memoryBytes(): number {
    return this.#hotBytes;
  }

  /** Answers a GET or HEAD of the file. Throws what bringing it throws, before anything was sent. */
  async send(file: Fetchable, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const etag = `"${file.sha256}"`;
    const { headers, method } = request;
    const answer = judge(
      {
        method,
        range: headers.range,
        ifRange: one(headers['if-range']),
        ifNoneMatch: headers['if-none-match'],
        ifMatch: headers['if-match'],
      },
      file.size,
      etag,
    );
    reply.status(answer.status);
    if (answer.status === 304 || answer.status === 412) return reply.headers(aboutFile(file)).send();
    if (answer.status === 416) {
      return reply.headers({ ...aboutFile(file), 'content-range': `bytes */${file.size}` }).send();
    }
    const [start, end] = answer.status === 206 ? [answer.start, answer.end + 1] : [0, file.size];
    reply.headers({
      ...fileHeaders(file, start, end),
      ...(answer.status === 206 ? { 'content-range': `bytes ${start}-${end - 1}/${file.size}` } : {}),
    });
    if (method === 'HEAD') return reply.send();
    const body = await this.#body(file, start, end, reply);
    limitTime(reply.raw, end - start, this.#options.limits);
    return reply.send(body);
  }

  async #body(file: Fetchable, start: number, end: number, reply: FastifyReply): Promise<Buffer | FileBody> {
    if (file.size <= this.#options.smallBytes) return (await this.#small(file, reply)).subarray(start, end);
    const open = await this.#open(file, reply);
    const chunk = this.#streams >= MANY ? SMALL_CHUNK : CHUNK;
    this.#streams++;
    const taken = (): boolean => reply.raw.writableLength === 0;
    return new FileBody({ file: open, sha256: file.sha256, start, end, chunk, taken, done: () => this.#streams-- });
  }

  /** Waits for the file as long as its client does, and not for ever. */
  #open(file: Fetchable, reply: FastifyReply): Promise<OpenFile> {
    const { cache, limits, stores } = this.#options;
    return whileWaiting(reply, fetchingTime(limits, file.size, stores), async (signal) => {
      const open = await cache.get(file, signal);
      if (signal.aborted) open.release();
      return open;
    });
  }

  /** A small file that is in memory, where nobody changes it. */
  kept(sha256: string): Buffer | undefined {
    const kept = this.#hot.get(sha256);
    if (kept === undefined) return undefined;
    this.#hot.delete(sha256);
    this.#hot.set(sha256, kept);
    return kept;
  }

  async #small(file: Fetchable, reply: FastifyReply): Promise<Buffer> {
    const kept = this.kept(file.sha256);
    if (kept !== undefined) return kept;
    for (let attempt = 1; attempt <= 3; attempt++) {
      const buffer = await this.#read(file, await this.#open(file, reply));
      if (buffer !== undefined) return buffer;
    }
    return fail('E_IO', `the cache does not keep the bytes of ${file.name}`, { hint: 'look at its disk' });
  }

  /** The whole file; undefined where it is not what it was when it was verified. */
  async #read({ sha256, size }: Fetchable, open: OpenFile): Promise<Buffer | undefined> {
    try {
      const buffer = Buffer.allocUnsafeSlow(size);
      await open.read(buffer, 0);
      if (createHash('sha256').update(buffer).digest('hex') === sha256) {
        this.#keep(sha256, buffer);
        return buffer;
      }
      open.damaged();
      return undefined;
    } finally {
      open.release();
    }
  }

  #keep(sha256: string, buffer: Buffer): void {
    // Several may have read it at once.
    if (this.#hot.has(sha256)) return;
    this.#hot.set(sha256, buffer);
    this.#hotBytes += buffer.length;
    for (const [oldest, { length }] of this.#hot) {
      if (this.#hotBytes <= this.#options.memoryBytes) return;
      this.#hot.delete(oldest);
      this.#hotBytes -= length;
    }
  }
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
