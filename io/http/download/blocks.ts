/**
 * Memory for bytes on their way, used again and again: at a gigabyte a second, fresh memory for each chunk costs more
 * than reading, hashing and writing it. It is shared memory, so that a hashing thread reads it where it lies.
 *
 * A body that is read plainly yields ordinary memory, for whoever doesn't know of blocks. Its last reader may ask for
 * the blocks themselves with {@link lent}, and gives each back with {@link release} when it is done with it; who reads
 * a block beside that says so with {@link keep}, and releases it as well. What was kept or not given back is never
 * overwritten.
 */

/** Bytes of one block. */
export const BLOCK = 256 * 1024;
/** A page of memory, and of the system's file cache, in bytes. */
const PAGE = 4096;

/**
 * Where in a block the bytes from `offset` of a file on go: half a page beside where they lie in a file cache. Copying
 * between two places at the same point of a page takes some processors three times as long (4K aliasing).
 */
export function placeInBlock(offset: number): number {
  return (offset + PAGE / 2) % PAGE;
}

/** Blocks kept for later; more than this many are left to the garbage collector. */
const MOST_FREE = 64;

const free: SharedArrayBuffer[] = [];
const users = new WeakMap<ArrayBufferLike, number>();
const lending = new WeakMap<object, AsyncIterable<Uint8Array>>();

/** A block with one user. */
export function takeBlock(): Uint8Array {
  const memory = free.pop() ?? new SharedArrayBuffer(BLOCK);
  users.set(memory, 1);
  return new Uint8Array(memory);
}

/** One user more of the block that this chunk lies in. Other memory is not counted. */
export function keep(chunk: Uint8Array): void {
  const count = users.get(chunk.buffer);
  if (count !== undefined) users.set(chunk.buffer, count + 1);
}

/** One user less; after the last one the block is used again. Other memory is not counted. */
export function release(chunk: Uint8Array): void {
  const memory = chunk.buffer;
  const count = users.get(memory);
  if (count === undefined || !(memory instanceof SharedArrayBuffer)) return;
  if (count > 1) {
    users.set(memory, count - 1);
    return;
  }
  // Not counted any more: a second release of the same chunk must not give the block to two takers.
  users.delete(memory);
  if (free.length < MOST_FREE) free.push(memory);
}

/**
 * A body for everybody, made of one whose chunks are blocks, one chunk a block. Who reads it plainly gets copies in
 * ordinary memory; who knows of blocks asks for {@link lent} and releases each chunk.
 */
export function lend(blocks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const body = copies(blocks);
  lending.set(body, blocks);
  return body;
}

async function* copies(blocks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of blocks) {
    if (users.has(chunk.buffer)) {
      const copy = new Uint8Array(chunk);
      release(chunk);
      yield copy;
    } else {
      yield chunk;
    }
  }
}

/** A body's chunks, each to be released by their one reader; the body itself must then not be read. */
export function lent(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return lending.get(body) ?? kept(body);
}

/** Chunks that somebody else may hold as well: releasing them must not reach their block. */
async function* kept(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of body) {
    keep(chunk);
    yield chunk;
  }
}
