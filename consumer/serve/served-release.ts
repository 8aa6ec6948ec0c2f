import type { PullthroughError } from '../../ledger-schema/index.ts';
import type { VerifiedRelease } from '../release.ts';

/** A release with the time that it became acknowledged, as ISO 8601. */
export interface ServedRelease extends VerifiedRelease {
  readonly published: string;
}

/** A record by its tag: what may be served, or why it may not. */
export interface ServedTag {
  readonly tag: string;
  readonly release?: ServedRelease;
  readonly refusal?: PullthroughError;
}
