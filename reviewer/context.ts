import type { ProposalContext } from '../proposals/context.ts';
import type { PublicStore } from '../store/public.ts';

/** What every command of the reviewer works on. */
export interface ReviewerContext extends ProposalContext {
  /** The folder of mirror.ini; tool definitions lie below it. */
  readonly root: string;
  /** `[source]`: the API's base, and the host that records name. */
  readonly source: { readonly api: string; readonly host: string };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--cache`, or `$XDG_CACHE_HOME/pullthrough`. */
  readonly cacheDir: string;
  /** Undefined: no store is configured, and none is looked at. */
  readonly store?: PublicStore | undefined;
}
