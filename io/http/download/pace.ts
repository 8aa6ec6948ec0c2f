import { PullthroughError } from '../../../ledger-schema/error.ts';

/** How slow a sender may be. */
export interface PaceRules {
  /** Milliseconds that it may be behind. */
  readonly graceMs: number;
  readonly bytesPerSecond: number;
}

/** A body of `size` bytes takes a minute and `size` / 16 KiB/s at most, however it is spread over that time. */
export const PACE: PaceRules = { graceMs: 60_000, bytesPerSecond: 16 * 1024 };

/**
 * Holds a sender to a minimum rate, from the connection to the last byte. Only time that we wait for it counts. It
 * starts with the grace, loses what we wait, and wins back what its bytes earn, up to the grace: one that was fast for
 * an hour can't then trickle for a day.
 */
export class Pace {
  readonly #where: string;
  readonly #rules: PaceRules;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #forward = (): void => this.#controller.abort(this.#outer?.reason);
  /** Milliseconds. */
  #left: number;
  #since: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #problem: PullthroughError | undefined;
  #trickled = false;

  /** `where` is a URL that may be shown; `outer` aborts {@link signal} as well. */
  constructor(where: string, rules: PaceRules = PACE, outer?: AbortSignal) {
    this.#where = where;
    this.#rules = rules;
    this.#left = rules.graceMs;
    this.#outer = outer;
    if (outer?.aborted) this.#forward();
    else outer?.addEventListener('abort', this.#forward, { once: true });
  }

  /** Aborts when the sender is too slow; give it to the request. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** `E_TIMEOUT`, once the sender was too slow. */
  get problem(): PullthroughError | undefined {
    return this.#problem;
  }

  /** Did bytes come, but too few? Then another try at the same place would meet the same sender. */
  get trickles(): boolean {
    return this.#problem !== undefined && this.#trickled;
  }

  /** Waits for the sender. */
  async waitFor<T>(work: Promise<T>): Promise<T> {
    this.#since = performance.now();
    this.#timer ??= this.#watch(this.#left);
    try {
      return await work;
    } catch (error) {
      throw this.#problem ?? error;
    } finally {
      this.#left -= performance.now() - this.#since;
      this.#since = undefined;
    }
  }

  /** The same body, held to the rate. */
  async *through(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    const chunks = body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.waitFor(chunks.next());
        if (next.done === true) return;
        this.#earn(next.value.length);
        yield next.value;
      }
    } finally {
      await chunks.return?.();
    }
  }

  /** Ends the watch; `signal` says nothing more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#outer?.removeEventListener('abort', this.#forward);
  }

  #earn(bytes: number): void {
    const { graceMs, bytesPerSecond } = this.#rules;
    const left = this.#left + (bytes / bytesPerSecond) * 1000;
    this.#trickled = left < graceMs;
    this.#left = Math.min(left, graceMs);
  }

  /** One timer for many waits: when it fires, the time that is really left decides. */
  #watch(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      const waited = this.#since === undefined ? 0 : performance.now() - this.#since;
      const left = this.#left - waited;
      if (this.#since === undefined || left > 0) {
        // The next wait sets it again.
        this.#timer = this.#since === undefined ? undefined : this.#watch(left);
        return;
      }
      const rate = this.#rules.bytesPerSecond / 1024;
      const what = this.#trickled ? `sends less than ${rate} KiB a second` : 'stopped sending, or never began';
      this.#problem = new PullthroughError('E_TIMEOUT', `${this.#where} ${what}`, {
        hint: 'try again; if it keeps failing, check the network and the proxy',
      });
      this.#controller.abort(this.#problem);
    }, ms).unref();
  }
}
