import { fail } from '../../../ledger-schema/error.ts';
import { typed } from '../../../io/shell.ts';
import type { RecordStatus } from '../../../ledger-schema/record.ts';
import { parseToolRequest } from '../../../consumer/tool.ts';
import type { ToolRequest } from '../../../consumer/tool.ts';
import { findNackTarget, nackTarget } from '../../../reviewer/signing/nack.ts';
import type { NackResult, NackTarget } from '../../../reviewer/signing/nack.ts';
import { requireReviewer } from '../../../reviewer/signing/reviewer-key.ts';
import { titleOf } from '../../../reviewer/review.ts';
import type { ValuesOf } from '../../spec/index.ts';
import type { CommandContext, Handler } from '../../wiring/command-context.ts';
import { notify, ownNotifiers } from '../../wiring/notify.ts';
import { withReviewer } from '../../wiring/reviewer-context.ts';
import { currentReviewers } from './current-reviewers.ts';
import { chooseSigner } from '../../wiring/signing.ts';
import { bytesText, countText } from '../../screens/units.ts';
import { withView } from '../../../proposals/with-view.ts';
import { holdersOf } from '../../../ledger-schema/holders.ts';

/** `nack TOOL@TAG` */
export const nack: Handler<ValuesOf<'reviewer', 'nack'>> = async ([text = ''], options, context) => {
  exactTag(parseToolRequest(text, 'github.com'));
  const reason = options.reason?.trim() ?? '';
  if (reason === '') {
    fail('E_USAGE', 'a nack needs a reason: others must know why these bytes are not to be used', {
      hint: "give --reason 'TEXT'",
    });
  }
  const asks = context.interactive && !context.output.json;
  if (options.yes !== true && !asks) {
    fail('E_CONFIRM', 'a nack can never be taken back, so it asks, and there is no terminal to ask at', {
      hint: 'give --yes to sign it without a question',
    });
  }
  const choice = await chooseSigner(options, context, 'nack');
  try {
    await withReviewer(options, context, async ({ reviewer, config, own }) => {
      const request = parseToolRequest(text, config.source.host);
      const id = { source: request.source, repository: `${request.owner}/${request.repo}`, tag: exactTag(request) };
      const signer = await choice.by(() => currentReviewers(reviewer));
      const seen = await withView(reviewer);
      const who = await requireReviewer(seen.view.trust, signer.fingerprint, 'nack');
      const target = await findNackTarget(seen, id);
      const isNew = !target.record.nacks.some(({ fingerprint }) => fingerprint === signer.fingerprint);
      const { output } = context;
      if (isNew) {
        showTarget(target, context);
        if (options.yes !== true && !/^y(?:es)?$/i.test(await context.ask(`${question(target)} [y/N]`))) {
          output.results({ action: 'declined', record: target.record.path, of: target.of });
          output.note('nothing was signed');
          return;
        }
      }
      const result = await nackTarget(seen, target, { signer, reviewer: who }, reason);
      output.results({ ...result });
      showResult(result, target, context);
      if (result.action === 'nacked') {
        const { branch, pull } = result;
        await notify(ownNotifiers(config, own, output), context, [
          { event: 'nacked', title: titleOf(target), branch, pull },
        ]);
      }
    });
  } finally {
    await choice.close();
  }
};

function question(target: NackTarget): string {
  return `withdraw ${titleOf(target)} for good? it can never be taken back.`;
}

/** What is withdrawn, and who acknowledged it. */
function showTarget({ record, of }: NackTarget, { output }: CommandContext): void {
  const { source, assets } = record.checklist;
  const size = assets.reduce((sum, asset) => sum + asset.size, 0);
  output.line(`${titleOf({ record })} of ${source}: ${stateText(record, of)}`, 'strong');
  output.line(`  files      ${countText(assets.length, 'file')}, ${bytesText(size)}`);
  output.line(`  signed by  ${record.signedBy?.holder ?? 'nobody whose sign counts'}`);
  output.line(`  acked by   ${record.ackHolders.length === 0 ? 'nobody' : record.ackHolders.join(', ')}`);
  const nacked = holdersOf(record.nacks);
  if (nacked.length > 0) output.line(`  nacked by  ${nacked.join(', ')}`);
}

function stateText({ state }: RecordStatus, of: NackTarget['of']): string {
  return of === 'proposal' ? 'an open proposal' : `a merged record, ${state}`;
}

function showResult(result: NackResult, target: NackTarget, { output }: CommandContext): void {
  const title = titleOf(target);
  if (result.action === 'already') output.line(`${title} was nacked by this key already`);
  else if (result.of === 'record') output.line(`the nack of ${title} is proposed`, 'good');
  else output.line(`${title} is nacked: its proposal can't be merged any more`, 'good');
  if (result.branch !== undefined) output.line(`  branch     ${result.branch}`);
  if (result.pull !== undefined) output.line(`  pull       ${result.pull.url}`);
  if (result.of === 'record' && result.branch !== undefined) {
    output.note(`to merge it, which withdraws the record: ${typed`pullthrough ledger merge ${result.branch}`}`);
  }
}

/** A nack is for one tag; the tag that a range means can change. */
function exactTag({ tag, text }: ToolRequest): string {
  return (
    tag ??
    fail('E_USAGE', `a nack is of one very tag, and ${text} names none`, {
      hint: 'write owner/repo@TAG, or @tag:latest',
    })
  );
}
