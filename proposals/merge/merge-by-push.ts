import { PullthroughError } from '../../ledger-schema/error.ts';
import type { OpenChange } from '../list-changes.ts';
import type { WithView } from '../with-view.ts';
import { rememberView, viewAt } from '../../ledger/view/view.ts';
import type { LedgerView } from '../../ledger/view/view.ts';

/** A change that the gate takes. */
export interface JudgedMerge {
  readonly change: OpenChange;
  /** `owner/repo TAG`, `nack of …`, `trust policy 2`. */
  readonly title: string;
  /** The commit that the merge makes, with the tree that was judged; not pushed. */
  readonly result: string;
}

/** A change that is in the ledger now. */
export interface Merged {
  readonly change: OpenChange;
  readonly title: string;
  /** The commit that the ledger's branch moved to. */
  readonly commit: string;
  /** The ledger with it. */
  readonly view: LedgerView;
}

/** Pushes the very commit that was judged, from the very base, and removes the change's branch in the same step. */
export async function mergeByPush(context: WithView, judged: JudgedMerge): Promise<Merged> {
  const { change, title, result } = judged;
  const move = { branch: context.branch, from: context.view.commit, to: result };
  const remove = { branch: change.branch, from: change.commit, to: undefined };
  try {
    await context.ledger.push(change.kind === 'other' ? [move] : [move, remove]);
  } catch (error) {
    // A host may keep branches from being removed; that is not a reason to keep the change from being merged.
    if (!(error instanceof PullthroughError) || error.code !== 'E_GIT' || change.kind === 'other') throw error;
    await context.ledger.push([move]);
    context.progress.warn(`${title} is merged, and its branch ${change.branch} could not be removed: ${error.message}`);
  }
  const view = await viewAt(result, context);
  await remember(context, view, title);
  return { change, title, commit: result, view };
}

/** What is merged stays merged, whatever becomes of the memory. */
async function remember(context: WithView, view: LedgerView, title: string): Promise<void> {
  try {
    await rememberView(view, context);
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    context.progress.warn(`${title} is merged, and could not be remembered: ${error.message}`);
  }
}
