import type { Progress } from '../io/progress.ts';
import { bytesOf } from './review.ts';
import type { Proposal } from '../proposals/read-proposal.ts';
import type { ReviewerContext } from './context.ts';

/** A context whose reviews also advance one task over all proposals; `done` ends it. One proposal needs none. */
export function withTotal<Context extends ReviewerContext>(
  context: Context,
  proposals: readonly Proposal[],
): { readonly context: Context; done(): void } {
  if (proposals.length < 2) return { context, done: () => undefined };
  const total = proposals.reduce((sum, proposal) => sum + bytesOf(proposal, context), 0);
  const all = context.progress.start(`${proposals.length} proposals`, total);
  const { progress: each } = context;
  const progress: Progress = {
    note: (message) => each.note(message),
    warn: (message) => each.warn(message),
    start(label, size) {
      const task = each.start(label, size);
      return {
        advance(bytes) {
          task.advance(bytes);
          all.advance(bytes);
        },
        done: () => task.done(),
      };
    },
  };
  return { context: { ...context, progress }, done: () => all.done() };
}
