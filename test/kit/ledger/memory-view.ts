import { readTrust } from '../../../ledger/fetch-directories.ts';
import type { LedgerView } from '../../../ledger/view/view.ts';
import type { MemoryLedger } from './memory-ledger.ts';

/** What a consumer sees of a commit of a ledger in memory. */
export async function memoryView(ledger: MemoryLedger, commit: string, now: Date): Promise<LedgerView> {
  const snapshot = ledger.snapshot(commit);
  return {
    label: 'a ledger in memory',
    commit,
    snapshot,
    trust: await readTrust(snapshot, { pin: undefined, now }),
    descendsFrom: async (old) => old === commit || ledger.isAncestor(old, commit),
  };
}
