import { atomText } from '../io/atom.ts';
import type { LogEntry } from '../ledger/git/repository.ts';
import { tryLedgerPath } from '../ledger-schema/names/layout.ts';
import { parseRecordPath } from '../ledger-schema/names/path.ts';
import type { WithView } from '../proposals/with-view.ts';
import { listOpenChanges } from '../proposals/list-changes.ts';

/** What happened in a ledger, by one commit of it. */
export interface FeedEntry {
  readonly commit: string;
  /** `proposed: jqlang/jq jq-1.7.1`, `acknowledged by ada: …`, `nacked by …`, `trust policy 2 proposed`, `merged: …`. */
  readonly title: string;
  /** The commit's own date: its maker chose it. */
  readonly date: Date;
  readonly by: string;
  /** Where it is still open. */
  readonly url?: string | undefined;
}

/**
 * The newest proposals, acks, nacks and policy changes, merged or open, the newest first. Who did something is the policy's
 * word where a signature file says it, else the commit's.
 */
export async function feedEntries(context: WithView, most: number): Promise<FeedEntry[]> {
  const { ledger } = context;
  const { changes } = await listOpenChanges(context);
  const seen = new Map<string, { readonly entry: LogEntry; readonly url: string | undefined }>();
  for (const entry of await ledger.log(undefined, context.view.commit))
    seen.set(entry.commit, { entry, url: undefined });
  for (const { commit, pull } of changes) {
    for (const entry of await ledger.log(context.view.commit, commit))
      seen.set(entry.commit, { entry, url: pull?.url });
  }
  const byDate = [...seen.values()].sort((a, b) => b.entry.date.getTime() - a.entry.date.getTime());
  const found: FeedEntry[] = [];
  for (const { entry, url } of byDate) {
    if (found.length >= most) break;
    const happened = await describeCommit(context, entry);
    if (happened !== undefined) found.push({ ...happened, commit: entry.commit, date: entry.date, url });
  }
  return found;
}

async function describeCommit(
  { ledger, view: { trust } }: WithView,
  { commit, parents, author }: LogEntry,
): Promise<Pick<FeedEntry, 'title' | 'by'> | undefined> {
  const paths = (await ledger.diff(parents[0], commit)).flatMap(({ path, newOid }) =>
    newOid === undefined ? [] : [path],
  );
  const kinds = paths.flatMap((path) => tryLedgerPath(path) ?? []);
  const records = [...new Set(kinds.flatMap((kind) => ('record' in kind ? [nameOf(kind.record)] : [])))];
  const what =
    records.length > 3 ? `${records.slice(0, 3).join(', ')} and ${records.length - 3} more` : records.join(', ');
  const policy = kinds.find((kind) => kind.kind === 'policy');
  const holderOf = (fingerprint: string): string => trust.listing(fingerprint)?.holder ?? fingerprint;
  if (parents.length > 1) {
    const merged = policy === undefined ? what : `trust policy ${policy.version}`;
    return merged === '' ? undefined : { title: `merged: ${merged}`, by: author };
  }
  if (policy !== undefined) return { title: `trust policy ${policy.version} proposed`, by: author };
  for (const kind of kinds) {
    if (kind.kind === 'sums') return { title: `proposed: ${what}`, by: author };
    if (kind.kind === 'nack') return { title: `nacked: ${what}`, by: holderOf(kind.fingerprint) };
    if (kind.kind === 'ack') return { title: `acknowledged: ${what}`, by: holderOf(kind.fingerprint) };
    if (kind.kind === 'policy-sign') {
      return { title: `trust policy ${kind.version} signed`, by: holderOf(kind.fingerprint) };
    }
  }
  return undefined;
}

function nameOf(record: string): string {
  const { repository, tag } = parseRecordPath(record);
  return `${repository} ${tag}`;
}

/** The feed of a ledger. Every text from outside is escaped. Pure. */
export function atomFeed(
  { title, ledger, now }: { readonly title: string; readonly ledger: string; readonly now: Date },
  entries: readonly FeedEntry[],
): string {
  const id = `urn:pullthrough:${ledger}`;
  const updated = (entries[0]?.date ?? now).toISOString();
  return atomText(
    { id, title, updated },
    entries.map((entry) => ({
      id: `${id}:${entry.commit}`,
      title: entry.title,
      updated: entry.date.toISOString(),
      by: entry.by,
      link: entry.url,
      content: `${entry.title}, by ${entry.by}, commit ${entry.commit}`,
    })),
  );
}
