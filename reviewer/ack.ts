import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { reviewerIdentity } from './authorship.ts';
import { commentStanding } from './comment.ts';
import type { ReviewerContext } from './context.ts';
import { mergeChange } from '../proposals/merge.ts';
import type { Merged, MergeOptions } from '../proposals/merge.ts';
import { readProposal } from '../proposals/read-proposal.ts';
import type { Proposal } from '../proposals/read-proposal.ts';
import { standingOf } from './report.ts';
import type { Standing } from './report.ts';
import { titleOf } from './review.ts';
import type { SameReview } from './review.ts';
import { readSign, signAck } from './signing.ts';
import type { ReviewerSigning } from './signing.ts';
import { typed } from '../io/shell.ts';

export interface AckResult {
  /** `already`: an ack by this key lies there. */
  readonly action: 'acked' | 'already';
  /** The branch's commit now. */
  readonly head: string;
  readonly standing: Standing;
  readonly merged?: Merged;
  /** Why a proposal that has enough acks could not be merged; the ack itself is pushed. */
  readonly mergeError?: PullthroughError;
}

export interface AckOptions extends MergeOptions {
  /** `[ledger] merge`. */
  readonly merge: 'manual' | 'acknowledged';
}

/** Does an ack by this key lie in the proposal? Then there is nothing to review for it. */
export function hasAcked(proposal: Proposal, fingerprint: string): boolean {
  return proposal.record.acks.some((ack) => ack.fingerprint === fingerprint);
}

/** Throws `E_WITHDRAWN` for a proposal that a reviewer nacked, and `E_NO_CHANGE` for a nack: no ack is of use there. */
export function requireAckable({ record, branch, adds }: Proposal): void {
  if (adds === 'nack') fail('E_NO_CHANGE', `${branch} withdraws a record; there is nothing to acknowledge`);
  if (record.state !== 'withdrawn') return;
  const who = record.nacks.map(({ holder }) => holder).join(', ');
  fail('E_WITHDRAWN', `${record.path} was nacked by ${who}, and can't be merged as acknowledged any more`, {
    hint: typed`pullthrough ledger close ${branch}`,
  });
}

/**
 * Signs a reviewed proposal whose bytes all compared equal, and pushes the .ack in one commit onto its branch, only if
 * that is still what was reviewed; then says on GitHub what is missing, and merges where the configuration says so.
 * Throws `E_MOVED`, `E_WITHDRAWN`, `E_NOT_REVIEWER`, and what the signer and `push` throw; then nothing was pushed.
 */
export async function acknowledge(
  context: ReviewerContext,
  review: SameReview,
  signing: ReviewerSigning,
  options: AckOptions,
): Promise<AckResult> {
  const { proposal, state } = review;
  requireAckable(proposal);
  if (hasAcked(proposal, signing.reviewer.fingerprint)) {
    return { action: 'already', head: proposal.commit, standing: standingOf(proposal, state.trust) };
  }
  const { ledger } = context;
  const sign = await readSign(ledger.snapshot(proposal.commit), proposal.record.path);
  const ack = await signAck(signing, proposal.record, sign, state);
  const commit = await ledger.commit({
    parents: [proposal.commit],
    base: proposal.commit,
    files: new Map([[ack.path, ack.bytes]]),
    message: `Acknowledge ${titleOf(proposal)}\n`,
    author: reviewerIdentity(signing.reviewer),
  });
  // What the gate will not take is never pushed.
  const acked = await readProposal(context, state, { ...proposal, commit });
  await ledger.push([{ branch: proposal.branch, from: proposal.commit, to: commit }]);
  const standing = standingOf(acked, state.trust);
  await commentStanding(context, acked, standing);
  const result: AckResult = { action: 'acked', head: commit, standing };
  if (options.merge !== 'acknowledged' || standing.missing > 0) return result;
  try {
    return { ...result, merged: await mergeChange(context, state, acked, options) };
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    return { ...result, mergeError: error };
  }
}
