import type { RecordFiles } from '../../ledger-schema/index.ts';
import { fetchDirectories } from '../../ledger/fetch-directories.ts';
import { recordFiles } from '../../ledger/files.ts';
import type { Snapshot } from '../../ledger/snapshot.ts';

/** Fetches the directories of records in a few requests; those that aren't there are left out. Throws `E_TOO_LARGE`. */
export async function fetchRecords(snapshot: Snapshot, paths: readonly string[]): Promise<RecordFiles[]> {
  const directories = await fetchDirectories(snapshot, paths, []);
  return paths.flatMap((path) => {
    const entries = directories.get(path) ?? [];
    return entries.length === 0 ? [] : [recordFiles(snapshot, path, entries)];
  });
}
