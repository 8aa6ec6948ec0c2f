import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { parseToolRequest } from '../../consumer/tool.ts';
import type { ToolRequest } from '../../consumer/tool.ts';
import type { ReviewReport } from '../../reviewer/report.ts';
import type { ValuesOf } from '../spec/index.ts';
import { acknowledgeEach } from './reviewer/acknowledge.ts';
import type { Handler, Handlers } from '../wiring/context.ts';
import { refusedResult, showOthers, showReview } from '../screens/review-screen.ts';
import { withReviewer } from '../wiring/reviewer-context.ts';
import { endSeveral } from '../screens/several.ts';
import { openSigner } from '../wiring/signing.ts';
import { openProposals } from '../../proposals/open-proposals.ts';
import { requireSame, reviewProposal, titleOf } from '../../reviewer/review.ts';
import { readTools } from '../../reviewer/review-tools.ts';
import { withTotal } from '../../reviewer/total-progress.ts';
import { findNackTarget, nackTarget } from '../../reviewer/nack.ts';
import { readLedger } from '../../proposals/ledger-state.ts';
import { requireReviewer } from '../../reviewer/reviewer-key.ts';
import { typed } from '../../io/shell.ts';

/** `review [CHANGE]` */
const review: Handler<ValuesOf<'reviewer', 'review'>> = ([change], options, context) =>
  withReviewer(options, context, async ({ reviewer }) => {
    const { output, now } = context;
    const tools = await readTools(reviewer);
    const { state, proposals, refused, strangers } = await openProposals(reviewer, change);
    showOthers(refused, strangers, output);
    const reports: ReviewReport[] = [];
    const failures = refused.map(({ error }) => error);
    const total = withTotal(reviewer, proposals);
    output.results({ reviews: reports, refused: refused.map(refusedResult), strangers });
    for (const proposal of proposals) {
      context.signal.throwIfAborted();
      const reviewed = await reviewProposal(total.context, state, proposal, tools);
      showReview(reviewed.report, now, output);
      reports.push(reviewed.report);
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
  // With --json nothing is shown that a person could answer by.
  if (change === undefined && options.yes !== true && !(context.interactive && !context.output.json)) {
    const why = context.interactive ? '--json shows nothing to answer by' : 'there is no terminal to ask at';
    fail('E_CONFIRM', `without CHANGE, ack asks for each proposal, and ${why}`, {
      hint: 'name a proposal, or give --yes to sign all that compare equal',
    });
  }
  const signer = await openSigner(options, context);
  try {
    await withReviewer(options, context, async (opened) => {
      const tools = await readTools(opened.reviewer);
      await acknowledgeEach({ ...opened, signer, tools, change, yes: options.yes === true }, context);
    });
  } finally {
    await signer.close?.();
  }
};

/** `nack TOOL@TAG` */
const nack: Handler<ValuesOf<'reviewer', 'nack'>> = async ([text = ''], options, context) => {
  exactTag(parseToolRequest(text, 'github.com'));
  const signer = await openSigner(options, context, 'nack');
  try {
    await withReviewer(options, context, async ({ reviewer, config }) => {
      const request = parseToolRequest(text, config.source.host);
      const id = { source: request.source, repository: `${request.owner}/${request.repo}`, tag: exactTag(request) };
      const state = await readLedger(reviewer);
      const who = await requireReviewer(state.trust, signer.fingerprint, 'nack');
      const target = await findNackTarget(reviewer, state, id);
      const result = await nackTarget(reviewer, state, target, { signer, reviewer: who }, options.reason);
      const { output } = context;
      output.results({ ...result });
      const title = titleOf(target);
      if (result.action === 'already') output.line(`${title} was nacked by this key already`);
      else if (result.of === 'record') output.line(`the nack of ${title} is proposed`, 'good');
      else output.line(`${title} is nacked: its proposal can't be merged any more`, 'good');
      if (result.branch !== undefined) output.line(`  branch     ${result.branch}`);
      if (result.pull !== undefined) output.line(`  pull       ${result.pull.url}`);
      if (result.of === 'record' && result.branch !== undefined) {
        output.note(`it withdraws the record once it is merged: ${typed`pullthrough ledger merge ${result.branch}`}`);
      }
    });
  } finally {
    await signer.close?.();
  }
};

/** A nack is of one tag; what a range stands for changes. */
function exactTag({ tag, text }: ToolRequest): string {
  return (
    tag ??
    fail('E_USAGE', `a nack is of one very tag, and ${text} names none`, {
      hint: 'write owner/repo@TAG, or @tag:latest',
    })
  );
}

export const handlers: Handlers<'reviewer'> = { review, ack, nack };
