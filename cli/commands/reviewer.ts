import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import type { ReviewReport } from '../../reviewer/report.ts';
import type { ValuesOf } from '../spec/index.ts';
import { parseAccepted } from './reviewer/ack-decision.ts';
import { acknowledgeEach } from './reviewer/acknowledge.ts';
import type { Handler, Handlers } from '../wiring/command-context.ts';
import { nack } from './reviewer/nack.ts';
import { KeptFetches } from '../../reviewer/compare/kept-fetches.ts';
import { stateOf } from '../wiring/settings/state.ts';
import { refusedResult, showOthers, showReview } from '../screens/review/review-screen.ts';
import { withReviewer } from '../wiring/reviewer-context.ts';
import { endSeveral } from '../screens/several.ts';
import { chooseSigner } from '../wiring/signing.ts';
import { openProposals } from '../../proposals/open-proposals.ts';
import { reviewAhead } from '../../reviewer/review-ahead.ts';
import { requireSame, titleOf } from '../../reviewer/review.ts';
import { currentReviewers } from './reviewer/current-reviewers.ts';
import { readTools } from '../../reviewer/review-tools.ts';
import { withTotal } from '../../reviewer/total-progress.ts';

/** `review [CHANGE]` */
const review: Handler<ValuesOf<'reviewer', 'review'>> = ([change], options, context) =>
  withReviewer(options, context, async ({ reviewer }) => {
    const { output, now } = context;
    const tools = await readTools(reviewer);
    const { context: seen, proposals, refused, strangers } = await openProposals(reviewer, change);
    showOthers(refused, strangers, output);
    const reports: ReviewReport[] = [];
    const failures = refused.map(({ error }) => error);
    const total = withTotal(seen, proposals);
    output.results({ reviews: reports, refused: refused.map(refusedResult), strangers });
    for await (const { proposal, place, of, review: next } of reviewAhead(total.context, proposals, tools)) {
      const reviewed = await next();
      showReview(reviewed.report, now, output, { place: { place, of }, all: options.all });
      reports.push(reviewed.report);
      if (options.diff !== undefined) {
        const { showDifference } = await import('../screens/review/difference-screen.ts');
        showDifference(reviewed, options.diff, output);
      }
      try {
        requireSame(reviewed);
      } catch (error) {
        if (!(error instanceof PullthroughError) || change !== undefined) throw error;
        output.problem(error, titleOf(proposal));
        failures.push(error);
      }
    }
    total.done();
    if (proposals.length === 0) output.note('there is no proposal to review');
    endSeveral(failures, proposals.length + refused.length, 'proposals');
  });

/** `ack [CHANGE]` */
const ack: Handler<ValuesOf<'reviewer', 'ack'>> = async ([change], options, context) => {
  const yes = options.yes === true;
  const accepted = parseAccepted(options.accept);
  // With --json nothing is shown to base an answer on.
  const asks = context.interactive && !context.output.json;
  if (change === undefined && !yes && !asks) {
    const why = context.interactive ? '--json shows nothing to answer by' : 'there is no terminal to ask at';
    fail('E_CONFIRM', `without CHANGE, ack asks for each proposal, and ${why}`, {
      hint: 'name a proposal, or give --yes to sign all that compare equal and want no person',
    });
  }
  const choice = await chooseSigner(options, context);
  try {
    await withReviewer(options, context, async (opened) => {
      const signer = await choice.by(() => currentReviewers(opened.reviewer));
      const tools = await readTools(opened.reviewer);
      await using kept = await openKept(stateOf(options, context));
      await acknowledgeEach(
        {
          ...opened,
          reviewer: { ...opened.reviewer, kept },
          signer,
          tools,
          flags: { change, yes, accepted, asks, all: options.all === true },
        },
        context,
      );
    });
  } finally {
    await choice.close();
  }
};

/** TypeScript takes the type of what is disposed of from here. */
function openKept(stateDir: string): Promise<KeptFetches> {
  return KeptFetches.open(stateDir);
}

export const handlers: Handlers<'reviewer'> = {
  review,
  ack,
  nack,
  pending: async (...call) => (await import('./reviewer/pending.ts')).pendingCommand(...call),
};
