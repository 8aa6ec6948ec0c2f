import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FileCache, OpenFile } from './cache.ts';
import { judge } from './range.ts';
import type { Fetchable } from '../download/select-assets.ts';

/** Read at once for a file that doesn't stay in memory; smaller where many are sent at once. */
const CHUNK = 256 * 1024;
const SMALL_CHUNK = 64 * 1024;
const MANY = 64;
/** A client must take a response at this many bytes a second on average, after a minute's grace. */
const SLOWEST = 16 * 1024;
const GRACE_MS = 60_000;

export interface FileSenderOptions {
  readonly cache: FileCache;
  /** Bytes of small files that are kept in memory. */
  readonly memoryBytes: number;
  /** The largest of them. */
  readonly smallBytes: number;
  /** Milliseconds that a client has beyond what its rate allows; a minute unless told. */
  readonly graceMs?: number | undefined;
}

/**
 * Sends verified files: HEAD, one Range, conditions by a strong ETag, never compressed. The first byte leaves only when
 * the whole file is verified. Small files that are asked for often stay in memory.
 */
export class FileSender {
  readonly #options: FileSenderOptions;
  /** In the order of their use, the oldest first. */
  readonly #hot = new Map<string, Buffer>();
  readonly #reading = new Map<string, Promise<Buffer>>();
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
      // A nack is seen within a minute; a cache in between asks again as soon.
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
    const body = await this.#body(file, start, end);
    this.#limitTime(reply, end - start);
    return reply.send(body);
  }

  async #body(file: Fetchable, start: number, end: number): Promise<Buffer | Readable> {
    if (file.size <= this.#options.smallBytes) return (await this.#small(file)).subarray(start, end);
    const open = await this.#options.cache.get(file);
    const chunk = this.#streams >= MANY ? SMALL_CHUNK : CHUNK;
    this.#streams++;
    return new FileBody(open, start, end, chunk, () => this.#streams--);
  }

  async #small(file: Fetchable): Promise<Buffer> {
    const kept = this.#hot.get(file.sha256);
    if (kept !== undefined) {
      this.#hot.delete(file.sha256);
      this.#hot.set(file.sha256, kept);
      return kept;
    }
    const reading = this.#reading.get(file.sha256) ?? this.#read(file);
    return reading;
  }

  #read(file: Fetchable): Promise<Buffer> {
    const reading = (async () => {
      const open = await this.#options.cache.get(file);
      try {
        const buffer = Buffer.allocUnsafeSlow(file.size);
        await open.read(buffer, 0);
        this.#keep(file.sha256, buffer);
        return buffer;
      } finally {
        open.release();
      }
    })().finally(() => this.#reading.delete(file.sha256));
    this.#reading.set(file.sha256, reading);
    return reading;
  }

  #keep(sha256: string, buffer: Buffer): void {
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
    const grace = this.#options.graceMs ?? GRACE_MS;
    const allowed = grace + Math.ceil(bytes / SLOWEST / 60) * 60_000 * (grace / GRACE_MS);
    const timer = setTimeout(() => raw.destroy(), allowed);
    timer.unref();
    raw.once('close', () => clearTimeout(timer));
  }
}

/** A part of an open file, read as it is taken. */
class FileBody extends Readable {
  readonly #file: OpenFile;
  readonly #end: number;
  readonly #done: () => void;
  #position: number;

  constructor(file: OpenFile, start: number, end: number, chunk: number, done: () => void) {
    super({ highWaterMark: chunk });
    this.#file = file;
    this.#position = start;
    this.#end = end;
    this.#done = done;
  }

  override _read(size: number): void {
    const length = Math.min(size, this.#end - this.#position);
    if (length === 0) {
      this.push(null);
      return;
    }
    const buffer = Buffer.allocUnsafeSlow(length);
    const position = this.#position;
    this.#position += length;
    this.#file.read(buffer, position).then(
      () => this.push(buffer),
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#file.release();
    this.#done();
    callback(error);
  }
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
