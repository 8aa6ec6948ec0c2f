import { createPull } from '../../github/pulls.ts';
import { codeSpan, escapeTerminal } from '../../io/escape.ts';
import { readRecordFiles } from '../../ledger/files.ts';
import { equalBytes } from '../../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { verifyRecord } from '../../ledger-schema/record.ts';
import type { WithView } from '../../proposals/with-view.ts';
import { referenceTo } from '../../proposals/pull-reference.ts';
import { reviewerIdentity } from './authorship.ts';
import { commentStanding } from './comment.ts';
import type { ReviewerContext } from '../context.ts';
import { mergeChange } from '../../proposals/merge/merge.ts';
import type { Merged, MergeOptions } from '../../proposals/merge/merge.ts';
import { lateProposal, readProposal } from '../../proposals/read-proposal.ts';
import type { Proposal } from '../../proposals/read-proposal.ts';
import { standingOf } from '../report.ts';
import type { AckStanding } from '../report.ts';
import { titleOf } from '../review.ts';
import type { SameReview } from '../review.ts';
import { readSign, signAck } from './signing.ts';
import type { ReviewerSigning, SignatureFile } from './signing.ts';
import { typed } from '../../io/shell.ts';
import { withView } from '../../proposals/with-view.ts';
import { holdersOf } from '../../ledger-schema/holders.ts';

export interface AckResult {
  /** `already`: an ack by this key lies there. */
  readonly action: 'acked' | 'already';
  /** The branch's commit now. */
  readonly head: string;
  readonly standing: AckStanding;
  readonly merged?: Merged;
  /** Why a proposal that has enough acks could not be merged; the ack itself is pushed. */
  readonly mergeError?: PullthroughError;
}

export interface AckOptions extends MergeOptions {
  /** `[ledger] merge`. */
  readonly merge: 'manual' | 'acknowledged';
  /** Told right before the ack is pushed, and once it is: what fails after that changes nothing about it. */
  readonly onPush?: ((state: 'begun' | 'done') => void) | undefined;
}

/** Does an ack by this key lie in the proposal? Then there is nothing to review for it. */
export function hasAcked(proposal: Proposal, fingerprint: string): boolean {
  return proposal.record.acks.some((ack) => ack.fingerprint === fingerprint);
}

/** Throws `E_WITHDRAWN` for a proposal that a reviewer nacked, and `E_NO_CHANGE` for a nack: no ack is of use there. */
export function requireAckable({ record, branch, adds }: Proposal): void {
  if (adds === 'nack') fail('E_NO_CHANGE', `${branch} withdraws a record; there is nothing to acknowledge`);
  if (record.state !== 'withdrawn') return;
  const who = holdersOf(record.nacks).join(', ');
  fail('E_WITHDRAWN', `${record.path} was nacked by ${who}, and can't be merged as acknowledged any more`, {
    hint: typed`pullthrough ledger close ${branch}`,
  });
}

/** Somebody else's ack that comes first is not a reason to fetch everything again. */
const TRIES = 5;

/**
 * Signs a reviewed proposal whose bytes all compared equal, and pushes the .ack in one commit onto its branch, only if
 * that still proposes what was reviewed: where somebody else's ack came first, it goes on top of that. A merged record
 * whose branch is gone gets another one. Then says on GitHub what is missing, and merges where the configuration says so.
 * Throws `E_MOVED`, `E_WITHDRAWN`, `E_NOT_REVIEWER`, and what the signer and `push` throw; then nothing was pushed.
 */
export async function acknowledge(
  context: WithView<ReviewerContext>,
  review: SameReview,
  signing: ReviewerSigning,
  options: AckOptions,
): Promise<AckResult> {
  const { proposal } = review;
  requireAckable(proposal);
  if (hasAcked(proposal, signing.reviewer.fingerprint)) {
    return { action: 'already', head: proposal.commit, standing: standingOf(proposal, context.view.trust) };
  }
  const sign = await readSign(context.ledger.snapshot(proposal.commit), proposal.record.path);
  const ack = await signAck(signing, proposal.record, sign, context.view.trust);
  let current = { context, proposal };
  for (let tries = 1; ; tries += 1) {
    try {
      const acked = await pushAck(current.context, current.proposal, { ack, signing, onPush: options.onPush });
      return await finish(current.context, acked, options);
    } catch (error) {
      if (!(error instanceof PullthroughError) || error.code !== 'E_MOVED' || tries === TRIES) throw error;
      current = await lookAgain(context, current.proposal, sign, error);
    }
  }
}

async function pushAck(
  context: WithView<ReviewerContext>,
  proposal: Proposal,
  { ack, signing, onPush }: Pick<AckOptions, 'onPush'> & { ack: SignatureFile; signing: ReviewerSigning },
): Promise<Proposal> {
  const { ledger } = context;
  const { late, ...change } = proposal;
  const commit = await ledger.commit({
    parents: [proposal.commit],
    base: proposal.commit,
    files: new Map([[ack.path, ack.bytes]]),
    message: `Acknowledge ${titleOf(proposal)}\n`,
    author: reviewerIdentity(signing.reviewer),
  });
  // What the gate will not take is never pushed.
  const acked = await readProposal(context, { ...change, commit });
  const from = late === true ? ledger.branches().get(proposal.branch) : proposal.commit;
  onPush?.('begun');
  await ledger.push([{ branch: proposal.branch, from, to: commit }]);
  onPush?.('done');
  return late === true ? withPull(context, acked) : acked;
}

/** What was reviewed, as it is proposed now. Throws `moved` where it is something else, `E_WITHDRAWN` for a nack. */
async function lookAgain(
  opened: ReviewerContext,
  before: Proposal,
  sign: Uint8Array,
  moved: PullthroughError,
): Promise<{ readonly context: WithView<ReviewerContext>; readonly proposal: Proposal }> {
  const { ledger } = opened;
  const { branch, record, pull } = before;
  const context = await withView(opened);
  const { snapshot, trust } = context.view;
  const commit = ledger.branches().get(branch);
  const merged = await snapshot.list(record.path);
  const change = { kind: before.kind, branch, ...(pull === undefined ? {} : { pull }) };
  if (commit === undefined && merged.length === 0) throw moved;
  const proposal =
    merged.length > 0 && (commit === undefined || before.late === true)
      ? await lateProposal(context, await verifyRecord(await readRecordFiles(snapshot, record.path), trust))
      : await readProposal(context, { ...change, commit: commit ?? '' });
  const now = await readSign(ledger.snapshot(proposal.commit), record.path);
  if (!equalBytes(proposal.record.sumsBytes, record.sumsBytes) || !equalBytes(now, sign)) throw moved;
  requireAckable(proposal);
  return { context, proposal };
}

/** A late ack's branch is a new one: on GitHub it gets a pull request. */
async function withPull(context: ReviewerContext, acked: Proposal): Promise<Proposal> {
  if (context.github === undefined) return acked;
  const { client, repository } = context.github;
  const title = escapeTerminal(`Late ack of ${titleOf(acked)}`).slice(0, 256);
  const { source, repository: tool, tag } = acked.record.checklist;
  const body = `One more ack of ${codeSpan(`${tool} ${tag}`)} of ${codeSpan(source)}, which is merged already.`;
  const pull = await createPull(client, repository, { title, head: acked.branch, base: context.branch, body });
  return { ...acked, pull: referenceTo(pull) };
}

async function finish(context: WithView<ReviewerContext>, acked: Proposal, options: AckOptions): Promise<AckResult> {
  const standing = standingOf(acked, context.view.trust);
  await commentStanding(context, acked, standing);
  const result: AckResult = { action: 'acked', head: acked.commit, standing };
  if (options.merge !== 'acknowledged' || standing.missing > 0) return result;
  try {
    return { ...result, merged: await mergeChange(context, acked, options) };
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    return { ...result, mergeError: error };
  }
}
