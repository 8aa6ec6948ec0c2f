import { typed } from '../io/shell.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GateReport } from '../ledger/gate/gate.ts';
import type { ProposalContext } from '../proposals/context.ts';
import { reportError } from '../io/error-report.ts';
import type { ErrorReport } from '../io/error-report.ts';
import { mapLimit } from '../io/limit.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import { AT_ONCE, listOpenChanges } from '../proposals/list-changes.ts';
import type { ChangeKind, OpenChange, Stranger } from '../proposals/list-changes.ts';
import type { WithView } from '../proposals/with-view.ts';
import { describeChange } from '../proposals/merge/merge-commit.ts';
import { judgeChange, mergeChange } from '../proposals/merge/merge.ts';
import type { MergeOptions } from '../proposals/merge/merge.ts';
import type { PullReference } from '../proposals/pull-reference.ts';
import type { LedgerView } from '../ledger/view/view.ts';
import { withView } from '../proposals/with-view.ts';

/** What became of one change; the shape of `--json`. */
export interface MergeResult {
  readonly action: 'merged' | 'waiting' | 'failed';
  readonly title: string;
  readonly branch: string;
  readonly pull?: PullReference;
  /** The commit that the ledger's branch moved to. */
  readonly commit?: string;
  /** What is missing (`waiting`), the first problem first. */
  readonly missing?: readonly ErrorReport[];
  /** Why it could not be merged although it is ready. */
  readonly error?: ErrorReport;
}

const MOST_PROBLEMS = 20;

/** How long the others wait for the judgement of one change; milliseconds. */
const PATIENCE = 60_000;

/** Each of them is judged and merged before the next is looked at. A withdrawal can't wait, and a policy decides what follows. */
const ROUNDS: readonly (readonly ChangeKind[])[] = [['nack'], ['policy'], ['proposal', 'other']];

export interface MergeAllOptions extends MergeOptions {
  /** How long the others wait for the judgement of one change; milliseconds. */
  readonly patience?: number | undefined;
}

/**
 * Merges every change that is ready, one after another, each judged by the ledger as the one before left it: nacks first,
 * whatever else is open. What isn't ready is listed with what is missing, and so is a change whose judgement takes long: it
 * doesn't hold the others. Throws what {@link withView} and the list of changes throw.
 */
export async function mergeReady(
  opened: ProposalContext,
  options: MergeAllOptions,
): Promise<{ readonly results: readonly MergeResult[]; readonly strangers: readonly Stranger[] }> {
  let context = await withView(opened);
  const { changes, strangers } = await listOpenChanges(context);
  const results: MergeResult[] = [];
  for (const kinds of ROUNDS) {
    const round = changes.filter(({ kind }) => kinds.includes(kind));
    const { quick, slow } = await judgeAhead(context, round, options.patience ?? PATIENCE);
    for (const change of quick) {
      context.signal?.throwIfAborted();
      const merged = await mergeOne(context, change, options);
      context = { ...context, view: merged.view };
      results.push(merged.result);
    }
    results.push(...slow.map(tookLong));
  }
  return { results, strangers };
}

/**
 * A look at all of them at once, so that what they hold comes in a few requests; one by one they are judged by what is here
 * then. Proposals that withdraw a merged record come first.
 */
async function judgeAhead(
  context: WithView,
  changes: readonly OpenChange[],
  patience: number,
): Promise<{ readonly quick: readonly OpenChange[]; readonly slow: readonly OpenChange[] }> {
  const judged = await mapLimit(changes, AT_ONCE, async (change) => {
    const outcome = judgeChange(context, change).then(
      (report) => (isWithdrawal(report) ? 'nack' : 'other'),
      () => 'other' as const,
    );
    const timer = new AbortController();
    const late = sleep(patience, 'late' as const, { signal: timer.signal, ref: false }).catch(() => 'late' as const);
    try {
      return { change, outcome: await Promise.race([outcome, late]) };
    } finally {
      timer.abort();
    }
  });
  const of = (wanted: string): OpenChange[] =>
    judged.flatMap(({ change, outcome }) => (outcome === wanted ? [change] : []));
  return { quick: [...of('nack'), ...of('other')], slow: of('late') };
}

/** Does it add a nack to records that are merged? */
function isWithdrawal({ records, added }: GateReport): boolean {
  return records.length > 0 && records.every(({ path, state }) => state === 'withdrawn' && !added.includes(path));
}

function tookLong({ branch, pull }: OpenChange): MergeResult {
  const message = 'its judgement takes long, and the others did not wait for it';
  const hint = `to wait for it: ${typed`pullthrough ledger merge ${pull?.number ?? branch}`}`;
  return {
    action: 'waiting',
    title: branch,
    branch,
    ...(pull === undefined ? {} : { pull }),
    missing: [{ code: 'E_TIMEOUT', message, hint }],
  };
}

async function mergeOne(
  context: WithView,
  change: OpenChange,
  options: MergeOptions,
): Promise<{ readonly result: MergeResult; readonly view: LedgerView }> {
  const { branch, pull } = change;
  let about = { title: branch, branch, ...(pull === undefined ? {} : { pull }) };
  try {
    const report = await judgeChange(context, change);
    about = { ...about, title: describeChange(report, change) };
    if (report.problems.length > 0) {
      const missing = report.problems.slice(0, MOST_PROBLEMS).map(({ code, message }) => ({ code, message }));
      return { result: { action: 'waiting', ...about, missing }, view: context.view };
    }
    const merged = await mergeChange(context, change, options);
    return { result: { action: 'merged', ...about, commit: merged.commit }, view: merged.view };
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.code === 'E_INTERRUPTED') throw error;
    // What is wrong with a change itself is not a failure of the run: nobody asked for this very one.
    const waits = error.exit === 3 || error.code === 'E_NO_CHANGE' || error.code === 'E_MOVED';
    const report = reportError(error);
    return waits
      ? { result: { action: 'waiting', ...about, missing: [report] }, view: context.view }
      : { result: { action: 'failed', ...about, error: report }, view: context.view };
  }
}
