import { fail } from '../../ledger-schema/error.ts';
import { SECONDARY_LIMIT } from '../../io/http/answer-error.ts';
import type { RateLimit } from '../../io/http/answer-error.ts';
import type { Progress } from '../../io/progress.ts';
import { retryAfter, untilReset } from '../../io/http/retry.ts';
import type { ApiResponse, Clock } from './fetch.ts';
import { instantText } from '../../ledger-schema/fields.ts';

/** How long one client waits in all, in milliseconds. */
const BUDGET = 60_000;
/** "Wait for at least one minute", where a secondary limit says nothing else. */
const MINUTE = 60_000;

/**
 * Is this answer a rate limit? Docs: "Rate limits for the REST API", "Exceeding the rate limit". A 403 that is not one
 * of these is a refusal. `message` is what the body says.
 */
export function limitOf(
  response: Pick<ApiResponse, 'status' | 'headers'>,
  message: () => string,
  now: number,
): RateLimit | undefined {
  if (response.status !== 403 && response.status !== 429) return undefined;
  const after = retryAfter(response.headers.get('retry-after') ?? undefined, now);
  if (after !== undefined) return { kind: 'secondary', wait: after };
  if (response.headers.get('x-ratelimit-remaining') === '0') {
    const header = (name: string): string | undefined => response.headers.get(name) ?? undefined;
    return { kind: 'primary', wait: untilReset(header('x-ratelimit-reset'), header('date'), now) ?? MINUTE };
  }
  if (response.status === 429 || SECONDARY_LIMIT.test(message())) {
    return { kind: 'secondary', wait: undefined };
  }
  return undefined;
}

export interface RateGateOptions {
  readonly host: string;
  readonly clock: Clock;
  readonly progress: Progress;
  /** What E_RATE_LIMIT tells a person to do. */
  readonly hint: string;
}

/**
 * One gate for all requests of a client: a limit closes it for everybody, and everybody's wait is the same wait. The
 * waits of a client add up to at most a minute; a limit that is longer than what is left of it is `E_RATE_LIMIT`, at
 * once and for every request until it is over.
 */
export class RateGate {
  readonly #options: RateGateOptions;
  #until = 0;
  #waited = 0;
  #secondary = 0;
  #exhausted = false;
  #waiting: Promise<void> | undefined;

  constructor(options: RateGateOptions) {
    this.#options = options;
  }

  /** Milliseconds waited so far. */
  get waited(): number {
    return this.#waited;
  }

  /** Returns when the gate is open. Throws `E_RATE_LIMIT`. */
  async pass(): Promise<void> {
    const { clock } = this.#options;
    while (this.#until > clock.now()) {
      if (this.#exhausted) this.#giveUp();
      this.#waiting ??= clock.sleep(this.#until - clock.now()).finally(() => (this.#waiting = undefined));
      await this.#waiting;
    }
    this.#exhausted = false;
  }

  /** Closes the gate as a limit says. Throws `E_RATE_LIMIT` where that is longer than the client waits. */
  close(limit: RateLimit): void {
    const { clock, progress, host } = this.#options;
    const now = clock.now();
    const closed = this.#until > now;
    let wait = limit.wait;
    if (wait === undefined) {
      // Requests that were under way when the gate closed are one strike, not many.
      if (!closed) this.#secondary += 1;
      wait = MINUTE * 2 ** Math.max(0, this.#secondary - 1);
    }
    // At least a second, so that a server that says 0 for ever uses the minute up.
    const until = now + Math.max(1000, wait);
    if (until <= this.#until) {
      if (this.#exhausted) this.#giveUp();
      return;
    }
    const more = until - Math.max(now, this.#until);
    this.#until = until;
    if (this.#waited + more > BUDGET) {
      this.#exhausted = true;
      this.#giveUp();
    }
    this.#waited += more;
    progress.note(`${host} limits requests (${limit.kind}): waiting ${String(Math.ceil((until - now) / 1000))} s`);
  }

  #giveUp(): never {
    const { host, hint } = this.#options;
    const reset = instantText(Math.ceil(Math.min(this.#until, 8.64e15) / 1000) * 1000);
    fail('E_RATE_LIMIT', `the rate limit of ${host} is used up until ${reset}`, { hint });
  }
}
