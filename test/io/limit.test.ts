import { describe, expect, it } from 'vitest';
import { Limit, mapLimit, mapShared } from '../../io/limit.ts';

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Work that counts how much of it runs at once. */
function counter() {
  const seen = { now: 0, most: 0, begun: 0 };
  const work = async (item: number): Promise<number> => {
    seen.begun += 1;
    seen.now += 1;
    seen.most = Math.max(seen.most, seen.now);
    await tick();
    seen.now -= 1;
    if (item < 0) throw new Error(`item ${String(item)}`);
    return item * 2;
  };
  return { seen, work };
}

describe('a limit', () => {
  it('lets so many run at once, and gives the results in the order of the items', async () => {
    const { seen, work } = counter();
    expect(await mapLimit([1, 2, 3, 4, 5], 2, work)).toEqual([2, 4, 6, 8, 10]);
    expect(seen.most).toBe(2);
    expect(await mapLimit([], 2, work)).toEqual([]);
  });

  it('begins nothing more after a failure, waits for what is under way, and throws the first one', async () => {
    for (const map of [
      mapLimit,
      (items: number[], n: number, w: (item: number) => Promise<number>) => mapShared(items, new Limit(n), w),
    ]) {
      const { seen, work } = counter();
      await expect(map([1, -2, 3, 4, 5, 6, 7, 8], 2, work)).rejects.toThrow('item -2');
      expect(seen.now).toBe(0);
      expect(seen.begun).toBeLessThan(8);
    }
  });

  it('is shared by all who use it', async () => {
    const { seen, work } = counter();
    const limit = new Limit(3);
    const lists = await Promise.all([mapShared([1, 2, 3], limit, work), mapShared([4, 5, 6], limit, work)]);
    expect(lists).toEqual([
      [2, 4, 6],
      [8, 10, 12],
    ]);
    expect(seen.most).toBe(3);
  });

  it('is free again after a failure', async () => {
    const limit = new Limit(1);
    await expect(limit.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await limit.run(async () => 'yes')).toBe('yes');
  });
});
