import type { LedgerView } from '../../ledger/view/view.ts';
import type { Head } from '../../ledger-schema/head.ts';

/** What one run makes a site of. */
export interface SiteContext {
  readonly view: LedgerView;
  /** What an executor vouched for last, where the ledger says it. */
  readonly head: Head | undefined;
  /** The source whose tools are named without a host. */
  readonly host: string;
  /** Every source of the ledger's records; the name of a proposal, which nobody reviewed, moves no document. */
  readonly sources: ReadonlySet<string>;
  /** 64 hex digits. */
  readonly pin: string;
  /** Where the site is served, without a slash at its end; undefined where nobody said. */
  readonly baseUrl: string | undefined;
  /** Is the program for browsers here, so that pages can offer it? */
  readonly hasCheck: boolean;
}
