import { typed } from '../../io/shell.ts';
import type { GateReport } from '../../ledger/gate/gate.ts';
import { nackHolders, nacksOnBranches, openNacks } from '../../ledger/open-nacks.ts';
import { fail } from '../../ledger-schema/error.ts';
import { closedBranch, nackBranch, proposalBranch } from '../../ledger-schema/names/branches.ts';
import { CHECKLIST_BYTES } from '../../ledger-schema/checklist.ts';
import { REGULAR } from '../../ledger-schema/files.ts';
import type { WithView } from '../with-view.ts';
import type { OpenChange } from '../list-changes.ts';
import { viewAt } from '../../ledger/view/view.ts';

/**
 * What the gate can't see, since it looks at one change and its base: a no that lies on another branch of the ledger. Throws
 * `E_WITHDRAWN` for a record whose very bytes were nacked there, `E_POLICY_NACK` for a policy that drops the key of a nack on
 * an open or closed proposal. `result` is the ledger as it would be.
 */
export async function requireNacksKept(
  context: WithView,
  change: OpenChange,
  report: GateReport,
  result: string,
): Promise<void> {
  for (const record of report.added) await requireNotNacked(context, change, record);
  if (report.scope === 'trust') await requireKeysKept(context, result);
}

async function requireNotNacked({ ledger, view }: WithView, change: OpenChange, record: string): Promise<void> {
  const branches = ledger.branches();
  const proposal = proposalBranch(record);
  const nacks = nackBranch(record, '').replace(/[^/]*$/, '');
  const places = [...branches.keys()].filter(
    (name) => name === proposal || name === closedBranch(proposal) || name.startsWith(nacks),
  );
  const snapshot = ledger.snapshot(change.commit);
  const sums = (await snapshot.list(record)).find(({ name, mode }) => name === 'checklist.sha256' && mode === REGULAR);
  if (sums === undefined) return;
  const bytes = await snapshot.blob(sums.oid, CHECKLIST_BYTES);
  for (const branch of places) {
    const commit = branches.get(branch);
    if (commit === undefined || branch === change.branch) continue;
    const found = await openNacks(ledger.snapshot(commit), record, view.trust, [bytes]);
    const same = found.filter((nack) => Buffer.compare(nack.sums, bytes) === 0);
    if (same.length === 0) continue;
    fail(
      'E_WITHDRAWN',
      `${nackHolders(same).join(' and ')} nacked these very bytes of ${record}, on the branch ${branch}`,
      {
        hint: 'choose another release, or ask them why',
      },
    );
  }
}

async function requireKeysKept(context: WithView, result: string): Promise<void> {
  const nacks = await nacksOnBranches(context.ledger, context.view.commit, context.view.trust);
  if (nacks.length === 0) return;
  const { trust } = await viewAt(result, context);
  const left = await nacksOnBranches(context.ledger, context.view.commit, trust);
  const names = new Set(left.map(({ branch, path }) => `${branch} ${path}`));
  const dropped = nacks.find(({ branch, path }) => !names.has(`${branch} ${path}`));
  if (dropped === undefined) return;
  const { by, record, branch } = dropped;
  fail(
    'E_POLICY_NACK',
    `by policy ${trust.version} the nack of ${record} by ${by.fingerprint} on ${branch} would not count`,
    {
      hint: `retire that key instead of removing it: ${typed`pullthrough trust propose --retire ${by.fingerprint}`}`,
    },
  );
}
