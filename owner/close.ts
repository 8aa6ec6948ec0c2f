import type { ProposalContext } from '../proposals/context.ts';
import { closePull } from '../github/pulls.ts';
import { fail } from '../ledger-schema/error.ts';
import { closedBranch } from '../ledger-schema/path.ts';
import { findChange, requireChangeName } from '../proposals/list-changes.ts';
import type { OpenChange } from '../proposals/list-changes.ts';

export interface CloseResult {
  readonly branch: string;
  readonly pull?: OpenChange['pull'];
  /** Where the branch lies now, on plain git. */
  readonly closed?: string;
}

/**
 * Says no to a proposal, valid or not: closes its pull request, or on plain git moves its branch to
 * `pullthrough-closed/…` in one step; `mirror` leaves both alone. Throws `E_NO_CHANGE` for what is no open proposal,
 * `E_STRANGER`, `E_MOVED`, and what the host throws.
 */
export async function closeProposal(context: ProposalContext, text: string): Promise<CloseResult> {
  requireChangeName(context, text);
  await context.ledger.update();
  const change = await findChange(context, text);
  const { branch, commit, pull, kind } = change;
  if (kind !== 'proposal') {
    fail('E_NO_CHANGE', `${branch} is not the branch of a proposal`, {
      hint: 'a nack or a policy is closed by removing its branch, or on GitHub by closing its pull request',
    });
  }
  if (context.github !== undefined) {
    if (pull === undefined) {
      fail('E_NO_CHANGE', `the branch ${branch} has no pull request that could be closed`, {
        hint: "'pullthrough mirror' opens it",
      });
    }
    await closePull(context.github.client, context.github.repository, pull.number);
    return { branch, pull };
  }
  const closed = closedBranch(branch);
  const { ledger } = context;
  await ledger.push([
    { branch: closed, from: ledger.branches().get(closed), to: commit },
    { branch, from: commit, to: undefined },
  ]);
  return { branch, closed };
}
