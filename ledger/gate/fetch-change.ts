import { fail } from '../../ledger-schema/error.ts';
import { REGULAR } from '../../ledger-schema/files.ts';
import { RECORD_DEPTH, tryLedgerPath } from '../../ledger-schema/names/layout.ts';
import { fetchTrust } from '../fetch-directories.ts';
import type { DiffScope, Difference } from '../git/objects/diff.ts';
import type { Snapshot, TreeEntry } from '../snapshot.ts';
import { CHANGE_FILES } from './gate-report.ts';
import type { GateRepository } from './gate-report.ts';

/** What the format rules over; the rest of the ledger is its owner's. */
const LEDGER_FOLDERS = /^(?:packages|trust)(?:\/|$)/;

/** Only what the format rules over is looked into, and nothing deeper than its files. */
function scopeOf(most: number): DiffScope {
  return {
    into: (path) => LEDGER_FOLDERS.test(path) && path.split('/').length < RECORD_DEPTH,
    most,
    tooMany: 'E_CHANGE_FILES',
  };
}

export type Folders = ReadonlyMap<string, readonly TreeEntry[]>;

/** A change, and everything that is read to judge it. */
export interface FetchedChange {
  readonly base: Snapshot;
  readonly differences: readonly Difference[];
  /** The base's folders that the change adds to, and those on the way to them. */
  readonly baseFolders: Folders;
  /** The same for the change's own tree, down to any folder that has a name twice. */
  readonly headFolders: Folders;
}

/**
 * Fetches what a change of records is judged by, in a number of requests that doesn't grow with it: what differs, the
 * folders around it, the base's trust, the records as they will be. For a change of trust, the keys that a new policy
 * lists and the nacks that must outlive it are read only when the judgement gets to them: only a policy that its roots
 * signed is worth that. Throws `E_UNRELATED`, `E_CHANGE_FILES`, `E_COLLISION`, `E_GIT`.
 */
export async function fetchChange(
  repository: GateRepository,
  commits: { readonly base: string; readonly head: string; readonly mostFiles?: number | undefined },
): Promise<FetchedChange> {
  const base = repository.snapshot(commits.base);
  const differences = await changed(repository, commits);
  const [baseFolders, headFolders] = await Promise.all([
    base.listMany([...new Set(differences.flatMap(({ path }) => foldersOf(path)))]),
    untilTwice(repository.snapshot(commits.head), differences),
    fetchTrust(base),
  ]);
  const measures = await base.listMany(otherRecords(differences, baseFolders));
  await base.prefetch([
    ...differences.filter(isRead).flatMap(({ newOid }) => newOid ?? []),
    ...[...recordsOf(differences)].flatMap((record) => regularFiles(baseFolders.get(record))),
    ...[...measures.values()].flatMap((entries) => regularFiles(entries.filter(isChecklist))),
  ]);
  return { base, differences, baseFolders, headFolders };
}

/**
 * What differs from any of the merge bases. With only one, a change could hide what it removes: after a crosswise merge
 * of two branches, the base without the file could be the one compared, while the merge goes by the other.
 */
async function changed(
  repository: GateRepository,
  { base, head, mostFiles = CHANGE_FILES }: Parameters<typeof fetchChange>[1],
): Promise<Difference[]> {
  const ancestors = await repository.mergeBases(base, head);
  if (ancestors.length === 0) fail('E_UNRELATED', 'the change and its base have no common history');
  const [first = [], ...others] = await Promise.all(
    ancestors.map((ancestor) => repository.diff(ancestor, head, scopeOf(mostFiles))),
  );
  const known = new Map(first.map((difference) => [difference.path, difference]));
  for (const difference of others.flat()) {
    const { path, oldOid } = difference;
    // If any base already has it, this is an edit, even where another base lacks it.
    if (known.get(path)?.oldOid === undefined || oldOid !== undefined) known.set(path, difference);
  }
  return others.length === 0 ? [...first] : [...known.values()];
}

export function parent(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The folder of a path; for what the format rules over, the folders above it too. */
function foldersOf(path: string): string[] {
  const folders = [parent(path)];
  if (!LEDGER_FOLDERS.test(path)) return folders;
  for (let folder = parent(parent(path)); folder !== ''; folder = parent(folder)) folders.push(folder);
  return folders;
}

/**
 * The folders on the way to every difference, level by level. Nothing is read below a name that its folder has twice:
 * two readers could follow different ones.
 */
async function untilTwice(head: Snapshot, differences: readonly Difference[]): Promise<Folders> {
  const wanted = new Set([
    '',
    ...differences.filter(({ path }) => LEDGER_FOLDERS.test(path)).flatMap(({ path }) => foldersOf(path)),
  ]);
  const found = new Map<string, readonly TreeEntry[]>();
  for (let depth = 0; depth < RECORD_DEPTH; depth++) {
    const level = [...wanted].filter((path) => (path === '' ? 0 : path.split('/').length) === depth);
    const folders = await head.listMany(level);
    for (const [folder, entries] of folders) found.set(folder, entries);
    if ([...folders.values()].some((entries) => nameTwice(entries) !== undefined)) break;
  }
  return found;
}

/** A name that a folder has twice. */
export function nameTwice(entries: readonly TreeEntry[]): string | undefined {
  const names = new Set<string>();
  return entries.find(({ name }) => names.size === names.add(name).size)?.name;
}

/** The folders of the records that a change adds files to. */
function recordsOf(differences: readonly Difference[]): Set<string> {
  const paths = differences.filter(({ path }) => path.startsWith('packages/')).map(({ path }) => parent(path));
  return new Set(paths.filter((path) => path.split('/').length === RECORD_DEPTH - 1));
}

/** For each repository, one record from the base: all others must carry the same number. */
function otherRecords(differences: readonly Difference[], folders: Folders): string[] {
  const records = [...recordsOf(differences)];
  return [...new Set(records.map(parent))].flatMap((repository) => {
    const touched = records.find((record) => parent(record) === repository);
    const tags = (folders.get(repository) ?? []).map(({ name }) => `${repository}/${name}`);
    return tags.find((path) => path !== touched) ?? [];
  });
}

/** Is a new file read whatever the verdict? */
function isRead({ path, newMode }: Difference): boolean {
  if (newMode !== REGULAR) return false;
  const kind = tryLedgerPath(path)?.kind;
  return kind !== undefined && kind !== 'key' && kind !== 'seal';
}

function isChecklist({ name }: TreeEntry): boolean {
  return name === 'checklist.json';
}

function regularFiles(entries: readonly TreeEntry[] = []): string[] {
  return entries.filter(({ mode }) => mode === REGULAR).map(({ oid }) => oid);
}
