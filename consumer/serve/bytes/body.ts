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
  /** Has the system taken all that its reader was given? Then a piece's memory is used again; by default never. */
  readonly taken?: (() => boolean) | undefined;
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
  /** Pieces that were handed on, the oldest first, each with the place in the file where it ends. */
  readonly #given: { readonly memory: Buffer; readonly end: number }[] = [];
  readonly #free: Buffer[] = [];

  constructor(options: BodyOptions) {
    super({ highWaterMark: options.chunk });
    this.#options = options;
    this.#position = options.start;
    if (options.start === 0 && options.end === options.file.size) this.#hash = new HashJob('sha256');
  }

  override _read(size: number): void {
    const { end, chunk } = this.#options;
    const length = Math.min(size, chunk, end - this.#position);
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
    const memory = this.#memory();
    const piece = memory.subarray(0, length);
    await file.read(piece, this.#position);
    this.#position += length;
    this.#given.push({ memory, end: this.#position });
    await this.#hash?.update(piece);
    if (this.#position === end && !(await this.#isRight())) {
      file.damaged();
      throw new PullthroughError('E_IO', 'a file of the cache changed while it was sent');
    }
    return piece;
  }

  /** Memory that the system has taken the bytes of: fresh memory for each piece is 32 MiB before V8 collects it. */
  #memory(): Buffer {
    const { start, end, chunk, taken } = this.#options;
    const handedOn = this.#position - this.readableLength;
    if (taken?.()) {
      const kept = this.#given.findIndex((piece) => piece.end > handedOn);
      const gone = this.#given.splice(0, kept < 0 ? this.#given.length : kept);
      this.#free.push(...gone.map(({ memory }) => memory));
    }
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(Math.min(chunk, end - start));
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
