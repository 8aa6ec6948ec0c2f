import { openView, viewAt } from '../ledger/view/view.ts';
import type { LedgerView } from '../ledger/view/view.ts';
import type { ProposalContext } from './context.ts';

/** The ledger's branch at one commit, and the trust that it holds: what every change is judged by. */
export type LedgerState = LedgerView;

/**
 * Looks at the ledger now and establishes trust, from the pin or from policy 1, as all do who decide by it. Throws what
 * {@link openView} throws.
 */
export async function readLedger(context: ProposalContext): Promise<LedgerState> {
  return openView(context);
}

/** The state of a commit that is here already, as after a merge of our own. */
export async function stateAt(
  context: Pick<ProposalContext, 'ledger' | 'pin' | 'now'>,
  commit: string,
): Promise<LedgerState> {
  return viewAt(commit, context);
}
