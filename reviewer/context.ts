import type { SourceConfig } from '../upstream/source-config.ts';
import type { AddedRoot } from '../evidence/roots.ts';
import type { ProposalContext } from '../proposals/context.ts';
import type { PublicStore } from '../store/public.ts';

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
  /** Undefined: no store is configured, and none is looked at. */
  readonly store?: PublicStore | undefined;
}
