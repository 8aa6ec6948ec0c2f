/** Bytes in a part, except for the last one of an upload. S3 takes 5 MiB or more. */
export const PART = 8 << 20;
/** Parts in memory at once, however many uploads share them. */
const MOST = 5;

/**
 * Memory for the parts of uploads, used again and again. An upload that holds a part sends it and gives it back without
 * waiting for another, so that many uploads can share a few parts.
 */
export class PartPool {
  /** Bytes of a part. */
  readonly size: number;
  readonly #free: Uint8Array[] = [];
  readonly #waiting: ((part: Uint8Array) => void)[] = [];
  #made = 0;

  constructor(size: number = PART) {
    this.size = size;
  }

  async take(): Promise<Uint8Array> {
    const free = this.#free.pop();
    if (free) return free;
    if (this.#made === MOST) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#made++;
    // Shared, so that a hashing thread reads it where it lies.
    return new Uint8Array(new SharedArrayBuffer(this.size));
  }

  give(part: Uint8Array): void {
    const next = this.#waiting.shift();
    if (next) next(part);
    else this.#free.push(part);
  }
}
