import { fail } from '../ledger-schema/error.ts';
import { REGULAR } from '../ledger-schema/files.ts';
import type { FileEntry, LedgerFiles } from '../ledger-schema/files.ts';
import type { RecordFiles } from '../ledger-schema/record.ts';
import type { Snapshot } from './snapshot.ts';

function split(path: string): [directory: string, name: string] {
  const cut = path.lastIndexOf('/');
  return cut < 0 ? ['', path] : [path.slice(0, cut), path.slice(cut + 1)];
}

/** A snapshot as the format's rules read it: only regular files count. */
export function ledgerFiles(snapshot: Snapshot): LedgerFiles {
  return overlay(snapshot, []);
}

/**
 * A snapshot with files added: the ledger as it will be when a change is merged. Where both have a path, the snapshot
 * wins.
 */
export function overlay(
  snapshot: Snapshot,
  added: readonly { readonly path: string; readonly oid: string }[],
): LedgerFiles {
  const byDirectory = new Map<string, FileEntry[]>();
  for (const { path, oid } of added) {
    const [directory, name] = split(path);
    const entries = byDirectory.get(directory) ?? [];
    entries.push({ name, mode: REGULAR, oid });
    byDirectory.set(directory, entries);
  }
  const list = async (directory: string): Promise<readonly FileEntry[]> => {
    const present = await snapshot.list(directory);
    const names = new Set(present.map((entry) => entry.name));
    return [...present, ...(byDirectory.get(directory) ?? []).filter((entry) => !names.has(entry.name))];
  };
  // Files of one directory are read one after the other; it may be full of others that nobody asks for.
  let last:
    { readonly directory: string; readonly byName: Promise<ReadonlyMap<string, FileEntry | 'twice'>> } | undefined;
  return {
    list,
    async read(path, limit) {
      const [directory, name] = split(path);
      if (last?.directory !== directory) last = { directory, byName: list(directory).then(byName) };
      const entry = (await last.byName).get(name);
      if (entry === 'twice') fail('E_COLLISION', `${path} is in its folder twice`);
      return entry?.mode === REGULAR ? snapshot.blob(entry.oid, limit) : undefined;
    },
  };
}

function byName(entries: readonly FileEntry[]): ReadonlyMap<string, FileEntry | 'twice'> {
  const names = new Map<string, FileEntry | 'twice'>();
  for (const entry of entries) names.set(entry.name, names.has(entry.name) ? 'twice' : entry);
  return names;
}

/** One record's directory: its entries, and its regular files by their oid. */
export function recordFiles(
  snapshot: Pick<Snapshot, 'blob'>,
  path: string,
  entries: readonly FileEntry[],
): RecordFiles {
  return {
    path,
    entries,
    async read(name, limit) {
      const entry = entries.find((candidate) => candidate.name === name && candidate.mode === REGULAR);
      return entry === undefined ? undefined : snapshot.blob(entry.oid, limit);
    },
  };
}

/** Reads a record's directory in a snapshot; its entries are empty where there is none. */
export async function readRecordFiles(snapshot: Snapshot, path: string): Promise<RecordFiles> {
  return recordFiles(snapshot, path, await snapshot.list(path));
}
