import { openView } from '../ledger/view/view.ts';
import type { LedgerView } from '../ledger/view/view.ts';
import type { ProposalContext } from './context.ts';

/** A context, and the ledger as it was when it was looked at: code that decides by the ledger takes this one value. */
export type WithView<Context extends ProposalContext = ProposalContext> = Context & { readonly view: LedgerView };

/** Looks at the ledger now, from the pin or from policy 1. Throws what {@link openView} throws. */
export async function withView<Context extends ProposalContext>(context: Context): Promise<WithView<Context>> {
  return { ...context, view: await openView(context) };
}
