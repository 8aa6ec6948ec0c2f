import { REGULAR, fail, tryLedgerPath } from '../ledger-schema/index.ts';
import type { RecordFiles } from '../ledger-schema/index.ts';
import { recordFiles } from '../ledger/files.ts';
import type { Snapshot, TreeEntry } from '../ledger/snapshot.ts';

/** A record has a handful of files; a hostile ledger could have millions in a directory. */
const MOST_ENTRIES = 20_000;

/** The directories of records, by few requests; those that aren't there are left out. Throws `E_TOO_LARGE`. */
export async function fetchRecords(snapshot: Snapshot, paths: readonly string[]): Promise<RecordFiles[]> {
  const directories = await fetchDirectories(snapshot, paths, []);
  return paths.flatMap((path) => {
    const entries = directories.get(path) ?? [];
    return entries.length === 0 ? [] : [recordFiles(snapshot, path, entries)];
  });
}

/**
 * Makes directories be here, and of those in `whole` the format's own files too, by few requests; whatever else a hostile
 * ledger has there isn't fetched.
 */
export async function fetchDirectories(
  snapshot: Snapshot,
  whole: readonly string[],
  others: readonly string[],
): Promise<ReadonlyMap<string, readonly TreeEntry[]>> {
  const directories = await snapshot.listMany([...whole, ...others]);
  const files = whole.flatMap((directory) => {
    const entries = directories.get(directory) ?? [];
    if (entries.length > MOST_ENTRIES)
      fail('E_TOO_LARGE', `the ledger has more than ${MOST_ENTRIES} files in ${directory}/`);
    return entries.filter(
      (entry) => entry.mode === REGULAR && tryLedgerPath(`${directory}/${entry.name}`) !== undefined,
    );
  });
  await snapshot.prefetch(files.map(({ oid }) => oid));
  return directories;
}
