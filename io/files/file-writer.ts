import type { FileHandle } from 'node:fs/promises';
import { release } from '../body/blocks.ts';

/** Bytes gathered for one call into the system: each call costs as much as copying some 100 KiB. */
const BATCH = 1 << 20;
/** Bytes that may wait behind the current call before anyone who brings more is held back. */
const MOST_WAITING = BATCH;
/** Bytes after which the disk is set to work, so that little is left to wait for at the end. */
const SYNC_EVERY = 64 << 20;

type Done = (chunk: Uint8Array) => void;

/**
 * Appends chunks to a file in few large calls, while the caller goes on. One call at a time: the system lets in only
 * one, and a second would keep a processor busy waiting.
 */
export class FileWriter {
  readonly #handle: FileHandle;
  #running: Promise<void> | undefined;
  readonly #whenDone = new Map<Uint8Array, Done>();
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #position = 0;
  #syncedTo = 0;
  #syncing: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  get size(): number {
    return this.#position + this.#waitingBytes;
  }

  /** Writes a chunk of a body that is handed over: its memory is used again when it has been written. */
  async hand(chunk: Uint8Array): Promise<void> {
    await this.write(chunk, release);
  }

  /** `done` is called for the chunk when it has been written, or never will be. */
  async write(chunk: Uint8Array, done?: Done): Promise<void> {
    this.#waiting.push(chunk);
    if (done) this.#whenDone.set(chunk, done);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= BATCH) this.#flush();
    while (this.#waitingBytes > MOST_WAITING && this.#running) await this.#running;
    if (this.#failure) throw this.#failure.error;
  }

  async finish(): Promise<void> {
    while (this.#running || this.#waitingBytes > 0) {
      this.#flush();
      await this.#running;
    }
    await this.#syncing;
    if (this.#failure) throw this.#failure.error;
  }

  async restart(): Promise<void> {
    this.#finished(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    await this.finish();
    await this.#handle.truncate(0);
    this.#position = 0;
    this.#syncedTo = 0;
  }

  #flush(): void {
    if (this.#running || this.#waitingBytes === 0) return;
    const chunks = this.#waiting;
    const position = this.#position;
    this.#position += this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#running = this.#writeAll(chunks, position)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#running = undefined;
        this.#finished(chunks);
        this.#syncEarly();
        if (this.#waitingBytes >= BATCH) this.#flush();
      });
  }

  /** A failure is kept, since the system reports it once. */
  #syncEarly(): void {
    if (this.#syncing || this.#failure || this.#position - this.#syncedTo < SYNC_EVERY) return;
    this.#syncedTo = this.#position;
    this.#syncing = this.#handle
      .datasync()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => (this.#syncing = undefined));
  }

  #finished(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      this.#whenDone.get(chunk)?.(chunk);
      this.#whenDone.delete(chunk);
    }
  }

  async #writeAll(chunks: Uint8Array[], position: number): Promise<void> {
    let left = chunks;
    for (;;) {
      const { bytesWritten } = await this.#handle.writev(left, position);
      position += bytesWritten;
      left = without(left, bytesWritten);
      if (left.length === 0) return;
    }
  }
}

/** What is left of the chunks after their first bytes: the system may write less than it was asked to. */
function without(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const left: Uint8Array[] = [];
  for (const chunk of chunks) {
    if (bytes >= chunk.length) bytes -= chunk.length;
    else {
      left.push(chunk.subarray(bytes));
      bytes = 0;
    }
  }
  return left;
}
