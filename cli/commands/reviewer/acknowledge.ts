import type { Signer } from '../../../ledger/signing/signer.ts';
import { PullthroughError, fail } from '../../../ledger-schema/error.ts';
import { proposalBranch } from '../../../ledger-schema/names/branches.ts';
import { acknowledge, hasAcked, requireAckable } from '../../../reviewer/signing/ack.ts';
import type { AckResult } from '../../../reviewer/signing/ack.ts';
import { findMergedRecord, withRecordedNames } from '../../../reviewer/signing/merged-record.ts';
import { openProposals } from '../../../proposals/open-proposals.ts';
import type { OpenProposals } from '../../../proposals/open-proposals.ts';
import { lateProposal } from '../../../proposals/read-proposal.ts';
import type { Proposal } from '../../../proposals/read-proposal.ts';
import { standingOf } from '../../../reviewer/report.ts';
import type { ReviewReport, AckStanding } from '../../../reviewer/report.ts';
import { requireReviewer } from '../../../reviewer/signing/reviewer-key.ts';
import { reviewAhead } from '../../../reviewer/review-ahead.ts';
import { requireSame, titleOf } from '../../../reviewer/review.ts';
import type { SameReview } from '../../../reviewer/review.ts';
import type { ReviewTools } from '../../../reviewer/review-tools.ts';
import { withTotal } from '../../../reviewer/total-progress.ts';
import { decide } from './ack-decision.ts';
import { askAck } from './ask-ack.ts';
import type { AckAnswer } from './ask-ack.ts';
import { Sitting } from './sitting.ts';
import type { AckFlags } from './ack-decision.ts';
import type { CommandContext } from '../../wiring/command-context.ts';
import { refusedResult, showOthers, showReview } from '../../screens/review/review-screen.ts';
import type { ReviewView } from '../../screens/review/review-screen.ts';
import { missingText } from '../../screens/review/review-words.ts';
import { notify, ownNotifiers } from '../../wiring/notify.ts';
import type { OpenedReviewer } from '../../wiring/reviewer-context.ts';
import { endSeveral } from '../../screens/several.ts';
import { typed } from '../../../io/shell.ts';
import { withView } from '../../../proposals/with-view.ts';
import type { ReviewerContext } from '../../../reviewer/context.ts';

export interface AcknowledgeRequest extends OpenedReviewer {
  readonly signer: Signer;
  readonly tools: ReviewTools;
  readonly flags: AckFlags;
}

/** What became of one proposal; the shape of `--json`. */
interface AckLine extends AckStanding {
  readonly record: string;
  readonly branch: string;
  /** `declined`: the person said no. `withdrawn`: a reviewer nacked it, so an ack is no use. */
  readonly action: AckResult['action'] | 'declined' | 'withdrawn';
  /** The branch's commit. */
  readonly head: string;
  /** The ledger's commit, where it was merged. */
  readonly merged?: string;
}

/** A key that can't sign one proposal can't sign the next. */
const HOPELESS: ReadonlySet<string> = new Set([
  'E_SIGNING_KEY',
  'E_SIGNING',
  'E_NOT_REVIEWER',
  'E_CREDENTIAL',
  'E_CONFIRM',
]);

/** The key could not be used, which says nothing about the bytes: the next try need not fetch them again. */
const KEEPS: ReadonlySet<string> = new Set(['E_SIGNING_KEY', 'E_SIGNING']);

/** Reviews each proposal, and signs if it compared equal and no finding wants a person, or a person accepted those. */
export async function acknowledgeEach(request: AcknowledgeRequest, context: CommandContext): Promise<void> {
  const { signer, flags } = request;
  const { change } = flags;
  const { output } = context;
  const reviews: ReviewReport[] = [];
  const acks: AckLine[] = [];
  const opened = await openOrAcked(request, acks, context);
  if (opened === undefined) return;
  const { context: seen, proposals, refused, strangers } = opened;
  const { trust } = seen.view;
  // Before anything is downloaded
  const who = await requireReviewer(trust, signer.fingerprint, 'ack');
  showOthers(refused, strangers, output);
  output.results({ reviews, acks, refused: refused.map(refusedResult), strangers });
  const failures = refused.map(({ error }) => error);
  const add = (proposal: Proposal, line: Omit<AckLine, 'record' | 'branch'>): void => {
    acks.push({ record: proposal.record.path, branch: proposal.branch, ...line });
  };
  const open = proposals.filter((proposal) => {
    const standing = standingOf(proposal, trust);
    const head = proposal.commit;
    if (hasAcked(proposal, signer.fingerprint)) {
      output.line(`${titleOf(proposal)}: this key acknowledged it already; ${missingText(standing)}`);
      add(proposal, { action: 'already', head, ...standing });
      return false;
    }
    if (change !== undefined || proposal.record.state !== 'withdrawn') return true;
    output.line(`${titleOf(proposal)}: nacked by ${standing.nacks.join(', ')}; ${missingText(standing)}`);
    add(proposal, { action: 'withdrawn', head, ...standing });
    return false;
  });
  const notifiers = ownNotifiers(request.config, request.own, output);
  const total = withTotal(seen, open);
  const sitting = new Sitting(open.map(titleOf));
  sitting.showWhenInterrupted(context.signal, output);
  try {
    for await (const { proposal, place, of, review: reviewed } of reviewAhead(total.context, open, request.tools)) {
      const view: ReviewView = { place: { place, of }, all: flags.all };
      const title = titleOf(proposal);
      let signing = false;
      try {
        requireAckable(proposal);
        const review = await reviewed();
        showReview(review.report, context.now, output, view);
        reviews.push(review.report);
        const same = requireSame(review);
        signing = true;
        const answer = await wanted(flags, same, view, context);
        if (answer !== 'sign') {
          sitting.notSigned(title, answer === 'quit' ? 'ended here' : 'declined');
          add(proposal, { action: 'declined', head: proposal.commit, ...standingOf(proposal, trust) });
          if (answer === 'quit') break;
          continue;
        }
        const { author, merge } = request.config.ledger;
        const onPush = (state: 'begun' | 'done'): void =>
          state === 'begun' ? sitting.pushing(title) : sitting.signed(title);
        const result = await acknowledge(seen, same, { signer, reviewer: who }, { author, merge, onPush });
        sitting.signed(title);
        showAck(result, same, context);
        const { action, head, standing, merged } = result;
        add(proposal, { action, head, ...standing, ...(merged === undefined ? {} : { merged: merged.commit }) });
        if (action === 'acked') {
          const { branch, pull } = proposal;
          const about = { title: titleOf(proposal), branch, pull };
          const done = merged === undefined ? [] : [{ ...about, event: 'merged', commit: merged.commit } as const];
          await notify(notifiers, context, [{ ...about, event: 'acknowledged', commit: head }, ...done]);
        }
        if (result.mergeError !== undefined) throw result.mergeError;
      } catch (error) {
        if (error instanceof PullthroughError && KEEPS.has(error.code)) await seen.kept?.remember(proposal.record.path);
        if (!(error instanceof PullthroughError) || change !== undefined || context.signal.aborted) throw error;
        sitting.notSigned(title, error.code);
        // The same code from an upstream says nothing about the next proposal.
        if (signing && HOPELESS.has(error.code)) throw error;
        // That one names the proposal itself.
        output.problem(error, error.code === 'E_FINDINGS' ? undefined : title);
        failures.push(error);
      } finally {
        await seen.kept?.drop(proposal.record.path);
      }
    }
  } finally {
    total.done();
    sitting.show(output, context.signal.aborted);
  }
  if (proposals.length === 0) output.note('there is no proposal to acknowledge');
  endAcks(failures, acks, proposals.length + refused.length);
}

/**
 * The open proposals, or a merged record that can be acknowledged late; undefined where CHANGE is merged with an ack by
 * this key in it, which has then been reported.
 */
async function openOrAcked(
  { reviewer, signer, flags: { change } }: AcknowledgeRequest,
  acks: AckLine[],
  { output }: CommandContext,
): Promise<OpenProposals<ReviewerContext> | undefined> {
  try {
    return await openProposals(reviewer, change);
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.code !== 'E_NO_CHANGE' || change === undefined) throw error;
    const seen = await withView(reviewer);
    const record = await findMergedRecord(seen, change);
    if (record === undefined) throw await withRecordedNames(seen, change, error);
    if (!record.acks.some(({ fingerprint }) => fingerprint === signer.fingerprint)) {
      output.note(`${titleOf({ record })} is merged already: a late ack is a proposal of its own`);
      return { context: seen, proposals: [await lateProposal(seen, record)], refused: [], strangers: [] };
    }
    const { commit, trust } = seen.view;
    const line = { record: record.path, branch: proposalBranch(record.path), head: commit, merged: commit };
    acks.push({ ...line, action: 'already', ...standingOf({ record }, trust) });
    output.results({ reviews: [], acks, refused: [], strangers: [] });
    output.line(`${titleOf({ record })}: this key acknowledged it already, and it is merged`);
    return undefined;
  }
}

/** Findings that want a person are exit 3, and 4 where other proposals were signed. */
function endAcks(failures: readonly PullthroughError[], acks: readonly AckLine[], of: number): void {
  const [only] = failures;
  if (only?.code === 'E_FINDINGS' && of === 1) throw only;
  const isFinding = ({ code }: PullthroughError): boolean => code === 'E_FINDINGS';
  const others = failures.filter((error) => !isFinding(error));
  if (failures.some(isFinding) && others.every(({ exit }) => exit !== 3)) {
    const signed = acks.some(({ action }) => action === 'acked');
    fail(signed ? 'E_PARTIAL' : 'E_FINDINGS', `${failures.length} of ${of} proposals were not signed`, {
      hint: 'see above for each',
    });
  }
  endSeveral(failures, of, 'proposals');
}

/** Is it to be signed? Throws `E_FINDINGS` where a person must look and nobody can be asked. */
async function wanted(
  flags: AckFlags,
  review: SameReview,
  view: ReviewView,
  context: CommandContext,
): Promise<AckAnswer> {
  const { proposal, report } = review;
  const { answer, open } = decide(report.findings, flags, { title: titleOf(proposal), branch: proposal.branch });
  return answer === 'sign' ? 'sign' : askAck(review, open, view, context);
}

function showAck({ standing, merged }: AckResult, { proposal }: SameReview, { output }: CommandContext): void {
  output.line(`${titleOf(proposal)}: your ack is pushed; ${missingText(standing)}`, 'good');
  if (merged !== undefined) output.line(`${merged.title} is merged, commit ${merged.commit}`, 'good');
  else if (standing.missing === 0) output.note(`to merge it: ${typed`pullthrough ledger merge ${proposal.branch}`}`);
}
