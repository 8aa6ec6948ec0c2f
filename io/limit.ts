/** Lets at most `limit` pieces of work run at once, in the order they came. */
export class Limit {
  #free: number;
  readonly #queue: (() => void)[] = [];

  constructor(limit: number) {
    this.#free = limit;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

/**
 * Runs `work` on each item, at most `limit` at once, and gives the results in the items' order. After a failure no
 * further item is begun, those under way are waited for, and the first failure is thrown.
 */
export async function mapLimit<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const failures: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (failures.length === 0 && next < items.length) {
      const index = next++;
      try {
        results[index] = await work(items[index] as T, index);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(limit, items.length)) }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}

/**
 * Runs `work` on each item within a limit that others share, and gives the results in the items' order. After a failure
 * no further item is begun, those under way are waited for, and the first failure is thrown.
 */
export async function mapShared<T, R>(items: readonly T[], limit: Limit, work: (item: T) => Promise<R>): Promise<R[]> {
  const failures: unknown[] = [];
  const results = await Promise.allSettled(
    items.map((item) =>
      limit.run(async () => {
        if (failures.length > 0) throw failures[0];
        try {
          return await work(item);
        } catch (error) {
          failures.push(error);
          throw error;
        }
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
