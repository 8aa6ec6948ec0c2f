import { findHolder, listPending } from '../../../proposals/pending.ts';
import type { Pending } from '../../../proposals/pending.ts';
import { awaitedText, nextStep } from '../../screens/pending-words.ts';
import { ageText } from '../../screens/review/review-words.ts';
import type { ValuesOf } from '../../spec/index.ts';
import type { Handler } from '../../wiring/command-context.ts';
import { withOwner } from '../../wiring/reviewer-context.ts';
import { withView } from '../../../proposals/with-view.ts';

/** `pending` */
export const pendingCommand: Handler<ValuesOf<'reviewer', 'pending'>> = (_, options, context) =>
  withOwner(options, context, async ({ reviewer }) => {
    const { output, now } = context;
    const seen = await withView(reviewer);
    const holder = options.for === undefined ? undefined : findHolder(seen, options.for);
    const all = await listPending(seen);
    const pending = holder === undefined ? all : all.filter(({ from }) => from.includes(holder));
    output.results({ for: holder ?? null, pending: pending.map(toResult) });
    output.table({
      title: holder === undefined ? 'what is open' : `what waits for ${holder}`,
      head: ['since', 'what', 'where', 'needs'],
      names: [1, 2],
      rows: pending.map((one) => [
        one.since === undefined ? '' : ageText(one.since.toISOString(), now),
        one.title,
        one.pull === undefined ? (one.branch ?? '') : `#${one.pull.number}`,
        awaitedText(one),
      ]),
    });
    const [first] = pending;
    if (first === undefined) output.note(holder === undefined ? 'nothing is open' : `nothing waits for ${holder}`);
    const next = first === undefined ? undefined : nextStep(first);
    if (next !== undefined) output.note(`the oldest one first: ${next}`);
  });

/** As `--json` has it. */
function toResult({ since, pull, tool, tag, branch, reason, ...rest }: Pending) {
  return {
    ...rest,
    tool: tool ?? null,
    tag: tag ?? null,
    branch: branch ?? null,
    pull: pull ?? null,
    since: since?.toISOString() ?? null,
    reason: reason ?? null,
  };
}
