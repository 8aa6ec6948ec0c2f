import type { ProposalContext } from '../proposals/context.ts';
import { reportError } from '../io/error-report.ts';
import type { ErrorReport } from '../io/error-report.ts';
import { mapLimit } from '../io/limit.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import { AT_ONCE, listOpenChanges } from '../proposals/list-changes.ts';
import type { BranchKind, OpenChange, Stranger } from '../proposals/list-changes.ts';
import { readLedger } from '../proposals/ledger-state.ts';
import type { LedgerState } from '../proposals/ledger-state.ts';
import { describeChange } from '../proposals/merge-commit.ts';
import { judgeChange, mergeChange } from '../proposals/merge.ts';
import type { MergeOptions } from '../proposals/merge.ts';
import type { PullReference } from '../proposals/pull-reference.ts';

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

/** A withdrawal can't wait, and a policy decides about what comes after it. */
const ORDER: Readonly<Record<BranchKind, number>> = { nack: 0, policy: 1, proposal: 2, other: 3 };
const MOST_PROBLEMS = 20;

/**
 * Merges every change that is ready, one after another, each judged by the ledger as the one before left it. What isn't
 * ready is listed with what is missing. Throws what {@link readLedger} and the list of changes throw.
 */
export async function mergeReady(
  context: ProposalContext,
  options: MergeOptions,
): Promise<{ readonly results: readonly MergeResult[]; readonly strangers: readonly Stranger[] }> {
  let state = await readLedger(context);
  const { changes, strangers } = await listOpenChanges(context);
  // All at once first, so that what they hold comes in a few requests; one by one they are judged by what is here then.
  await mapLimit(changes, AT_ONCE, (change) => judgeChange(context, state, change).catch(() => undefined));
  const results: MergeResult[] = [];
  for (const change of [...changes].sort((a, b) => ORDER[a.kind] - ORDER[b.kind])) {
    context.signal?.throwIfAborted();
    const merged = await mergeOne(context, state, change, options);
    state = merged.state;
    results.push(merged.result);
  }
  return { results, strangers };
}

async function mergeOne(
  context: ProposalContext,
  state: LedgerState,
  change: OpenChange,
  options: MergeOptions,
): Promise<{ result: MergeResult; state: LedgerState }> {
  const { branch, pull } = change;
  let about = { title: branch, branch, ...(pull === undefined ? {} : { pull }) };
  try {
    const report = await judgeChange(context, state, change);
    about = { ...about, title: describeChange(report, change) };
    if (report.problems.length > 0) {
      const missing = report.problems.slice(0, MOST_PROBLEMS).map(({ code, message }) => ({ code, message }));
      return { result: { action: 'waiting', ...about, missing }, state };
    }
    const merged = await mergeChange(context, state, change, options);
    return { result: { action: 'merged', ...about, commit: merged.commit }, state: merged.state };
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.code === 'E_INTERRUPTED') throw error;
    // What is wrong with a change itself is no failure of the run: nobody asked for this very one.
    const waits = error.exit === 3 || error.code === 'E_NO_CHANGE';
    const report = reportError(error);
    return waits
      ? { result: { action: 'waiting', ...about, missing: [report] }, state }
      : { result: { action: 'failed', ...about, error: report }, state };
  }
}
