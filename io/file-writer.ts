import type { FileHandle } from 'node:fs/promises';

/** Bytes gathered for one call into the system: each call costs as much as copying some 100 KiB. */
const BATCH = 1 << 20;
/** Calls on their way at once, so that the next bytes arrive while these are written. */
const AT_ONCE = 2;
/** Bytes after which the disk is set to work, so that little is left to wait for at the end. */
const SYNC_EVERY = 64 << 20;

type Done = (chunk: Uint8Array) => void;

/** Appends chunks to a file in few large calls, some of them on their way while the caller goes on. */
export class FileWriter {
  readonly #handle: FileHandle;
  readonly #running = new Set<Promise<void>>();
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

  /** `done` is called for the chunk when it was written, or never will be. */
  async write(chunk: Uint8Array, done?: Done): Promise<void> {
    this.#waiting.push(chunk);
    if (done) this.#whenDone.set(chunk, done);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes < BATCH) return;
    this.#flush();
    while (this.#running.size > AT_ONCE) await Promise.race(this.#running);
    if (this.#failure) throw this.#failure.error;
  }

  async finish(): Promise<void> {
    this.#flush();
    await Promise.all(this.#running);
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
    if (this.#waitingBytes === 0) return;
    const chunks = this.#waiting;
    const position = this.#position;
    this.#position += this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const call: Promise<void> = this.#writeAll(chunks, position)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#running.delete(call);
        this.#finished(chunks);
        this.#syncEarly();
      });
    this.#running.add(call);
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

/** What is left of the chunks without their first bytes: the system may write less than it was asked to. */
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
