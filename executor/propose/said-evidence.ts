import { withPredicates } from '../../evidence/sigstore/claimed-predicate.ts';
import type { ReadEntry } from '../../evidence/sigstore/claimed-predicate.ts';
import { readAtMost } from '../../io/whole-bytes.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import type { Checklist } from '../../ledger-schema/checklist.ts';
import type { ComparedRecord } from '../../proposals/compare-records.ts';
import type { Store } from '../../store/store.ts';

/**
 * A record as it is compared with another, with what its statements say, as far as the store tells. `known`: bytes that
 * are at hand. Throws an interruption alone.
 */
export async function saidEvidence(
  store: Pick<Store, 'read'>,
  record: Checklist,
  known: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<ComparedRecord> {
  const read: ReadEntry = async ({ sha256, size }) => known.get(sha256) ?? readBounded(store, sha256, size);
  return { ...record, evidence: await withPredicates(record.evidence, read) };
}

async function readBounded(store: Pick<Store, 'read'>, sha256: string, size: number): Promise<Uint8Array | undefined> {
  try {
    return await readAtMost(store.read(sha256), size);
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.code === 'E_INTERRUPTED') throw error;
    return undefined;
  }
}
