import type { ProposalContext } from '../proposals/context.ts';
import { closePull } from '../github/pulls.ts';
import { isProposalBranch, nackHolders, nacksOnBranches } from '../ledger/open-nacks.ts';
import { fail } from '../ledger-schema/error.ts';
import { closedBranch } from '../ledger-schema/names/branches.ts';
import { findChange, requireChangeName } from '../proposals/list-changes.ts';
import type { OpenChange } from '../proposals/list-changes.ts';
import { withView } from '../proposals/with-view.ts';
import type { WithView } from '../proposals/with-view.ts';

export interface CloseResult {
  readonly branch: string;
  readonly pull?: OpenChange['pull'];
  /** Where the branch lies now: on plain git, and a policy's everywhere. */
  readonly closed?: string;
}

/**
 * Says no to a proposal or a policy, valid or not. A proposal's pull request is closed, or on plain git its branch moves to
 * `pullthrough-closed/…`; `mirror` leaves both alone. A policy's branch moves everywhere, so that another of its number can
 * be proposed. Throws `E_NO_CHANGE` for what is neither, `E_EXISTS` where a closed branch with a nack of its own would be
 * lost, `E_STRANGER`, `E_MOVED`, and what the host throws.
 */
export async function closeChange(opened: ProposalContext, text: string): Promise<CloseResult> {
  requireChangeName(opened, text);
  const context = await withView(opened);
  const change = await findChange(context, text);
  const { branch, pull, kind } = change;
  if (kind === 'nack') {
    fail('E_NO_CHANGE', `${branch} is a reviewer's no to a merged record, and nobody else can take that back`, {
      hint: 'ask the reviewer who signed it',
    });
  }
  if (kind === 'other') fail('E_NO_CHANGE', `${branch} is neither a proposal nor a policy`);
  const { github } = context;
  if (github === undefined) return { branch, closed: await moveToClosed(context, change) };
  if (pull === undefined && kind === 'proposal') {
    fail('E_NO_CHANGE', `the branch ${branch} has no pull request that could be closed`, {
      hint: "'pullthrough mirror' opens it",
    });
  }
  if (pull !== undefined) await closePull(github.client, github.repository, pull.number);
  const closed = kind === 'policy' ? { closed: await moveToClosed(context, change) } : {};
  return { branch, ...(pull && { pull }), ...closed };
}

async function moveToClosed(context: WithView, { branch, commit }: OpenChange): Promise<string> {
  const closed = closedBranch(branch);
  const { ledger } = context;
  const there = ledger.branches().get(closed);
  if (there !== undefined && isProposalBranch(branch)) await requireNothingLost(context, branch, closed);
  await ledger.push([
    { branch: closed, from: there, to: commit },
    { branch, from: commit, to: undefined },
  ]);
  return closed;
}

/** A branch that was closed before lies where this one is to lie: a no that only it holds must not go with it. */
async function requireNothingLost({ ledger, view }: WithView, branch: string, closed: string): Promise<void> {
  const nacks = await nacksOnBranches(ledger, view.commit, view.trust);
  const kept = new Set(nacks.filter((nack) => nack.branch === branch).map(({ path }) => path));
  const lost = nacks.filter((nack) => nack.branch === closed && !kept.has(nack.path));
  if (lost.length === 0) return;
  fail('E_EXISTS', `${closed} holds a nack by ${nackHolders(lost).join(' and ')}, which ${branch} lacks`, {
    hint: 'rename one of the two branches with git, so that both are kept',
  });
}
