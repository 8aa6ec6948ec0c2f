import type { ExecutorContext } from '../executor/context.ts';
import type { PublicStore } from '../store/public.ts';

/** What every command of the reviewer, and `ledger merge` and `ledger close`, work on. */
export interface ReviewerContext extends Pick<
  ExecutorContext,
  'root' | 'source' | 'ledger' | 'branch' | 'github' | 'pin' | 'now' | 'progress' | 'env' | 'cacheDir'
> {
  /** Undefined: no store is configured, and none is looked at. */
  readonly store?: PublicStore | undefined;
  readonly signal?: AbortSignal | undefined;
}
