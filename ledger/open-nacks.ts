import { concatBytes, equalBytes, utf8 } from '../ledger-schema/bytes.ts';
import { CHECKLIST_BYTES } from '../ledger-schema/checklist.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import { holdersOf } from '../ledger-schema/holders.ts';
import { REGULAR } from '../ledger-schema/files.ts';
import { tryLedgerPath } from '../ledger-schema/names/layout.ts';
import { branchKind, reopenedBranch } from '../ledger-schema/names/branches.ts';
import { checkNack } from '../ledger-schema/record-signatures.ts';
import type { Signed } from '../ledger-schema/record-signatures.ts';
import { SIGNATURE_BYTES } from '../ledger-schema/openpgp/signature.ts';
import type { Trust } from '../ledger-schema/trust.ts';
import { readRecordFiles } from './files.ts';
import type { LedgerRepository } from './git/repository.ts';
import type { Snapshot } from './snapshot.ts';

/** A reviewer's no that lies in a branch. */
export interface OpenNack {
  /** The file's path in the ledger. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly by: Signed;
  /** The bytes of checklist.sha256 that it is about. */
  readonly sums: Uint8Array;
}

/**
 * The valid nacks of a record as a branch has it. A nack rests on checklist.sha256 alone: whatever else is wrong with
 * the branch, such as a sign by a key that has since been replaced, doesn't weaken it. `others` are checklists that it
 * may be about besides the branch's own.
 */
export async function openNacks(
  snapshot: Snapshot,
  record: string,
  trust: Trust,
  others: readonly Uint8Array[] = [],
): Promise<OpenNack[]> {
  const files = await readRecordFiles(snapshot, record);
  const own = await readQuietly(() => files.read('checklist.sha256', CHECKLIST_BYTES));
  const found: OpenNack[] = [];
  for (const { name, mode } of files.entries) {
    const path = `${record}/${name}`;
    const kind = tryLedgerPath(path);
    if (kind?.kind !== 'nack' || mode !== REGULAR) continue;
    const bytes = await readQuietly(() => files.read(name, SIGNATURE_BYTES));
    if (bytes === undefined) continue;
    for (const sums of own === undefined ? others : [own, ...others]) {
      const data = concatBytes(sums, utf8('nack\n'));
      const by = await readQuietly(() => checkNack(bytes, data, kind.fingerprint, trust));
      if (by === undefined) continue;
      found.push({ path, bytes, by, sums });
      break;
    }
  }
  return found;
}

/** A nack on a branch other than the ledger's own, not merged anywhere. */
export interface BranchNack extends OpenNack {
  readonly branch: string;
  readonly record: string;
}

/** The branches that proposals have and had; policies and nacks of merged records are other things. */
export function isProposalBranch(branch: string): boolean {
  const open = reopenedBranch(branch) ?? branch;
  return branchKind(open) === 'proposal';
}

/** The valid nacks on open and closed proposals, as of the ledger's last update. */
export async function nacksOnBranches(
  repository: Pick<LedgerRepository, 'branches' | 'snapshot' | 'mergeBase' | 'diff'>,
  head: string,
  trust: Trust,
): Promise<BranchNack[]> {
  const found: BranchNack[] = [];
  for (const [branch, commit] of repository.branches()) {
    if (!isProposalBranch(branch)) continue;
    for (const record of await nackedRecords(repository, head, commit)) {
      const nacks = await openNacks(repository.snapshot(commit), record, trust);
      found.push(...nacks.map((nack) => ({ ...nack, branch, record })));
    }
  }
  return found;
}

/** The records that a branch adds nacks to. */
async function nackedRecords(
  repository: Pick<LedgerRepository, 'mergeBase' | 'diff'>,
  head: string,
  commit: string,
): Promise<string[]> {
  const base = await repository.mergeBase(head, commit);
  const added = await repository.diff(base, commit);
  const records = added.flatMap(({ path, newOid }) => {
    const kind = newOid === undefined ? undefined : tryLedgerPath(path);
    return kind?.kind === 'nack' ? [kind.record] : [];
  });
  return [...new Set(records)];
}

/** Are all of them about this very checklist, so that they can go with it? */
export function areAbout(nacks: readonly OpenNack[], sums: Uint8Array): boolean {
  return nacks.every((nack) => equalBytes(nack.sums, sums));
}

/** The people behind them, each once. */
export function nackHolders(nacks: readonly { readonly by: Pick<Signed, 'holder'> }[]): string[] {
  return holdersOf(nacks.map(({ by }) => by));
}

/** Anybody who may push could have made the branch: what can't be read or doesn't verify says nothing. */
async function readQuietly<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof PullthroughError && error.exit === 3) return undefined;
    throw error;
  }
}
