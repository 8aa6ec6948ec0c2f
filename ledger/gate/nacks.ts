import { tryLedgerPath } from '../../ledger-schema/layout.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import { checkRecords } from './check-records.ts';
import type { Snapshot } from '../snapshot.ts';

/** Every valid nack of a ledger, with the key that made it. */
export async function standingNacks(
  snapshot: Snapshot,
  trust: Trust,
): Promise<{ readonly record: string; readonly fingerprint: string }[]> {
  const records = new Set<string>();
  for await (const { path } of snapshot.walk('packages')) {
    const parsed = tryLedgerPath(path);
    if (parsed?.kind === 'nack') records.add(parsed.record);
  }
  const checked = await checkRecords(snapshot, trust, [...records]);
  return checked.flatMap(({ path, nacks }) => nacks.map(({ fingerprint }) => ({ record: path, fingerprint })));
}
