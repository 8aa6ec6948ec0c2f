import { REGULAR } from '../ledger-schema/files.ts';
import type { Snapshot, TreeEntry } from './snapshot.ts';

/** A file as records have it; a larger one is read when it is asked for, by its own limit. */
const USUAL_BYTES = 16_384;
/** Nothing is read ahead from a folder with more entries: most of them may be files that nobody asks for. */
const USUAL_ENTRIES = 12;

/**
 * The snapshot, with the files of some records, which are best here already, asked for all at once instead of one after
 * another: git is woken once for them.
 */
export async function readAhead(
  snapshot: Snapshot,
  records: readonly { readonly entries: readonly TreeEntry[] }[],
): Promise<Pick<Snapshot, 'blob'>> {
  const usual = records.flatMap(({ entries }) => (entries.length <= USUAL_ENTRIES ? entries : []));
  const oids = new Set(usual.filter(({ mode }) => mode === REGULAR).map(({ oid }) => oid));
  // What can't be read is asked for again by the code that needs it, and refused there.
  const read = await snapshot.blobsHere([...oids], USUAL_BYTES).catch(() => new Map<string, Uint8Array>());
  return {
    async blob(oid, limit) {
      const bytes = read.get(oid);
      return bytes !== undefined && bytes.length <= limit ? bytes : snapshot.blob(oid, limit);
    },
  };
}
