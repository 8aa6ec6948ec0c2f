import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ahead } from '../../../consumer/site/ahead.ts';

async function* numbers(made: number[], last = 3): AsyncGenerator<number> {
  for (let i = 1; i <= last; i++) {
    made.push(i);
    yield i;
    if (i === last) throw new Error('no more');
  }
}

test('the next item is made while one is used, and no other', async () => {
  const made: number[] = [];
  const seen: string[] = [];
  const all = ahead(numbers(made));
  for (let i = 0; i < 2; i++) {
    const { value } = await all.next();
    await sleep(1);
    seen.push(`${String(value)} of ${made.length}`);
  }
  expect(seen).toEqual(['1 of 2', '2 of 3']);
});

test('what fails ahead is told when its turn comes, and to nobody if it does not', async () => {
  const items = ahead(numbers([], 1));
  expect((await items.next()).value).toBe(1);
  await sleep(1);
  await expect(items.next()).rejects.toThrow('no more');
  const unused = ahead(numbers([], 1));
  await unused.next();
  await unused.return();
  await sleep(1);
});
