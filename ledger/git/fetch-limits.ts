/** What one conversation with a ledger's host may cost; without limits it could be endless. */
export interface FetchLimits {
  /** The bytes of a pack. Default: 1 GiB. */
  readonly bytes?: number | undefined;
  /** Milliseconds. Default: 10 minutes. */
  readonly ms?: number | undefined;
}
