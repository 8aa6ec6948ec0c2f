import { resolve } from 'node:path';
import { writeFileAtomic } from '../../../io/files/file.ts';
import { atomFeed, feedEntries } from '../../../owner/feed.ts';
import type { ValuesOf } from '../../spec/index.ts';
import type { Handler } from '../../wiring/command-context.ts';
import { withOwner } from '../../wiring/reviewer-context.ts';
import { withView } from '../../../proposals/with-view.ts';

/** Entries of a feed, by default. */
const MOST = 50;

/** `ledger feed` */
export const ledgerFeed: Handler<ValuesOf<'ledger', 'ledger feed'>> = (_, options, context) =>
  withOwner(options, context, async ({ reviewer }) => {
    const { output, now } = context;
    const seen = await withView(reviewer);
    const entries = await feedEntries(seen, options.limit ?? MOST);
    const title = reviewer.github?.repository ?? reviewer.ledger.label;
    const feed = atomFeed({ title, ledger: seen.view.trust.ledger, now }, entries);
    output.results({
      entries: entries.map(({ date, url, ...rest }) => ({ ...rest, date: date.toISOString(), url: url ?? null })),
    });
    if (options.output === undefined) {
      output.raw(feed);
      return;
    }
    await writeFileAtomic(resolve(context.cwd, options.output), feed);
    output.line(`${options.output}: ${entries.length} entries`, 'good');
  });
