import { mergesByGit } from '../context.ts';
import type { ProposalContext } from '../context.ts';
import { checkLedger, requirePassed } from '../../ledger/gate/gate.ts';
import type { GateReport } from '../../ledger/gate/gate.ts';
import type { Identity } from '../../ledger/git/repository.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { requireNacksKept } from './kept-nacks.ts';
import { mergeIdentity } from './merge-identity.ts';
import type { OpenChange } from '../list-changes.ts';
import type { WithView } from '../with-view.ts';
import { mergeByPush } from './merge-by-push.ts';
import type { JudgedMerge, Merged } from './merge-by-push.ts';
import { describeChange, mergeCommit } from './merge-commit.ts';
import { mergeOnGitHub } from './merge-on-github.ts';
import { withView } from '../with-view.ts';

export type { Merged } from './merge-by-push.ts';

export interface MergeOptions {
  /** `[ledger] author`, for merge commits. */
  readonly author?: Identity | undefined;
}

/** If the ledger moved under every try, others are too busy with it. */
const TRIES = 5;

/**
 * The gate's judgement of a change as it would be merged now; `problems` is empty where it is ready. Throws only what
 * stops the check itself.
 */
export async function judgeChange({ ledger, pin, now, view }: WithView, change: OpenChange): Promise<GateReport> {
  const report = await checkLedger(ledger, {
    head: change.commit,
    base: view.commit,
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
 * The gate, then the merge: an acknowledged proposal, a late ack, a nack or a policy. What is judged is the very ledger that
 * the merge makes, right before it: by a push that moves the branch from where the gate saw it and removes the change's
 * branch in the same step, or by GitHub's API, only at the commit that the gate saw and only on the base that it saw. Where
 * somebody else's came first it is judged again, a few times. Throws the gate's first problem, `E_NO_CHANGE`, `E_MOVED`,
 * `E_CREDENTIAL`, `E_HTTP`, `E_GIT`.
 */
export async function mergeChange(context: WithView, change: OpenChange, options: MergeOptions): Promise<Merged> {
  let current = { context, change };
  for (let attempt = 1; ; attempt++) {
    const judged = await judgeMerge(current.context, current.change, options);
    try {
      const { github } = context;
      if (github === undefined || mergesByGit(context)) return await mergeByPush(current.context, judged);
      const outcome = await mergeOnGitHub(current.context, github, judged);
      if (outcome.kind === 'merged') return outcome.merged;
      // GitHub wants the base in the branch first: the result is judged like anything else.
      current = outcome;
    } catch (error) {
      if (!(error instanceof PullthroughError) || error.code !== 'E_MOVED' || attempt === TRIES) throw error;
      current = await lookAgain(context, change, error);
    }
    if (attempt === TRIES) fail('E_MOVED', `the ledger moved under every try to merge ${change.branch}`);
  }
}

/** The gate on the change, then on the ledger as it would be with it, which lies in the object store and nowhere else. */
async function judgeMerge(context: WithView, change: OpenChange, options: MergeOptions): Promise<JudgedMerge> {
  const report = await judgeChange(context, change);
  requirePassed(report);
  const title = describeChange(report, change);
  const result = await mergeCommit(context, change, { title, author: mergeIdentity(options.author) });
  if (result !== change.commit) requirePassed(await judgeChange(context, { ...change, commit: result }));
  await requireNacksKept(context, change, report, result);
  return { change, title, result };
}

/** Looks again after something moved; a change that is gone can't be merged. */
async function lookAgain(context: ProposalContext, change: OpenChange, moved: PullthroughError) {
  const looked = await withView(context);
  const { ledger } = context;
  const commit =
    change.kind === 'other' ? await ledger.fetchBranch(change.branch) : ledger.branches().get(change.branch);
  if (commit === undefined) {
    const hint = "'pullthrough ledger status' shows what became of it";
    fail('E_MOVED', `${change.branch} is not there any more: it was merged or closed meanwhile`, {
      hint,
      cause: moved,
    });
  }
  return { context: looked, change: { ...change, commit } };
}
