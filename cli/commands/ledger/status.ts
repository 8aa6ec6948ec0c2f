import { PullthroughError } from '../../../ledger-schema/error.ts';
import { listPending } from '../../../proposals/pending.ts';
import { ledgerStatus } from '../../../owner/status.ts';
import type { LedgerStatus, ProposalStatus } from '../../../owner/status.ts';
import type { ValuesOf } from '../../spec/index.ts';
import type { Handler } from '../../wiring/command-context.ts';
import type { Output } from '../../screens/output.ts';
import { nameOf, showOthers } from '../../screens/review/review-screen.ts';
import { awaitedText } from '../../screens/pending-words.ts';
import { listText } from '../../screens/review/review-words.ts';
import { withOwner } from '../../wiring/reviewer-context.ts';
import type { Cell } from '../../screens/table.ts';
import { countText } from '../../screens/units.ts';
import { agedText } from '../../../ledger/view/freshness.ts';
import { withView } from '../../../proposals/with-view.ts';
import { holdersOf } from '../../../ledger-schema/holders.ts';

/** Days that a rotation may take; a policy that expires in fewer gets a warning. */
const SOON = 30;

/** `ledger status` */
export const ledgerStatusCommand: Handler<ValuesOf<'ledger', 'ledger status'>> = (_, options, context) =>
  withOwner(options, context, async ({ reviewer, config: { maxAge } }) => {
    const seen = await withView(reviewer);
    const status = await ledgerStatus(seen, maxAge);
    const needs = new Map((await listPending(seen)).map((one) => [one.branch, awaitedText(one)]));
    const { output } = context;
    output.results({ ...status });
    show(status, needs, output, context.now);
    if (status.stale === undefined) return;
    const { code, message, hint } = status.stale;
    // Who set [trust] max-age is told as every consumer is; the others are warned.
    if (maxAge === undefined) output.warn(message);
    else throw new PullthroughError(code, message, { hint });
  });

/** `needs`: what each open branch waits for, in the words of `pending`. */
function show(
  { records, unusable, proposals, policies, strangers, policy, head, stale }: LedgerStatus,
  needs: ReadonlyMap<string | undefined, string>,
  output: Output,
  now: Date,
): void {
  const counted = Object.entries(records).filter(([state, count]) => count > 0 || state === 'acknowledged');
  output.line(`records: ${counted.map(([state, count]) => `${count} ${state}`).join(', ')}`);
  output.table({
    title: 'records that consumers cannot use',
    head: ['state', 'record', 'why'],
    rows: unusable.map((record): Cell[] => [record.state, record.path, whyUnusable(record)]),
  });
  output.line(`open proposals: ${proposals.length}`);
  output.table({
    title: 'proposals',
    head: ['proposal', 'state', 'acked', 'needs'],
    rows: proposals.map((one) => row(one, needs)),
  });
  output.table({
    title: 'proposed policies',
    head: ['proposal', 'needs'],
    rows: policies.map((one): Cell[] => [nameOf(one), needs.get(one.branch) ?? '']),
  });
  showOthers([], strangers, output);
  const left =
    policy.daysLeft < 0
      ? `expired at ${policy.expires}`
      : `expires in ${countText(policy.daysLeft, 'day')} (${policy.expires})`;
  if (head === undefined) output.line(`no signed head${stale ? ' that counts' : ''}: 'pullthrough mirror' signs one`);
  else {
    const age = agedText(now.getTime() - Date.parse(head.issued));
    const dead = stale !== undefined || now.getTime() >= Date.parse(head.expires);
    output.line(`signed head: ${age} old, until ${head.expires}`, dead ? 'warning' : undefined);
  }
  output.line(`policy ${policy.version} ${left}`, policy.daysLeft < SOON ? 'warning' : undefined);
  if (policy.daysLeft < SOON) output.warn('propose the next policy with: pullthrough trust propose --expires 365d');
}

function whyUnusable({ state, missing, nacks, problems, ignored }: LedgerStatus['unusable'][number]): string {
  const [problem] = problems;
  if (problem !== undefined) return problem.message;
  if (state === 'withdrawn') return `nacked by ${listText(holdersOf(nacks))}`;
  return state === 'proposed' ? `it needs ${countText(missing, 'more ack')}` : (ignored[0]?.message ?? '');
}

function row({ branch, pull, state, acked }: ProposalStatus, needs: ReadonlyMap<string | undefined, string>): Cell[] {
  return [nameOf({ branch, ...(pull && { pull }) }), state ?? '', acked.join(', '), needs.get(branch) ?? ''];
}
