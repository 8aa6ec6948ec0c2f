import { PullthroughError } from '../ledger-schema/error.ts';
import type { WithView } from '../proposals/with-view.ts';
import type { Proposal } from '../proposals/read-proposal.ts';
import type { ReviewerContext } from './context.ts';
import { holdProgress } from './held-progress.ts';
import type { HeldProgress } from './held-progress.ts';
import { reviewProposal } from './review.ts';
import type { Review } from './review.ts';
import type { ReviewTools } from './review-tools.ts';

/** A proposal and how to get its review; what `review` throws is about this one alone. */
export interface Turn {
  readonly proposal: Proposal;
  /** From 1. */
  readonly place: number;
  readonly of: number;
  readonly review: () => Promise<Review>;
}

type Settled = { readonly review: Review } | { readonly error: unknown };

interface Begun {
  readonly settled: Promise<Settled>;
  readonly held: HeldProgress;
}

/**
 * Reviews proposals one after another; the bytes of the next are fetched while a person reads this one, and never of more than
 * one. Each is fetched once. Stopping early stops what is under way.
 */
export async function* reviewAhead(
  context: WithView<ReviewerContext>,
  proposals: readonly Proposal[],
  tools: ReviewTools,
): AsyncGenerator<Turn, void, undefined> {
  const own = new AbortController();
  const signal = context.signal === undefined ? own.signal : AbortSignal.any([context.signal, own.signal]);
  const begin = (proposal: Proposal): Begun => {
    const held = holdProgress(context.progress);
    const running = reviewProposal({ ...context, progress: held.progress, signal }, proposal, tools);
    // Settled here, so that a failure that nobody asked for yet ends nothing.
    const settled = running.then(
      (review) => ({ review }),
      (error: unknown) => ({ error }),
    );
    return { settled, held };
  };
  let begun: Begun | undefined;
  try {
    for (const [i, proposal] of proposals.entries()) {
      context.signal?.throwIfAborted();
      const ahead = begun;
      begun = undefined;
      const review = async (): Promise<Review> => {
        const { held, settled } = ahead ?? begin(proposal);
        held.show();
        const result = await settled;
        const next = proposals[i + 1];
        begun = next === undefined ? undefined : begin(next);
        if ('error' in result) throw result.error;
        return result.review;
      };
      yield { proposal, place: i + 1, of: proposals.length, review };
    }
  } finally {
    own.abort(new PullthroughError('E_INTERRUPTED', 'nobody waits for it any more'));
    await begun?.settled;
  }
}
