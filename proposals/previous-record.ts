import { readRecordFiles } from '../ledger/files.ts';
import type { Snapshot } from '../ledger/snapshot.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import { verifyRecord } from '../ledger-schema/record.ts';
import type { RecordStatus } from '../ledger-schema/record.ts';
import type { Trust } from '../ledger-schema/trust.ts';
import { comparableTags } from './compare-records.ts';

/** The most records of a tool that are looked at for an acknowledged one. */
const MOST_TRIED = 64;

/**
 * The acknowledged record of the same tool to compare with: of the next lower version, else of the next higher one, else
 * one of another series of tags. Undefined where the tool has none.
 */
export async function acknowledgedBefore(
  { snapshot, trust }: { readonly snapshot: Snapshot; readonly trust: Trust },
  records: ReadonlyMap<string, string>,
  tag: string,
): Promise<RecordStatus | undefined> {
  for (const other of comparableTags(tag, records.keys()).slice(0, MOST_TRIED)) {
    const path = records.get(other);
    if (path === undefined) continue;
    try {
      const status = await verifyRecord(await readRecordFiles(snapshot, path), trust);
      if (status.state === 'acknowledged') return status;
    } catch (error) {
      // A record that can't be read is no use for comparison; the one before it may be.
      if (!(error instanceof PullthroughError) || error.exit !== 3) throw error;
    }
  }
  return undefined;
}
