import { isBehind, mergePull, reportCheck, updatePullBranch } from '../../github/pulls.ts';
import type { LedgerOnGitHub, ProposalContext } from '../context.ts';
import { checkLedger } from '../../ledger/gate/gate.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import type { OpenChange } from '../list-changes.ts';
import type { WithView } from '../with-view.ts';
import type { JudgedMerge, Merged } from './merge-by-push.ts';
import { openView } from '../../ledger/view/view.ts';
import { withView } from '../with-view.ts';

/** The check that `ledger init` asks a ledger's branch to have; the job of gate.yml is called so. */
const GATE = 'gate';

/** `updated`: the branch has the newest base in it now, and is to be judged again. */
export type MergeOutcome =
  | { readonly kind: 'merged'; readonly merged: Merged }
  | { readonly kind: 'updated'; readonly context: WithView; readonly change: OpenChange };

/**
 * Lets GitHub merge what was judged: the commit is fixed by `sha`, the base is looked at right before, and the result is
 * compared with what was judged. Throws `E_MOVED` where the base or the branch moved, `E_HTTP` where GitHub refuses, and the
 * gate's first problem where GitHub merged two changes together that don't fit.
 */
export async function mergeOnGitHub(
  context: WithView,
  github: LedgerOnGitHub,
  judged: JudgedMerge,
): Promise<MergeOutcome> {
  const { client, repository } = github;
  const { change, title } = judged;
  if (change.pull === undefined) {
    fail('E_NO_CHANGE', `the branch ${change.branch} has no pull request yet`, {
      hint: "'pullthrough mirror' opens it; a branch of your own needs one by hand",
    });
  }
  const { number } = change.pull;
  await requireBase(context);
  try {
    await mergePull(client, repository, { number, sha: change.commit, title: `Merge ${title} (#${number})` });
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.code !== 'E_HTTP') throw error;
    return bringUpToDate(context, github, judged, number, error);
  }
  if (change.kind !== 'other') await removeBranch(context, change);
  const view = await openView(context);
  await requireJudged(context, judged, view.commit);
  return { kind: 'merged', merged: { change, title, commit: view.commit, view } };
}

/** GitHub's API has no lease on the base: look right before. Throws `E_MOVED`. */
async function requireBase({ ledger, branch, view }: WithView): Promise<void> {
  if ((await ledger.fetchBranch(branch)) === view.commit) return;
  fail('E_MOVED', `the branch ${branch} of the ledger moved since it was read`, {
    hint: 'run it again: it looks at what is there now',
  });
}

/**
 * What GitHub made must be what was judged. Where somebody's change came into the base in between, the ledger as a whole is
 * judged, and what is wrong with it is reported at once.
 */
async function requireJudged(
  context: ProposalContext,
  { result, title, change }: JudgedMerge,
  made: string,
): Promise<void> {
  const { ledger, pin, now } = context;
  if ((await ledger.diff(result, made)).length === 0) return;
  const { problems } = await checkLedger(ledger, { head: made, pin, now });
  const [first] = problems;
  if (first === undefined) return;
  fail(first.code, `${title} was merged together with another change, and the two do not fit: ${first.message}`, {
    hint:
      `undo it on GitHub by reverting pull request #${change.pull?.number ?? 0}, and protect the branch with strict checks, ` +
      "as 'pullthrough ledger init' prints it",
  });
}

/**
 * A branch that is protected with `strict` takes only what has the newest base in it. GitHub puts it there; what a workflow's
 * own token does starts no other workflow, so the gate's verdict on the new commit is given here, if the token may.
 */
async function bringUpToDate(
  context: ProposalContext,
  { client, repository }: LedgerOnGitHub,
  { change, title }: JudgedMerge,
  number: number,
  refused: PullthroughError,
): Promise<MergeOutcome> {
  if (!(await isBehind(client, repository, number))) {
    const waits = /required status check .*expected/is.test(refused.message);
    if (waits && (await isUpdate(context, change)) && (await reportGate(context, change, title))) {
      throw new PullthroughError('E_MOVED', `the gate's verdict on ${title} was reported`, { cause: refused });
    }
    throw refused;
  }
  await updatePullBranch(client, repository, { number, sha: change.commit });
  const looked = await withView(context);
  const commit = context.ledger.branches().get(change.branch) ?? (await context.ledger.fetchBranch(change.branch));
  if (commit === undefined || commit === change.commit) throw refused;
  context.progress.note(`${title} was brought up to date with ${context.branch}`);
  return { kind: 'updated', context: looked, change: { ...change, commit } };
}

/** Is the newest commit of a branch the one that brought the base into it, on which the gate may never run by itself? */
async function isUpdate({ ledger }: ProposalContext, { commit }: OpenChange): Promise<boolean> {
  const head = ledger.head();
  const [tip] = await ledger.log(head, commit);
  const [, second, ...more] = tip?.parents ?? [];
  if (tip?.commit !== commit || head === undefined || second === undefined || more.length > 0) return false;
  return second === head || ledger.isAncestor(second, head);
}

/** Only a workflow's token may; anybody else's push starts the gate's workflow itself. False where it may not. */
async function reportGate({ github }: ProposalContext, { commit }: OpenChange, title: string): Promise<boolean> {
  if (github === undefined) return false;
  try {
    await reportCheck(github.client, github.repository, {
      name: GATE,
      sha: commit,
      title: `${title} is ready to be merged`,
      summary: 'Judged by pullthrough ledger merge, on this very commit and the newest base.',
    });
    return true;
  } catch (error) {
    if (error instanceof PullthroughError && ['E_CREDENTIAL', 'E_HTTP', 'E_UPSTREAM_NOT_FOUND'].includes(error.code)) {
      return false;
    }
    throw error;
  }
}

/** GitHub may have removed it already, or allow nobody to. */
async function removeBranch({ ledger, progress }: ProposalContext, change: OpenChange): Promise<void> {
  try {
    await ledger.push([{ branch: change.branch, from: change.commit, to: undefined }]);
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    if (error.code !== 'E_MOVED') progress.note(`the merged branch ${change.branch} stays: ${error.message}`);
  }
}
