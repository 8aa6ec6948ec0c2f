interface Job<T> {
  readonly done: Promise<T>;
  readonly stop: AbortController;
  waiting: number;
}

/** Work that several may wait for: done once for all of them, and ended when nobody waits any more. */
export class SharedWork<T> {
  readonly #jobs = new Map<string, Job<T>>();

  has(key: string): boolean {
    return this.#jobs.has(key);
  }

  /**
   * Waits for the work of this key, which is begun where nobody waits for it yet. `signal` ends the waiting, with its
   * reason; the work's own signal ends the work.
   */
  async join(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    for (;;) {
      signal.throwIfAborted();
      const job = this.#jobs.get(key) ?? this.#start(key, work);
      if (job.stop.signal.aborted) {
        // Nobody waited for it, and it is not over yet.
        await abortable(job.done, signal).catch(() => undefined);
        continue;
      }
      job.waiting++;
      try {
        return await abortable(job.done, signal);
      } finally {
        if (--job.waiting === 0) job.stop.abort(new Error('nobody waits for it any more'));
      }
    }
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Job<T> {
    const stop = new AbortController();
    const done = work(stop.signal).finally(() => this.#jobs.delete(key));
    // Everyone who waited may be gone when it fails.
    done.catch(() => undefined);
    const job = { done, stop, waiting: 0 };
    this.#jobs.set(key, job);
    return job;
  }
}

/** The promise's outcome, or the signal's reason, whichever is first. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}
