import { mergePull } from '../github/pulls.ts';
import type { LedgerOnGitHub, ProposalContext } from './context.ts';
import { checkLedger, requirePassed } from '../ledger/gate/gate.ts';
import type { GateReport } from '../ledger/gate/gate.ts';
import type { Identity } from '../ledger/git/repository.ts';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { mergeIdentity } from './merge-identity.ts';
import type { OpenChange } from './list-changes.ts';
import { readLedger, stateAt } from './ledger-state.ts';
import type { LedgerState } from './ledger-state.ts';
import { describeChange, mergeCommit } from './merge-commit.ts';

export interface MergeOptions {
  /** `[ledger] author`, for merge commits. */
  readonly author?: Identity | undefined;
}

/** A change that is in the ledger now. */
export interface Merged {
  readonly change: OpenChange;
  /** `owner/repo TAG`, `nack of …`, `trust policy 2`. */
  readonly title: string;
  /** The commit that the ledger's branch moved to. */
  readonly commit: string;
  /** The ledger with it. */
  readonly state: LedgerState;
}

/** A ledger that moves under every try is somebody else's busy hour. */
const TRIES = 5;

/**
 * The gate's judgement of a change as it would be merged now; `problems` is empty where it is ready. Throws only what
 * stops the check itself.
 */
export async function judgeChange(
  { ledger, pin, now }: ProposalContext,
  state: LedgerState,
  change: OpenChange,
): Promise<GateReport> {
  const report = await checkLedger(ledger, {
    head: change.commit,
    base: state.head,
    pin,
    now,
    requireAcknowledged: true,
  });
  if (report.scope !== 'none') return report;
  fail('E_NO_CHANGE', `${change.branch} adds nothing to the records and the trust of the ledger`, {
    hint: 'it is merged already, or it is none of the changes that this merges',
  });
}

/**
 * The gate, then the merge: an acknowledged proposal, a late ack, a nack or a policy. On GitHub by its API and only at
 * the commit that the gate saw; else by a push that moves the branch from where the gate saw it and removes the change's
 * branch in the same step, tried again a few times where somebody else's came first. Throws the gate's first problem,
 * `E_NO_CHANGE`, `E_MOVED`, `E_CREDENTIAL`, `E_HTTP`, `E_GIT`.
 */
export async function mergeChange(
  context: ProposalContext,
  state: LedgerState,
  change: OpenChange,
  options: MergeOptions,
): Promise<Merged> {
  let current = { state, change };
  for (let attempt = 1; ; attempt++) {
    const report = await judgeChange(context, current.state, current.change);
    requirePassed(report);
    const title = describeChange(report, current.change);
    try {
      if (context.github !== undefined) return await mergeOnGitHub(context, context.github, current.change, title);
      return await mergeByPush(context, current.state, current.change, title, options);
    } catch (error) {
      if (!(error instanceof PullthroughError) || error.code !== 'E_MOVED' || attempt === TRIES) throw error;
      current = await look(context, change, error);
    }
  }
}

/** Looks again after something moved; a change that is gone can't be merged. */
async function look(context: ProposalContext, change: OpenChange, moved: PullthroughError) {
  const state = await readLedger(context);
  const { ledger } = context;
  const commit =
    change.kind === 'other' ? await ledger.fetchBranch(change.branch) : ledger.branches().get(change.branch);
  if (commit === undefined) throw moved;
  return { state, change: { ...change, commit } };
}

async function mergeByPush(
  context: ProposalContext,
  state: LedgerState,
  change: OpenChange,
  title: string,
  options: MergeOptions,
): Promise<Merged> {
  const author = mergeIdentity(options.author);
  const commit = await mergeCommit(context, state, change, { title, author });
  const move = { branch: context.branch, from: state.head, to: commit };
  const remove = { branch: change.branch, from: change.commit, to: undefined };
  try {
    await context.ledger.push(change.kind === 'other' ? [move] : [move, remove]);
  } catch (error) {
    // A host may keep branches from being removed; that is no reason to keep the change from being merged.
    if (!(error instanceof PullthroughError) || error.code !== 'E_GIT' || change.kind === 'other') throw error;
    await context.ledger.push([move]);
    context.progress.warn(`${title} is merged, and its branch ${change.branch} could not be removed: ${error.message}`);
  }
  return { change, title, commit, state: await stateAt(context, commit) };
}

async function mergeOnGitHub(
  context: ProposalContext,
  { client, repository }: LedgerOnGitHub,
  change: OpenChange,
  title: string,
): Promise<Merged> {
  if (change.pull === undefined) {
    fail('E_NO_CHANGE', `the branch ${change.branch} has no pull request yet`, {
      hint: "'pullthrough mirror' opens it; a branch of your own needs one by hand",
    });
  }
  const { number } = change.pull;
  await mergePull(client, repository, { number, sha: change.commit, title: `Merge ${title} (#${number})` });
  if (change.kind !== 'other') await removeBranch(context, change);
  const state = await readLedger(context);
  return { change, title, commit: state.head, state };
}

/** GitHub may have removed it by itself, or keep everybody from doing so. */
async function removeBranch({ ledger, progress }: ProposalContext, change: OpenChange): Promise<void> {
  try {
    await ledger.push([{ branch: change.branch, from: change.commit, to: undefined }]);
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    if (error.code !== 'E_MOVED') progress.note(`the merged branch ${change.branch} stays: ${error.message}`);
  }
}
