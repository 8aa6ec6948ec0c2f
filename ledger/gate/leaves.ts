import type { Finding } from '../../ledger-schema/files.ts';
import { checkLeaf, collect } from '../../ledger-schema/names/change.ts';
import type { RecordChecks } from './check-records.ts';
import { FolderNames } from './folder-names.ts';
import type { PinnedFile } from './pinned-files.ts';
import type { PathEntry, Snapshot, TreeEntry } from '../snapshot.ts';

/** What lies below a folder of the ledger's root. */
export interface Leaves {
  readonly names: FolderNames;
  /** What is wrong with their paths. */
  readonly problems: readonly Finding[];
}

export interface TrustLeaves extends Leaves {
  readonly pinned: readonly PinnedFile[];
  /** The policies' paths. */
  readonly policies: readonly string[];
  /** Every regular file that has a path of the format. */
  readonly files: readonly TreeEntry[];
}

/** Checks each path below `trust/`, and says what lies there. */
export async function readTrustLeaves(snapshot: Snapshot): Promise<TrustLeaves> {
  const names = new FolderNames();
  const problems: Finding[] = [];
  const pinned: PinnedFile[] = [];
  const policies: string[] = [];
  const files: TreeEntry[] = [];
  for await (const leaves of snapshot.leaves('trust', (path) => names.again(path))) {
    for (const entry of leaves) {
      const { path, mode } = entry;
      names.see(path);
      const kind = collect(problems, path, () => checkLeaf(path, mode));
      if (kind === undefined) continue;
      files.push(entry);
      if (kind.kind === 'key' || kind.kind === 'seal') pinned.push({ path, ...kind });
      if (kind.kind === 'policy') policies.push(path);
    }
  }
  return { names, pinned, policies, files, problems };
}

/** Checks each path below `packages/`, and hands each record on to be judged. */
export async function readRecordLeaves(snapshot: Snapshot, checks: RecordChecks | undefined): Promise<Leaves> {
  const names = new FolderNames();
  const problems: Finding[] = [];
  let folder = '';
  let entries: PathEntry[] = [];
  let isRecord = false;
  const end = async (): Promise<void> => {
    if (isRecord) await checks?.add({ path: folder, entries });
  };
  for await (const leaves of snapshot.leaves('packages', (path) => names.again(path))) {
    for (const entry of leaves) {
      const { path, name, mode } = entry;
      names.see(path);
      if (path.length !== folder.length + 1 + name.length || !path.startsWith(folder)) {
        await end();
        folder = path.slice(0, -1 - name.length);
        entries = [];
        isRecord = false;
      }
      entries.push(entry);
      if (collect(problems, path, () => checkLeaf(path, mode)) !== undefined) isRecord = true;
    }
  }
  await end();
  return { names, problems };
}
