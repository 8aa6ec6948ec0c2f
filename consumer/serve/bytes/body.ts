import { Readable } from 'node:stream';
import { HashJob } from '../../../io/files/hash-thread.ts';
import { PullthroughError } from '../../../ledger-schema/index.ts';
import type { OpenFile } from './cache-file.ts';

export interface BodyOptions {
  readonly file: OpenFile;
  /** Lower-case hex. */
  readonly sha256: string;
  /** The first byte, and the one after the last. */
  readonly start: number;
  readonly end: number;
  /** Bytes read at once. */
  readonly chunk: number;
  /** Told when nothing more is read. */
  readonly done: () => void;
}

/**
 * A part of an open file, read as it is taken. The last piece goes out only when the file is still the one that was
 * verified and, where all of it is sent, the bytes that went before had its digest: otherwise the connection is broken off
 * before its end, which every client takes for a failure.
 */
export class FileBody extends Readable {
  readonly #options: BodyOptions;
  /** In another thread: the one that answers has clients to serve. */
  readonly #hash: HashJob | undefined;
  #position: number;

  constructor(options: BodyOptions) {
    super({ highWaterMark: options.chunk });
    this.#options = options;
    this.#position = options.start;
    if (options.start === 0 && options.end === options.file.size) this.#hash = new HashJob('sha256');
  }

  override _read(size: number): void {
    const length = Math.min(size, this.#options.end - this.#position);
    if (length === 0) {
      this.push(null);
      return;
    }
    this.#next(length).then(
      (piece) => this.push(piece),
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  }

  async #next(length: number): Promise<Buffer> {
    const { file, end } = this.#options;
    const piece = Buffer.allocUnsafeSlow(length);
    await file.read(piece, this.#position);
    this.#position += length;
    await this.#hash?.update(piece);
    if (this.#position === end && !(await this.#isRight())) {
      file.damaged();
      throw new PullthroughError('E_IO', 'a file of the cache changed while it was sent');
    }
    return piece;
  }

  async #isRight(): Promise<boolean> {
    const { file, sha256 } = this.#options;
    return (this.#hash === undefined || (await this.#hash.digest()) === sha256) && file.unchanged();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#hash?.drop();
    this.#options.file.release();
    this.#options.done();
    callback(error);
  }
}
