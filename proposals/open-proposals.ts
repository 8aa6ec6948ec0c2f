import type { ProposalContext } from './context.ts';
import { mapLimit } from '../io/limit.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import { AT_ONCE, findChange, listOpenChanges, requireChangeName } from './list-changes.ts';
import type { OpenChange, Stranger } from './list-changes.ts';
import type { WithView } from './with-view.ts';
import { readProposal } from './read-proposal.ts';
import type { Proposal } from './read-proposal.ts';
import { withView } from './with-view.ts';

/** A branch or pull request of ours that the gate refuses. */
export interface RefusedChange {
  readonly change: OpenChange;
  readonly error: PullthroughError;
}

export interface OpenProposals<Context extends ProposalContext = ProposalContext> {
  /** With the ledger that they were read on. */
  readonly context: WithView<Context>;
  readonly proposals: readonly Proposal[];
  readonly refused: readonly RefusedChange[];
  readonly strangers: readonly Stranger[];
}

/**
 * The proposal that CHANGE names, or every open one. A proposal counts as ours only when its branch lies in the ledger
 * itself and the gate takes it; one that doesn't is `refused`, and thrown where it was named. Throws what
 * {@link withView}, {@link findChange} and {@link readProposal} throw.
 */
export async function openProposals<Context extends ProposalContext>(
  opened: Context,
  text: string | undefined,
): Promise<OpenProposals<Context>> {
  if (text !== undefined) requireChangeName(opened, text);
  const context = await withView(opened);
  if (text !== undefined) {
    const proposal = await readProposal(context, await findChange(context, text));
    return { context, proposals: [proposal], refused: [], strangers: [] };
  }
  const { changes, strangers } = await listOpenChanges(context);
  const wanted = changes.filter(({ kind }) => kind === 'proposal');
  const read = await mapLimit(wanted, AT_ONCE, (change) => tryProposal(context, change));
  const proposals = read.flatMap((result) => (result !== undefined && 'record' in result ? [result] : []));
  const refused = read.flatMap((result) => (result !== undefined && 'error' in result ? [result] : []));
  return { context, proposals: proposals.filter(({ adds }) => adds !== 'nack'), refused, strangers };
}

async function tryProposal(context: WithView, change: OpenChange): Promise<Proposal | RefusedChange | undefined> {
  try {
    return await readProposal(context, change);
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    // A branch that was merged and not removed yet has nothing to say.
    if (error.code === 'E_NO_CHANGE') return undefined;
    if (error.exit !== 3) throw error;
    return { change, error };
  }
}
