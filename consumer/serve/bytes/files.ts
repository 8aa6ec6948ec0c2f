import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { fail } from '../../../ledger-schema/index.ts';
import { FileBody } from './body.ts';
import type { FileCache } from './cache.ts';
import type { OpenFile } from './cache-file.ts';
import { LIMITS, fetchingTime, whileWaiting } from '../limits.ts';
import type { Limits } from '../limits.ts';
import { judge } from './range.ts';
import type { Fetchable } from '../../download/select-assets.ts';

/** Read at once for a file that doesn't stay in memory; smaller where many are sent at once. */
const CHUNK = 256 * 1024;
const SMALL_CHUNK = 64 * 1024;
const MANY = 64;
/** A client must take a response at this many bytes a second on average, after its idle time's grace. */
const SLOWEST = 16 * 1024;

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
    reply.status(answer.status).headers({
      etag,
      'accept-ranges': 'bytes',
      // A nack is seen within a minute; a cache in between asks again just as soon.
      'cache-control': 'public, max-age=60',
      'content-security-policy': "default-src 'none'; sandbox",
    });
    if (answer.status === 304 || answer.status === 412) return reply.send();
    if (answer.status === 416) return reply.header('content-range', `bytes */${file.size}`).send();
    const [start, end] = answer.status === 206 ? [answer.start, answer.end + 1] : [0, file.size];
    reply.headers({
      'content-type': 'application/octet-stream',
      'content-length': end - start,
      // The format's names hold neither quotes nor backslashes.
      'content-disposition': `attachment; filename="${file.name}"`,
      'repr-digest': `sha-256=:${Buffer.from(file.sha256, 'hex').toString('base64')}:`,
      ...(answer.status === 206 ? { 'content-range': `bytes ${start}-${end - 1}/${file.size}` } : {}),
    });
    if (method === 'HEAD') return reply.send();
    const body = await this.#body(file, start, end, reply);
    this.#limitTime(reply, end - start);
    return reply.send(body);
  }

  async #body(file: Fetchable, start: number, end: number, reply: FastifyReply): Promise<Buffer | FileBody> {
    if (file.size <= this.#options.smallBytes) return (await this.#small(file, reply)).subarray(start, end);
    const open = await this.#open(file, reply);
    const chunk = this.#streams >= MANY ? SMALL_CHUNK : CHUNK;
    this.#streams++;
    return new FileBody({ file: open, sha256: file.sha256, start, end, chunk, done: () => this.#streams-- });
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

  async #small(file: Fetchable, reply: FastifyReply): Promise<Buffer> {
    const kept = this.#hot.get(file.sha256);
    if (kept !== undefined) {
      this.#hot.delete(file.sha256);
      this.#hot.set(file.sha256, kept);
      return kept;
    }
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

  /** Ends a response that its client doesn't take. Whole minutes: timers of one length are cheap. */
  #limitTime(reply: FastifyReply, bytes: number): void {
    const { raw } = reply;
    const { idle } = this.#options.limits;
    const allowed = idle + Math.ceil(bytes / SLOWEST / 60) * 60_000 * (idle / LIMITS.idle);
    const timer = setTimeout(() => raw.destroy(), allowed);
    timer.unref();
    raw.once('close', () => clearTimeout(timer));
  }
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
