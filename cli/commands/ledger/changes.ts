import { PullthroughError } from '../../../ledger-schema/error.ts';
import { inOneLine } from '../../../io/escape.ts';
import { findChange, requireChangeName } from '../../../proposals/list-changes.ts';
import { closeChange } from '../../../owner/close.ts';
import { reopenChange } from '../../../owner/reopen.ts';
import { mergeReady } from '../../../owner/merge-all.ts';
import type { MergeResult } from '../../../owner/merge-all.ts';
import { mergeChange } from '../../../proposals/merge/merge.ts';
import type { ValuesOf } from '../../spec/index.ts';
import type { Handler } from '../../wiring/command-context.ts';
import type { Output } from '../../screens/output.ts';
import { nameOf, showOthers } from '../../screens/review/review-screen.ts';
import { namedNotifiers, notify } from '../../wiring/notify.ts';
import { withOwner } from '../../wiring/reviewer-context.ts';
import { endSeveral } from '../../screens/several.ts';
import { withView } from '../../../proposals/with-view.ts';

/** `ledger merge [CHANGE]` */
export const ledgerMerge: Handler<ValuesOf<'ledger', 'ledger merge'>> = ([change], options, context) =>
  withOwner(options, context, async ({ reviewer, config }) => {
    const { output } = context;
    const { author } = config.ledger;
    if (change !== undefined) {
      requireChangeName(reviewer, change);
      const seen = await withView(reviewer);
      const found = await findChange(reviewer, change);
      const { title, commit } = await mergeChange(seen, found, { author });
      const { branch, pull } = found;
      const result: MergeResult = { action: 'merged', title, branch, ...(pull && { pull }), commit };
      output.results({ changes: [result], strangers: [] });
      show(result, output);
      await notify(namedNotifiers(config, options, output), context, [
        { event: 'merged', title, branch, pull, commit },
      ]);
      return;
    }
    const { results, strangers } = await mergeReady(reviewer, { author });
    output.results({ changes: results, strangers });
    showOthers([], strangers, output);
    for (const result of results) show(result, output);
    if (results.length === 0) output.note('there is nothing to merge');
    const merged = results.filter(({ action }) => action === 'merged');
    const events = merged.map(({ title, branch, pull, commit }) => ({
      event: 'merged' as const,
      title,
      branch,
      pull,
      commit,
    }));
    if (events.length > 0) await notify(namedNotifiers(config, options, output), context, events);
    const failures = results.flatMap(({ error }) => (error === undefined ? [] : [toError(error)]));
    // A waiting change is not a failure: nobody asked for it.
    endSeveral(failures, results.filter(({ action }) => action !== 'waiting').length, 'changes');
  });

/** `ledger close CHANGE` */
export const ledgerClose: Handler<ValuesOf<'ledger', 'ledger close'>> = ([change = ''], options, context) =>
  withOwner(options, context, async ({ reviewer, config }) => {
    const { output } = context;
    const { branch, pull, closed } = await closeChange(reviewer, change);
    output.results({ branch, pull: pull ?? null, closed: closed ?? null });
    output.line(`${nameOf({ branch, ...(pull && { pull }) })} is closed`, 'good');
    if (closed !== undefined) output.line(`  its branch is ${closed} now`);
    await notify(namedNotifiers(config, options, output), context, [{ event: 'closed', title: branch, branch, pull }]);
  });

/** `ledger reopen CHANGE` */
export const ledgerReopen: Handler<ValuesOf<'ledger', 'ledger reopen'>> = ([change = ''], options, context) =>
  withOwner(options, context, async ({ reviewer, config }) => {
    const { output } = context;
    const { branch, pull } = await reopenChange(reviewer, change);
    output.results({ branch, pull: pull ?? null });
    output.line(`${nameOf({ branch, ...(pull && { pull }) })} is open again`, 'good');
    if (pull !== undefined) output.line(`  ${pull.url}`);
    await notify(namedNotifiers(config, options, output), context, [
      { event: 'reopened', title: branch, branch, pull },
    ]);
  });

function show({ action, title, commit, missing, error, branch, pull }: MergeResult, output: Output): void {
  const where = pull === undefined ? '' : ` (#${pull.number})`;
  if (action === 'merged') output.line(`${title}${where} is merged, commit ${commit ?? ''}`, 'good');
  if (action === 'waiting') {
    const [first, ...more] = missing ?? [];
    const rest = more.length === 0 ? '' : `, and ${more.length} more`;
    output.line(`${title}${where} is not ready: ${inOneLine(first?.message ?? '')}${rest}`, 'warning');
  }
  if (error !== undefined) output.problem(toError(error), nameOf({ branch, ...(pull && { pull }) }));
}

function toError({ code, message, hint }: NonNullable<MergeResult['error']>): PullthroughError {
  return new PullthroughError(code, message, { hint });
}
