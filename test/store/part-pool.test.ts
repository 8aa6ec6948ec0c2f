import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { PART, PartPool } from '../../store/s3/part-pool.ts';

test('there is room for four parts, and the next one waits for the first that is given back', async () => {
  const pool = new PartPool();
  const taken = await Promise.all(Array.from({ length: 4 }, () => pool.take(PART)));
  const order: number[] = [];
  const waiting = [1, 2].map(async (number) => {
    await pool.take(PART);
    order.push(number);
  });
  await turn();
  expect(order).toEqual([]);
  for (const number of [1, 2]) {
    const [part] = taken.splice(0, 1);
    if (part) pool.give(part);
    await waiting[number - 1];
    expect(order).toHaveLength(number);
  }
  expect(order).toEqual([1, 2]);
});

test('one that needs much is not overtaken for ever by those that need less, and little ones wait for nobody', async () => {
  const pool = new PartPool();
  const taken = await Promise.all(Array.from({ length: 4 }, () => pool.take(PART)));
  const order: string[] = [];
  const large = pool.take(2 * PART).then(() => order.push('large'));
  const small = pool.take(PART).then(() => order.push('small'));
  await pool.take(1000).then(() => order.push('little'));
  for (const part of taken.splice(0, 3)) {
    pool.give(part);
    await turn();
  }
  await Promise.all([large, small]);
  expect(order).toEqual(['little', 'large', 'small']);
});

test('parts grow with an object, so that ten thousand of them are enough', () => {
  const pool = new PartPool();
  expect(pool.partOf(1)).toBe(PART);
  expect(pool.partOf(10_000 * PART)).toBe(PART);
  expect(pool.partOf(10_000 * PART + 1)).toBe(PART + 1);
  expect(pool.partOf(10_000 * 4 * PART)).toBe(4 * PART);
  expect(pool.partOf(10_000 * 4 * PART + 1)).toBeUndefined();
});
