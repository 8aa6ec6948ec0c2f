import type { Signer } from '../../../ledger/signing/signer.ts';
import { PullthroughError } from '../../../ledger-schema/error.ts';
import { acknowledge, hasAcked, requireAckable } from '../../../reviewer/ack.ts';
import type { AckResult } from '../../../reviewer/ack.ts';
import { openProposals } from '../../../proposals/open-proposals.ts';
import type { Proposal } from '../../../proposals/read-proposal.ts';
import { standingOf } from '../../../reviewer/report.ts';
import type { ReviewReport, Standing } from '../../../reviewer/report.ts';
import { requireReviewer } from '../../../reviewer/reviewer-key.ts';
import { requireSame, reviewProposal, titleOf } from '../../../reviewer/review.ts';
import type { SameReview } from '../../../reviewer/review.ts';
import type { ReviewTools } from '../../../reviewer/review-tools.ts';
import { withTotal } from '../../../reviewer/total-progress.ts';
import type { CommandContext } from '../../wiring/context.ts';
import { refusedResult, showOthers, showReview } from '../../screens/review-screen.ts';
import { missingText } from '../../screens/review-words.ts';
import type { OpenedReviewer } from '../../wiring/reviewer-context.ts';
import { endSeveral } from '../../screens/several.ts';
import { typed } from '../../../io/shell.ts';

export interface AcknowledgeRequest extends OpenedReviewer {
  readonly signer: Signer;
  readonly tools: ReviewTools;
  readonly change: string | undefined;
  readonly yes: boolean;
}

/** What became of one proposal; the shape of `--json`. */
interface AckLine extends Standing {
  readonly record: string;
  readonly branch: string;
  /** `declined`: the person said no. */
  readonly action: AckResult['action'] | 'declined';
  /** The branch's commit. */
  readonly head: string;
  /** The ledger's commit, where it was merged. */
  readonly merged?: string;
}

/** A key that can't sign one proposal can't sign the next. */
const HOPELESS: ReadonlySet<string> = new Set(['E_SIGNING_KEY', 'E_NOT_REVIEWER', 'E_CREDENTIAL', 'E_CONFIRM']);

/** Reviews each proposal, and signs what compared equal and, without CHANGE, was said yes to. */
export async function acknowledgeEach(request: AcknowledgeRequest, context: CommandContext): Promise<void> {
  const { reviewer, signer, change } = request;
  const { output } = context;
  const { state, proposals, refused, strangers } = await openProposals(reviewer, change);
  // Before anything is downloaded
  const who = await requireReviewer(state.trust, signer.fingerprint, 'ack');
  showOthers(refused, strangers, output);
  const reviews: ReviewReport[] = [];
  const acks: AckLine[] = [];
  output.results({ reviews, acks, refused: refused.map(refusedResult), strangers });
  const failures = refused.map(({ error }) => error);
  const add = (proposal: Proposal, line: Omit<AckLine, 'record' | 'branch'>): void => {
    acks.push({ record: proposal.record.path, branch: proposal.branch, ...line });
  };
  const open = proposals.filter((proposal) => {
    if (!hasAcked(proposal, signer.fingerprint)) return true;
    const standing = standingOf(proposal, state.trust);
    output.line(`${titleOf(proposal)}: this key acknowledged it already; ${missingText(standing)}`);
    add(proposal, { action: 'already', head: proposal.commit, ...standing });
    return false;
  });
  const total = withTotal(reviewer, open);
  for (const proposal of open) {
    context.signal.throwIfAborted();
    let signing = false;
    try {
      requireAckable(proposal);
      const review = await reviewProposal(total.context, state, proposal, request.tools);
      showReview(review.report, context.now, output);
      reviews.push(review.report);
      const same = requireSame(review);
      signing = true;
      if (!(await wanted(request, same, context))) {
        add(proposal, { action: 'declined', head: proposal.commit, ...standingOf(proposal, state.trust) });
        continue;
      }
      const { author, merge } = request.config.ledger;
      const result = await acknowledge(reviewer, same, { signer, reviewer: who }, { author, merge });
      showAck(result, same, context);
      const { action, head, standing, merged } = result;
      add(proposal, { action, head, ...standing, ...(merged === undefined ? {} : { merged: merged.commit }) });
      if (result.mergeError !== undefined) throw result.mergeError;
    } catch (error) {
      if (!(error instanceof PullthroughError) || change !== undefined || context.signal.aborted) throw error;
      // The same code about an upstream says nothing of the next proposal.
      if (signing && HOPELESS.has(error.code)) throw error;
      output.problem(error, titleOf(proposal));
      failures.push(error);
    }
  }
  total.done();
  if (proposals.length === 0) output.note('there is no proposal to acknowledge');
  endSeveral(failures, proposals.length + refused.length, 'proposals');
}

/** With CHANGE or `--yes` the answer is given. */
async function wanted(request: AcknowledgeRequest, review: SameReview, context: CommandContext): Promise<boolean> {
  if (request.change !== undefined || request.yes) return true;
  const answer = await context.ask(`acknowledge ${titleOf(review.proposal)}? [y/N]`);
  return /^y(?:es)?$/i.test(answer);
}

function showAck({ standing, merged }: AckResult, { proposal }: SameReview, { output }: CommandContext): void {
  output.line(`${titleOf(proposal)}: your ack is pushed; ${missingText(standing)}`, 'good');
  if (merged !== undefined) output.line(`${merged.title} is merged, commit ${merged.commit}`, 'good');
  else if (standing.missing === 0) output.note(`to merge it: ${typed`pullthrough ledger merge ${proposal.branch}`}`);
}
