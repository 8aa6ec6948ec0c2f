import type { Snapshot } from '../../ledger/snapshot.ts';
import { PullthroughError } from '../../ledger-schema/index.ts';

/** How long requests wait once the host was too slow for one of them: enough for what is here already. */
const BRIEFLY_MS = 2000;

/**
 * How long the requests of a gateway wait for the ledger's host, where a clone lacks what they need. Git has limits of its
 * own, which are for a ledger that is large and not for a client that waits; it goes on when nobody waits for it any more, and
 * what it brings is here for the next request. While a host has kept somebody waiting, all others wait only briefly.
 */
export class HostPatience {
  readonly #ms: number;
  #late: Promise<unknown> | undefined;

  /** `ms`: how long a request waits. */
  constructor(ms: number) {
    this.#ms = ms;
  }

  /** The host has answered. */
  reset(): void {
    this.#late = undefined;
  }

  /** The same snapshot for those who can't wait. What takes too long throws `E_LEDGER_UNREACHABLE`. */
  of(snapshot: Snapshot): Snapshot {
    return {
      commit: snapshot.commit,
      list: (directory) => this.#wait(snapshot.list(directory)),
      listMany: (directories) => this.#wait(snapshot.listMany(directories)),
      blob: (oid, limit) => this.#wait(snapshot.blob(oid, limit)),
      blobsHere: (oids, limit) => this.#wait(snapshot.blobsHere(oids, limit)),
      prefetch: (oids) => this.#wait(snapshot.prefetch(oids)),
      walk: (directory) => this.#walk(snapshot.walk(directory)),
      leaves: (directory, twice) => this.#walk(snapshot.leaves(directory, twice)),
    };
  }

  /** What comes in time, else `E_LEDGER_UNREACHABLE`; the work goes on. */
  async orLate<T>(work: Promise<T>): Promise<T> {
    return within(work, this.#ms);
  }

  async *#walk<T>(leaves: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    const iterator = leaves[Symbol.asyncIterator]();
    for (;;) {
      const next = await this.#wait(iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  }

  async #wait<T>(work: Promise<T>): Promise<T> {
    const ms = this.#late === undefined ? this.#ms : Math.min(this.#ms, BRIEFLY_MS);
    return within(work, ms, () => this.#isLate(work));
  }

  #isLate(work: Promise<unknown>): void {
    this.#late = work;
    work.then(
      () => this.reset(),
      () => undefined,
    );
  }
}

async function within<T>(work: Promise<T>, ms: number, onLate?: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      onLate?.();
      reject(unreachable(ms));
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function unreachable(ms: number): PullthroughError {
  return new PullthroughError(
    'E_LEDGER_UNREACHABLE',
    `the ledger's host did not send what is needed within ${ms / 1000} s`,
    {
      hint: 'try again in a while; what was asked for before is served meanwhile',
    },
  );
}
