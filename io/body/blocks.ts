/**
 * Memory for bytes on their way, used again and again: at a gigabyte a second, fresh memory for each chunk costs more
 * than reading, hashing and writing it. It is shared memory, so that a hashing thread can read it in place.
 *
 * Only io/ knows of blocks; everybody else has a {@link Body}. Anyone who uses a block beside its reader says so with
 * {@link keep} and gives it back with {@link release}; a block that was not given back is never overwritten, so
 * forgetting costs memory but never a byte.
 */

/** Bytes of one block: a chunk goes through some ten functions and two threads, whatever its size. */
export const BLOCK = 1 << 19;
/** A page of memory, and of the system's file cache, in bytes. */
export const PAGE = 4096;

/**
 * Where in a block the bytes of a file from `offset` on go: half a page away from where they are in a file cache.
 * Copying between two places at the same point in a page takes some processors three times as long (4K aliasing).
 */
export function placeInBlock(offset: number): number {
  return (offset + PAGE / 2) % PAGE;
}

/** Blocks kept for later; more than this many are left to the garbage collector. */
const MOST_FREE = 40;

/** A program that goes on, such as a gateway, gives them back when none was taken for this long; milliseconds. */
const IDLE_MS = 10_000;

const free: SharedArrayBuffer[] = [];
let lastTaken = 0;
let watching: NodeJS.Timeout | undefined;
const users = new WeakMap<ArrayBufferLike, number>();

/** Looks now and then whether blocks are still taken, as long as there are any. */
function giveBackLater(): void {
  watching ??= setTimeout(() => {
    watching = undefined;
    if (performance.now() - lastTaken >= IDLE_MS) free.length = 0;
    else giveBackLater();
  }, IDLE_MS).unref();
}

/** A block with one user. */
export function takeBlock(): Uint8Array {
  lastTaken = performance.now();
  const memory = free.pop() ?? new SharedArrayBuffer(BLOCK);
  users.set(memory, 1);
  return new Uint8Array(memory);
}

/** A chunk's bytes in memory of their own. */
export function copyOfBlock(chunk: Uint8Array): Uint8Array {
  const copy = Buffer.allocUnsafeSlow(chunk.length);
  if (chunk.length > 0) copy.fill(chunk);
  return new Uint8Array(copy.buffer, copy.byteOffset, copy.length);
}

/** Does this chunk lie in a block that has users? */
export function isBlock(chunk: Uint8Array): boolean {
  return users.has(chunk.buffer);
}

/** Adds a user to the block that this chunk lies in. Other memory is not counted. */
export function keep(chunk: Uint8Array): void {
  const count = users.get(chunk.buffer);
  if (count !== undefined) users.set(chunk.buffer, count + 1);
}

/** Removes a user; after the last one the block is reused. Other memory is not counted. */
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
  giveBackLater();
}
