import type { ExecutorContext } from '../executor/context.ts';

/** Where stored bytes are read for a comparison. Nothing that it gives is believed. */
export interface StoreReader {
  /** For messages: its URL without any secret. */
  readonly label: string;
  /** The bytes under a digest as they are. Throws `E_STORE_MISSING` where there are none. */
  read(sha256: string, size: number): AsyncIterable<Uint8Array>;
}

/** What every command of the reviewer, and `ledger merge` and `ledger close`, work on. */
export interface ReviewerContext extends Pick<
  ExecutorContext,
  'root' | 'source' | 'ledger' | 'branch' | 'github' | 'pin' | 'now' | 'progress' | 'env' | 'cacheDir'
> {
  /** Undefined: no store is configured, and none is looked at. */
  readonly store?: StoreReader | undefined;
  readonly signal?: AbortSignal | undefined;
}
