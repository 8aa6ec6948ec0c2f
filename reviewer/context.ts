import type { SourceConfig } from '../upstream/source-config.ts';
import type { AddedRoot } from '../evidence/added-root.ts';
import type { ProposalContext } from '../proposals/context.ts';
import type { PublicStore } from '../store/public.ts';
import type { KeptFetches } from './compare/kept-fetches.ts';
import type { Scanner } from './scanner.ts';

/** What every command of the reviewer works on. */
export interface ReviewerContext extends ProposalContext {
  /** The folder of mirror.ini; tool definitions lie below it. */
  readonly root: string;
  /** `--tools`: a folder of the reviewer's own tool definitions, absolute. */
  readonly tools?: string | undefined;
  /** `[source]` of mirror.ini. */
  readonly source: SourceConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--cache`, or `$XDG_CACHE_HOME/pullthrough`. */
  readonly cacheDir: string;
  /** `[evidence] trusted-root[]`, beside the roots that the package carries. */
  readonly trustedRoots?: readonly AddedRoot[] | undefined;
  /** `[review] scan[]`, and whether the folder of mirror.ini is the reviewer's own: only then are they run. */
  readonly scanners?: { readonly commands: readonly Scanner[]; readonly own: boolean } | undefined;
  /** What an `ack` fetched and could not sign; undefined: everything is fetched, and nothing is kept. */
  readonly kept?: KeptFetches | undefined;
  /** Undefined: no store is configured, and none is looked at. */
  readonly store?: PublicStore | undefined;
}
