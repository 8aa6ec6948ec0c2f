import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { BLOCK, release, takeBlock } from '../../io/body/blocks.ts';
import { Gathered } from '../../io/body/gathered.ts';

/** A block that is filled with `bytes`. */
function blockOf(bytes: Uint8Array): Uint8Array {
  const block = takeBlock().subarray(0, bytes.length);
  block.set(bytes);
  return block;
}

test('gathers chunks of all sizes, in order, whatever becomes of their memory', () => {
  const gathered = new Gathered();
  const all: Uint8Array[] = [];
  for (const size of [1, 0, 70_000, BLOCK, 5, BLOCK - 100, 3 * BLOCK + 1, 200, BLOCK / 2]) {
    const bytes = randomBytes(size);
    all.push(Uint8Array.from(bytes));
    gathered.add(bytes);
    bytes.fill(0);
  }
  for (const size of [BLOCK, 10, BLOCK - 2048, BLOCK / 2]) {
    const bytes = randomBytes(size);
    all.push(bytes);
    const block = blockOf(bytes);
    gathered.add(block);
    release(block);
    // What was let go of is used again, and overwritten.
    takeBlock().fill(0);
  }
  expect(Buffer.concat(gathered.pieces).equals(Buffer.concat(all))).toBe(true);
  expect(gathered.length).toBe(Buffer.concat(all).length);
  gathered.clear();
  expect(gathered.length).toBe(0);
  expect(gathered.pieces).toEqual([]);
});

test('says which pieces a chunk has become', () => {
  const gathered = new Gathered();
  const added = [randomBytes(10), randomBytes(BLOCK)].map((bytes) => Buffer.concat(gathered.add(bytes)).equals(bytes));
  expect(added).toEqual([true, true]);
});

test('holds a block for many short chunks, and copies no full one', () => {
  const gathered = new Gathered();
  for (let count = 0; count < 1000; count++) {
    const short = blockOf(randomBytes(100));
    gathered.add(short);
    release(short);
  }
  const full = blockOf(randomBytes(BLOCK));
  gathered.add(full);
  expect(new Set(gathered.pieces.map(({ buffer }) => buffer)).size).toBe(2);
  expect(gathered.pieces.at(-1)?.buffer).toBe(full.buffer);
  release(full);
  gathered.clear();
});

test('two that share a block let go of it together', () => {
  const [one, two] = [new Gathered(), new Gathered()];
  const block = blockOf(randomBytes(BLOCK));
  one.add(block, 0, 100);
  two.add(block, 100);
  release(block);
  one.clear();
  expect(takeBlock().buffer).not.toBe(block.buffer);
  two.clear();
  expect(takeBlock().buffer).toBe(block.buffer);
});
