import { parseToolName } from '../../../executor/add/add.ts';
import { Holdings } from '../../../ledger/record-index.ts';
import { fail } from '../../../ledger-schema/error.ts';
import { mergeIdentity } from '../../../proposals/merge/merge-identity.ts';
import { makeRequest, nameOfRequest } from '../../../proposals/requests.ts';
import type { ValuesOf } from '../../spec/index.ts';
import type { Handler } from '../../wiring/command-context.ts';
import { loadConfig } from '../../wiring/settings/config.ts';
import { namedNotifiers, notify } from '../../wiring/notify.ts';
import { withReviewer } from '../../wiring/reviewer-context.ts';
import { openView } from '../../../ledger/view/view.ts';

/** `request OWNER/REPO[@TAG]` */
export const requestCommand: Handler<ValuesOf<'consumer', 'request'>> = async ([text = ''], options, context) => {
  // An invalid name is found before any request.
  const { source } = await loadConfig(options, context.cwd);
  const wanted = parseWantedTool(text, source.host);
  await withReviewer(options, context, async ({ reviewer, config }) => {
    const { output } = context;
    const { snapshot, trust } = await openView(reviewer);
    const recorded = await new Holdings(snapshot, Promise.resolve(trust)).find(wanted);
    const name = nameOfRequest(wanted);
    if (wanted.tag !== undefined && recorded?.records.has(wanted.tag) === true) {
      output.results({ request: name, recorded: true, branch: null, issue: null });
      output.line(`${name} is in the ledger already`, 'good');
      return;
    }
    const author = mergeIdentity(config.ledger.author);
    const made = await makeRequest(reviewer, wanted, { reason: options.reason, author });
    output.results({ request: name, recorded: false, branch: made.branch ?? null, issue: made.issue ?? null });
    output.line(`${name} is requested`, 'good');
    if (made.issue !== undefined) output.line(`  ${made.issue.url}`);
    if (made.branch !== undefined) output.line(`  branch     ${made.branch}`);
    await notify(namedNotifiers(config, options, output), context, [
      { event: 'requested', title: name, branch: made.branch, pull: made.issue },
    ]);
  });
};

/** A tag must be exact here: nobody knows yet which tags a range could choose from. */
function parseWantedTool(text: string, host: string): { source: string; repository: string; tag?: string } {
  const at = text.indexOf('@');
  const tool = parseToolName(at < 0 ? text : text.slice(0, at), host);
  if (at < 0) return tool;
  const tag = text.slice(at + 1).replace(/^tag:/, '');
  if (tag === '' || /\s/.test(tag) || tag.length > 255) {
    fail('E_USAGE', 'there is no tag after the @', { hint: 'write OWNER/REPO, or OWNER/REPO@TAG' });
  }
  return { ...tool, tag };
}
