/** Reads a stream by lengths. */
export class Pull {
  readonly #source: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);
  #left = 0;

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#source = body[Symbol.asyncIterator]();
  }

  /** That many bytes; for small lengths. Throws where there are fewer. */
  async bytes(length: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of this.#next(length)) parts.push(part);
    return Buffer.concat(parts);
  }

  /** That many bytes, or fewer where it ends. */
  async upTo(length: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of this.#next(length, true)) parts.push(part);
    return Buffer.concat(parts);
  }

  /** That many bytes, as they arrive; {@link rest} skips those that aren't taken. Throws where there are fewer. */
  async *part(length: number): AsyncGenerator<Uint8Array, void, undefined> {
    this.#left = length;
    while (this.#left > 0) {
      for await (const chunk of this.#next(Math.min(this.#left, 65_536))) {
        this.#left -= chunk.length;
        yield chunk;
      }
    }
  }

  /** Nothing more is wanted: what the bytes come from is let go. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  /** Skips what nobody took of the last part. */
  async rest(): Promise<void> {
    await drain(this.part(this.#left));
  }

  async *#next(length: number, mayEnd = false): AsyncGenerator<Uint8Array, void, undefined> {
    let wanted = length;
    while (wanted > 0) {
      if (this.#held.length === 0) {
        const next = await this.#source.next();
        if (next.done === true) {
          if (mayEnd) return;
          throw new Error('it ends too early');
        }
        // A library may use its buffer again.
        this.#held = Uint8Array.from(next.value);
      }
      const chunk = this.#held.subarray(0, wanted);
      this.#held = this.#held.subarray(chunk.length);
      wanted -= chunk.length;
      yield chunk;
    }
  }
}

/** Reads to the end, and keeps nothing. */
export async function drain(parts: AsyncGenerator<unknown>): Promise<void> {
  while ((await parts.next()).done !== true) continue;
}
