import { copyOfBlock, isBlock, keep, release } from './blocks.ts';

/**
 * Bytes on their way, to be read once and by one reader: in a loop, which gets memory of its own; by {@link each}, which
 * copies nothing; or by a body that is made of its {@link chunks}.
 */
export class Body implements AsyncIterable<Uint8Array> {
  /**
   * For anyone who makes another body out of them: each chunk is handed on as it is, or dropped. Nothing else may be
   * done with one once it has been handed on.
   */
  readonly chunks: AsyncIterable<Uint8Array>;

  /** `chunks` hands each chunk over to this body: nobody else holds one. */
  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.chunks = chunks;
  }

  /** A body as it is; for anything else, a body whose chunks others may hold as well. */
  static from(source: AsyncIterable<Uint8Array>): Body {
    return source instanceof Body ? source : new Body(kept(source));
  }

  /**
   * Reads it to its end. A chunk is the function's until it returns, or until what it returns is done; then its memory
   * is reused. `false` ends the reading early.
   */
  async each(take: (chunk: Uint8Array) => unknown): Promise<void> {
    for await (const chunk of this.chunks) {
      const more = take(chunk);
      if ((more instanceof Promise ? await more : more) === false) return;
      release(chunk);
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of this.chunks) {
      if (!isBlock(chunk)) {
        yield chunk;
        continue;
      }
      const copy = copyOfBlock(chunk);
      release(chunk);
      yield copy;
    }
  }
}

async function* kept(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of source) {
    keep(chunk);
    yield chunk;
  }
}
