import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** Bytes after which the system is asked again to begin writing. */
const STEP = 64 * 1024 * 1024;

/**
 * Has a growing file written to disk while more of it arrives, so that forcing the whole of it there in the end finds
 * little left to do. Only a matter of speed: what fails here is told by that last call.
 */
export class WriteBack implements AsyncDisposable {
  readonly #path: string;
  #handle: FileHandle | undefined;
  #running: Promise<void> | undefined;
  #next = STEP;

  constructor(path: string) {
    this.#path = path;
  }

  /** So many bytes of the file were handed to the system. Returns at once. */
  reached(bytes: number): void {
    if (bytes < this.#next || this.#running !== undefined) return;
    this.#next = bytes + STEP;
    this.#running = this.#write()
      .catch(() => undefined)
      .finally(() => (this.#running = undefined));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running;
    await this.#handle?.close();
  }

  async #write(): Promise<void> {
    this.#handle ??= await open(this.#path, 'r');
    await this.#handle.datasync();
  }
}
