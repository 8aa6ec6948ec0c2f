import type { ErrorReport } from '../io/error-report.ts';
import type { Finding } from '../inspect/finding.ts';
import type { PullReference } from '../proposals/pull-reference.ts';

/**
 * `propose`: it would be proposed (plan, --dry-run). `proposed`: it is now. `held`: the ledger or an open proposal has
 * it. `waiting`: too young, or its upload isn't finished. `closed`: a person said no. `restock`, `restocked`: the same
 * for bytes that the store lost.
 */
export type Action =
  'propose' | 'proposed' | 'held' | 'waiting' | 'nothing' | 'closed' | 'restock' | 'restocked' | 'failed';

export interface ResultFile {
  readonly name: string;
  /** Bytes; unknown for a file that lies elsewhere and wasn't fetched yet. */
  readonly size?: number;
  readonly sha256?: string;
  readonly url?: string;
  /** The last host that `url` led to, where it is another one. */
  readonly host?: string;
}

/** What happened to one release of a tool, or to the tool where no release was reached. */
export interface ReleaseResult {
  /** `owner/repo`, or `HOST/owner/repo` where the source isn't the configured one. */
  readonly tool: string;
  readonly tag?: string;
  readonly action: Action;
  readonly reason: string;
  readonly warnings: readonly string[];
  /** The record's path in the ledger. */
  readonly record?: string;
  readonly branch?: string;
  readonly pull?: PullReference;
  readonly files?: readonly ResultFile[];
  /** Upstream's files that are left out. */
  readonly left?: readonly string[];
  /** What a reviewer must know of what was proposed. */
  readonly findings?: readonly Finding[];
  /** ISO 8601: when it is old enough. */
  readonly until?: string;
  readonly error?: ErrorReport;
}
