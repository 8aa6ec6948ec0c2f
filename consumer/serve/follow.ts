import { PullthroughError } from '../../ledger-schema/index.ts';
import type { Progress } from '../../io/progress.ts';
import type { Demand } from '../evidence/demand.ts';
import { Catalog } from './catalog.ts';
import type { CatalogOptions } from './catalog.ts';
import type { HostPatience } from './host-patience.ts';
import type { Alias } from './other-names.ts';
import type { LedgerView } from '../../ledger/view/view.ts';

export interface FollowOptions {
  /** Looks at the ledger now, or takes what was fetched last. */
  readonly look: (options: { readonly offline: boolean; readonly now: Date }) => Promise<LedgerView>;
  readonly progress: Progress;
  readonly aliases?: readonly Alias[] | undefined;
  /** What every release must meet beyond its acks. */
  readonly demand?: Demand | undefined;
  /** `[trust] max-age`: how old the newest signed head may be, in milliseconds. */
  readonly maxAge?: number | undefined;
  /** Milliseconds between two looks. */
  readonly interval: number;
  /** How long requests wait for the ledger's host. */
  readonly patience?: HostPatience | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What is known of the ledger's transport. */
export interface FollowState {
  /** When the ledger was seen last, in milliseconds since 1970; undefined where it wasn't yet. */
  readonly seen: number | undefined;
  /** Why the last look failed. */
  readonly failure: PullthroughError | undefined;
}

/**
 * Keeps a catalog of the newest state of the ledger. When a look fails (the host is down, or shows something older or
 * other than before), the last good one stays.
 */
export class Follower {
  readonly #options: FollowOptions;
  #catalog: Catalog;
  #seen: number | undefined;
  #failure: PullthroughError | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #stopped = false;

  private constructor(options: FollowOptions, catalog: Catalog) {
    this.#options = options;
    this.#catalog = catalog;
  }

  /**
   * Looks once. Where the ledger can't be reached, or keeps us waiting, what an earlier process fetched must do. Throws what a
   * look throws.
   */
  static async start(options: FollowOptions): Promise<Follower> {
    const { look, now, progress, patience } = options;
    let failure: PullthroughError | undefined;
    const first = look({ offline: false, now: new Date(now()) });
    const soon = patience === undefined ? first : patience.orLate(first);
    const view = await soon.catch(async (error: unknown) => {
      if (!(error instanceof PullthroughError) || error.exit !== 1) throw error;
      const copy = await look({ offline: true, now: new Date(now()) }).catch(() => undefined);
      if (copy === undefined) return first;
      failure = error;
      progress.warn(`${error.message}; serving by the copy of the ledger that is here, commit ${copy.commit}`);
      return copy;
    });
    const follower = new Follower(options, new Catalog(view, catalogOptions(options)));
    follower.#failure = failure;
    if (failure === undefined) follower.#seen = now();
    // A host that was only late: what it brings after all is taken at once, not at the next look.
    else void first.then(() => (follower.#stopped ? undefined : follower.look())).catch(() => undefined);
    follower.#schedule();
    return follower;
  }

  get catalog(): Catalog {
    return this.#catalog;
  }

  get state(): FollowState {
    return { seen: this.#seen, failure: this.#failure };
  }

  /** Looks now. A failure is kept, not thrown. */
  look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    // A host that keeps us waiting must not hold up the end.
    const { patience } = this.#options;
    if (this.#looking !== undefined) await (patience?.orLate(this.#looking).catch(() => undefined) ?? this.#looking);
  }

  async #lookOnce(): Promise<void> {
    const { look, now, progress } = this.#options;
    try {
      const view = await look({ offline: false, now: new Date(now()) });
      const { commit } = this.#catalog.view;
      // Even if nothing moved: only a new view sees what time has done to the keys.
      const next = new Catalog(view, catalogOptions(this.#options), this.#catalog);
      await next.prepare(this.#catalog);
      this.#catalog = next;
      if (view.commit !== commit) progress.note(`the ledger is at ${view.commit}`);
      if (this.#failure !== undefined) progress.note('the ledger can be followed again');
      this.#seen = now();
      this.#failure = undefined;
      this.#options.patience?.reset();
    } catch (error) {
      const failure =
        error instanceof PullthroughError ? error : new PullthroughError('E_INTERNAL', String(error), { cause: error });
      if (this.#failure?.code !== failure.code) {
        progress.warn(
          `the ledger cannot be followed: ${failure.message} [${failure.code}]; serving what was seen before`,
        );
      }
      this.#failure = failure;
      // Until a look succeeds: whatever holds the ledger back may be gone the next time.
      if (failure.code === 'E_STALE') this.#catalog.heldBack = failure;
    }
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.look().then(() => this.#schedule()), this.#options.interval);
    this.#timer.unref();
  }
}

function catalogOptions({ now, aliases = [], demand, maxAge, patience }: FollowOptions): CatalogOptions {
  return { now, aliases, demand, maxAge, patience };
}
