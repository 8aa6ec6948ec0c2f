/** What one conversation with a ledger's host may cost; without limits it could be endless. */
export interface FetchLimits {
  /** The bytes of a pack. Default: 1 GiB. */
  readonly bytes?: number | undefined;
  /** Milliseconds. Default: 10 minutes. */
  readonly ms?: number | undefined;
}

/** What applies where nothing else is said; a ledger of a million records is smaller. */
export const FETCH_LIMITS: Required<FetchLimits> = { bytes: 1024 * 1024 * 1024, ms: 600_000 };
