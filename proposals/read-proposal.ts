import { recordFiles } from '../ledger/files.ts';
import { checkLedger, requirePassed } from '../ledger/gate/gate.ts';
import { brief } from '../ledger-schema/bytes.ts';
import { fail } from '../ledger-schema/error.ts';
import { proposalBranch } from '../ledger-schema/names/branches.ts';
import { verifyRecord } from '../ledger-schema/record.ts';
import type { RecordStatus } from '../ledger-schema/record.ts';
import type { OpenChange } from './list-changes.ts';
import type { WithView } from './with-view.ts';
import type { LedgerView } from '../ledger/view/view.ts';
import type { Snapshot } from '../ledger/snapshot.ts';

/** A change that the gate takes, apart from the number of acks: one record, or acks of a record that is merged. */
export interface Proposal extends OpenChange {
  /** `record`: it adds one. `ack`, `nack`: it adds that to a merged one. */
  readonly adds: 'record' | 'ack' | 'nack';
  /** As it will be when the change is merged. */
  readonly record: RecordStatus;
  /** The record is merged and its branch adds nothing: `commit` is the ledger's own, and an ack makes the branch again. */
  readonly late?: true;
}

/** A merged record that can still be acked, whatever became of the branch that proposed it. */
export async function lateProposal({ ledger, view }: WithView, record: RecordStatus): Promise<Proposal> {
  const branch = proposalBranch(record.path);
  const there = ledger.branches().get(branch);
  if (there !== undefined && !(await ledger.isAncestor(there, view.commit))) {
    const left = await ledger.diff(await ledger.mergeBase(view.commit, there), there);
    const merged = new Set((await view.snapshot.list(record.path)).map(({ name }) => `${record.path}/${name}`));
    if (left.some(({ path }) => !merged.has(path))) {
      fail('E_NO_CHANGE', `the branch ${branch} has something else than the merged record`, {
        hint: 'look at it with git, and remove it if nobody needs it',
      });
    }
  }
  return { kind: 'proposal', branch, commit: view.commit, adds: 'ack', record, late: true };
}

/**
 * Judges a change of the ledger by its gate: exactly one record, a valid sign by a current executor, nothing else.
 * Throws the gate's first problem; `E_CHANGE` where it is about something other than one record, `E_NO_CHANGE` where
 * all of it is merged already.
 */
export async function readProposal(context: WithView, change: OpenChange): Promise<Proposal> {
  const { ledger, pin, now } = context;
  const report = await checkLedger(ledger, { head: change.commit, base: context.view.commit, pin, now });
  requirePassed(report);
  const [record, ...others] = report.records;
  if (report.scope === 'none') {
    fail('E_NO_CHANGE', `${brief(change.branch)} adds nothing to the records of the ledger`, {
      hint: 'what it proposed is merged already, or it is about something else',
    });
  }
  if (record === undefined || others.length > 0) {
    fail('E_CHANGE', `${brief(change.branch)} is not about one record`, {
      hint: report.scope === 'trust' ? 'a policy is signed with: pullthrough trust sign' : 'one proposal is one record',
    });
  }
  const isNew = report.added.includes(record.path);
  if (isNew && change.branch !== proposalBranch(record.path)) {
    fail('E_CHANGE', `the record ${record.path} is proposed by a branch of another name: ${brief(change.branch)}`, {
      hint: `its proposal is the branch ${proposalBranch(record.path)}`,
    });
  }
  const status = await readStatusWhenMerged(context.view, context.ledger.snapshot(change.commit), record.path);
  const merged = new Set((await context.view.snapshot.list(record.path)).map(({ name }) => name));
  const nacks = status.nacks.some(({ fingerprint }) => !merged.has(`checklist.sha256.${fingerprint}.nack`));
  const adds = isNew ? 'record' : nacks ? 'nack' : 'ack';
  // A record whose sign doesn't count any more can still be withdrawn.
  if (status.signedBy === undefined && adds !== 'nack') {
    fail('E_NO_SIGN', `${record.path} has no valid sign by an executor, so that no ack counts`);
  }
  return { ...change, adds, record: status };
}

/** A record as it will be when a branch is merged: what the ledger has of it, and what the branch adds. */
async function readStatusWhenMerged(
  { snapshot, trust }: LedgerView,
  branch: Snapshot,
  path: string,
): Promise<RecordStatus> {
  const merged = await snapshot.list(path);
  const names = new Set(merged.map(({ name }) => name));
  const entries = [...merged, ...(await branch.list(path)).filter(({ name }) => !names.has(name))];
  await branch.prefetch(entries.map(({ oid }) => oid));
  return verifyRecord(recordFiles(branch, path, entries), trust);
}
