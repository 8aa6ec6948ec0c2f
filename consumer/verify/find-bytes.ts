import { CHECKLIST_BYTES, PullthroughError, REGULAR, tryLedgerPath } from '../../ledger-schema/index.ts';
import type { Snapshot } from '../../ledger/snapshot.ts';

/** Lists read, and in a partial clone fetched, at once. */
const BATCH = 2000;

/**
 * All records that list a file with one of these digests. Reads checklist.sha256 of every record of the ledger, so it is for
 * a person who asks where a file comes from. Nothing is verified yet: these are paths to look at.
 */
export async function findBytes(
  snapshot: Snapshot,
  digests: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  let batch: { record: string; oid: string }[] = [];
  for await (const { path, mode, oid } of snapshot.walk('packages')) {
    if (mode !== REGULAR || !path.endsWith('/checklist.sha256')) continue;
    const place = tryLedgerPath(path);
    if (place?.kind !== 'sums') continue;
    batch.push({ record: place.record, oid });
    if (batch.length < BATCH) continue;
    await readBatch(snapshot, batch, digests, found);
    batch = [];
  }
  await readBatch(snapshot, batch, digests, found);
  return found;
}

async function readBatch(
  snapshot: Snapshot,
  batch: readonly { record: string; oid: string }[],
  digests: ReadonlySet<string>,
  found: Map<string, string[]>,
): Promise<void> {
  await snapshot.prefetch(batch.map(({ oid }) => oid));
  for (const { record, oid } of batch) {
    for (const digest of await listedDigests(snapshot, oid)) {
      if (!digests.has(digest)) continue;
      const records = found.get(digest) ?? [];
      if (records.at(-1) !== record) records.push(record);
      found.set(digest, records);
    }
  }
}

/** The digests that a checklist.sha256 lists, by its oid; a record whose list is too large is not one. Nothing is verified. */
export async function listedDigests(snapshot: Snapshot, oid: string): Promise<string[]> {
  try {
    const text = Buffer.from(await snapshot.blob(oid, CHECKLIST_BYTES)).toString('latin1');
    return text.split('\n').map((line) => line.slice(0, 64));
  } catch (error) {
    if (error instanceof PullthroughError && error.code === 'E_TOO_LARGE') return [];
    throw error;
  }
}
