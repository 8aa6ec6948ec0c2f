import type { GateReport } from '../../ledger/gate/gate.ts';
import type { Identity } from '../../ledger/git/repository.ts';
import { CHECKLIST_BYTES } from '../../ledger-schema/checklist.ts';
import { KEY_BYTES } from '../../ledger-schema/openpgp/openpgp.ts';
import { parseRecordPath } from '../../ledger-schema/names/path.ts';
import { POLICY_BYTES } from '../../ledger-schema/policy.ts';
import { SEAL_BYTES } from '../../ledger-schema/seal.ts';
import { fail } from '../../ledger-schema/error.ts';
import type { OpenChange } from '../list-changes.ts';
import type { WithView } from '../with-view.ts';

/** The largest file that the format has. */
const FILE_BYTES = Math.max(CHECKLIST_BYTES, KEY_BYTES, POLICY_BYTES, SEAL_BYTES);

/** A change in words, by what the gate found in it: `owner/repo TAG`, `nack of owner/repo TAG`, `trust policy 2`. */
export function describeChange(report: Pick<GateReport, 'records' | 'added' | 'scope'>, change: OpenChange): string {
  const [record] = report.records;
  if (record === undefined) {
    const version = /^pullthrough-trust\/([1-9][0-9]*)$/.exec(change.branch)?.[1];
    return report.scope === 'trust' && version !== undefined ? `trust policy ${version}` : change.branch;
  }
  const { repository, tag } = parseRecordPath(record.path);
  const title = `${repository} ${tag}`;
  if (report.added.includes(record.path)) return title;
  return record.state === 'withdrawn' ? `nack of ${title}` : `late ack of ${title}`;
}

/**
 * The commit that the ledger's branch moves to: the change's own where it descends from the branch, else a merge of both
 * whose tree is the branch's plus the files that the change adds. It is made in the object store and not pushed.
 */
export async function mergeCommit(
  context: WithView,
  change: OpenChange,
  { title, author }: { readonly title: string; readonly author: Identity },
): Promise<string> {
  const { ledger } = context;
  if (await ledger.isAncestor(context.view.commit, change.commit)) return change.commit;
  const files = await addedFiles(context, change);
  return ledger.commit({
    parents: [context.view.commit, change.commit],
    base: context.view.commit,
    files,
    message: `Merge ${title}\n`,
    author,
  });
}

/** What the change has and the branch lacks; the gate made sure that it is only new regular files. */
async function addedFiles({ ledger, view }: WithView, change: OpenChange): Promise<Map<string, Uint8Array>> {
  const ancestor = await ledger.mergeBase(view.commit, change.commit);
  if (ancestor === undefined) fail('E_UNRELATED', 'the change and the ledger have no common history');
  const folder = (path: string): string => path.slice(0, path.lastIndexOf('/'));
  const added = (await ledger.diff(ancestor, change.commit)).filter(({ path }) => /^(?:packages|trust)\//.test(path));
  const present = await view.snapshot.listMany([...new Set(added.map(({ path }) => folder(path)))]);
  const files = new Map<string, Uint8Array>();
  const snapshot = ledger.snapshot(change.commit);
  await snapshot.prefetch(added.flatMap(({ newOid }) => newOid ?? []));
  for (const { path, newOid } of added) {
    const there = present.get(folder(path))?.some(({ name }) => `${folder(path)}/${name}` === path);
    if (newOid !== undefined && there !== true) files.set(path, await snapshot.blob(newOid, FILE_BYTES));
  }
  return files;
}
