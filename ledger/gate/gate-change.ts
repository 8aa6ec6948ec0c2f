import { collisionIn, readChange, toFinding, twiceFinding } from '../../ledger-schema/names/change.ts';
import type { AddedFile, Change, ChangedEntry, Side } from '../../ledger-schema/names/change.ts';
import { CHECKLIST_BYTES, parseChecklist } from '../../ledger-schema/checklist.ts';
import { PullthroughError, fail, isRefusal } from '../../ledger-schema/error.ts';
import { REGULAR } from '../../ledger-schema/files.ts';
import type { FileEntry, Finding } from '../../ledger-schema/files.ts';
import { tryLedgerPath } from '../../ledger-schema/names/layout.ts';
import { establishTrust } from '../../ledger-schema/trust.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import { checkRecord } from './check-records.ts';
import type { CheckedRecord } from './check-records.ts';
import type { Difference } from '../git/objects/diff.ts';
import { fetchChange, nameTwice, parent } from './fetch-change.ts';
import type { FetchedChange, Folders } from './fetch-change.ts';
import { ledgerFiles, overlay } from '../files.ts';
import { expiryWarning, policyOf, unacknowledged } from './gate-report.ts';
import type { GateOptions, GateReport, GateRepository } from './gate-report.ts';
import { checkTrustChange } from './gate-trust.ts';
import type { Snapshot } from '../snapshot.ts';
import { NODE_VERIFIER } from '../signing/node-verifier.ts';

function side(mode: string | undefined, oid: string | undefined): Side | undefined {
  return mode === undefined || oid === undefined ? undefined : { mode, oid };
}

/** Judges what a change does to its base's tree, by the policy that the base holds. */
export async function checkChange(
  repository: GateRepository,
  options: GateOptions & { readonly base: string },
): Promise<GateReport> {
  return judgeChange(await fetchChange(repository, options), options);
}

async function judgeChange(fetched: FetchedChange, options: GateOptions): Promise<GateReport> {
  const { base, differences, baseFolders, headFolders } = fetched;
  const change = readChange(differences.map(toEntry), present(baseFolders));
  const problems = [...change.problems, ...namesTwice(headFolders)];
  // A ledger whose trust can't be established takes no change, whatever it touches.
  const trust = await baseTrust(base, options, change);
  const warnings = trust === undefined ? [] : expiryWarning(trust);
  if (change.scope === 'none') {
    return { scope: 'none', problems, warnings, records: [], added: [], policy: policyOf(trust) };
  }
  problems.push(...collisions(baseFolders, change.added));
  if (change.scope === 'trust') {
    const checked = await checkTrustChange({ base, added: change.added, trust, pin: options.pin, now: options.now });
    problems.push(...checked.problems);
    warnings.push(...checked.warnings);
    return { scope: 'trust', problems, warnings, records: [], added: [], policy: policyOf(trust) };
  }
  if (trust === undefined) fail('E_POLICY_MISSING', 'the base has no trust policy, so it takes no records');
  const records = await checkTouchedRecords(base, change.added, trust);
  problems.push(...records.flatMap((record) => record.problems));
  const added = change.added.flatMap(({ kind }) => (kind.kind === 'sums' ? [kind.record] : []));
  problems.push(...(await repositoryIds(base, records)));
  if (options.requireAcknowledged === true) problems.push(...unacknowledged(records, new Set(added)));
  return { scope: 'records', problems, warnings, records, added, policy: policyOf(trust) };
}

function toEntry(difference: Difference): ChangedEntry {
  const { path, oldMode, oldOid, newMode, newOid } = difference;
  return { path, before: side(oldMode, oldOid), after: side(newMode, newOid) };
}

/** What the base's tree has at each of the changed paths. */
function present(folders: Folders): (path: string) => Side | undefined {
  const sides = new Map<string, Side>();
  for (const [directory, entries] of folders) {
    for (const { name, mode, oid } of entries)
      sides.set(directory === '' ? name : `${directory}/${name}`, { mode, oid });
  }
  return (path) => sides.get(path);
}

/**
 * By the base's policies; undefined where it has none and the change brings policy 1, or where the change only brings
 * signatures to a policy 1 that still lacks some.
 */
async function baseTrust(
  base: Snapshot,
  { pin, now }: GateOptions,
  { added, scope }: Change,
): Promise<Trust | undefined> {
  try {
    return await establishTrust(ledgerFiles(base), { pin, now, verifier: NODE_VERIFIER });
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    const first = added.some(({ kind }) => kind.kind === 'policy' && kind.version === 1);
    const signatures = added.every(({ kind }) => kind.kind === 'policy-sign' && kind.version === 1);
    if (error.code === 'E_POLICY_MISSING' && scope === 'trust' && first) return undefined;
    if (error.code !== 'E_POLICY_THRESHOLD' || scope !== 'trust' || !signatures) throw error;
    if (!(await firstLacksSignatures(base, { pin, now }))) throw error;
    return undefined;
  }
}

/** Is it policy 1 that too few signed? A later one that was merged unsigned is not mended by signatures on the first. */
async function firstLacksSignatures(base: Snapshot, { pin, now }: Pick<GateOptions, 'pin' | 'now'>): Promise<boolean> {
  const files = ledgerFiles(base);
  const isFirst = ({ name }: FileEntry): boolean => {
    const kind = tryLedgerPath(`trust/${name}`);
    return kind?.kind !== 'policy' || kind.version === 1;
  };
  const alone = { ...files, list: async (directory: string) => (await files.list(directory)).filter(isFirst) };
  try {
    await establishTrust(alone, { pin, now, verifier: NODE_VERIFIER });
    return false;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return error.code === 'E_POLICY_THRESHOLD';
  }
}

/**
 * Names that occur twice in a folder of the change's own tree, which different readers read differently. Looked for on
 * the way to every difference, since a second folder may add nothing and yet lack something.
 */
function namesTwice(headFolders: Folders): Finding[] {
  return [...headFolders].flatMap(([directory, entries]): Finding[] => {
    const name = nameTwice(entries);
    if (name === undefined) return [];
    return [twiceFinding(directory === '' ? name : `${directory}/${name}`)];
  });
}

/** Names that are equal after folding in each directory on the way to an added file, with what is there. */
function collisions(baseFolders: Folders, added: readonly AddedFile[]): Finding[] {
  const names = new Map<string, Set<string>>();
  for (const { path } of added) {
    const segments = path.split('/');
    for (let depth = 1; depth < segments.length; depth++) {
      const directory = segments.slice(0, depth).join('/');
      names.set(directory, (names.get(directory) ?? new Set()).add(segments[depth] ?? ''));
    }
  }
  return [...names].flatMap(([directory, come]) => {
    const there = new Set((baseFolders.get(directory) ?? []).map((entry) => entry.name));
    return collisionIn(directory, there, come) ?? [];
  });
}

/** Judges every record that the change touches as it will be when merged, and each signature file that it adds. */
async function checkTouchedRecords(
  base: Snapshot,
  added: readonly AddedFile[],
  trust: Trust,
): Promise<CheckedRecord[]> {
  const touched = new Map<string, AddedFile[]>();
  for (const file of added) {
    if (!('record' in file.kind)) continue;
    touched.set(file.kind.record, [...(touched.get(file.kind.record) ?? []), file]);
  }
  const merged = overlay(base, added);
  return Promise.all(
    [...touched].map(async ([path, files]) => {
      const checked = await checkRecord(base, trust, path, await merged.list(path));
      const refused = files.flatMap((file) => refusedSignature(file, checked, trust));
      return { ...checked, problems: [...checked.problems, ...refused] };
    }),
  );
}

/** Why the gate doesn't take a signature file that the change adds. */
function refusedSignature({ path, kind }: AddedFile, record: CheckedRecord, trust: Trust): Finding[] {
  if (kind.kind !== 'sign' && kind.kind !== 'ack' && kind.kind !== 'nack') return [];
  const ignored = record.ignored.find((finding) => finding.path === path);
  if (ignored !== undefined) return [ignored];
  const former =
    kind.kind === 'sign'
      ? record.signedBy?.former === true
      : trust.holderOf('reviewers', kind.fingerprint) === undefined;
  if (!former) return [];
  const role = kind.kind === 'sign' ? 'executor' : 'reviewer';
  const message = `${path} is by a key that is not a current ${role}'s; new signatures are taken from current ones only`;
  return [{ code: 'E_SIG_UNLISTED', path, message }];
}

/** All records of an owner/repo path carry the same repositoryId. */
async function repositoryIds(base: Snapshot, records: readonly CheckedRecord[]): Promise<Finding[]> {
  const known = new Map<string, number>();
  const problems: Finding[] = [];
  for (const { path, repositoryId } of records) {
    if (repositoryId === undefined) continue;
    const repository = parent(path);
    const id = known.get(repository) ?? (await recordedId(base, repository, path)) ?? repositoryId;
    known.set(repository, id);
    if (id === repositoryId) continue;
    const message = `${path} has repositoryId ${repositoryId}, but the records of ${repository} have ${id}: it is another repository`;
    problems.push({ code: 'E_REPOSITORY_ID', path, message });
  }
  return problems;
}

/** The repositoryId that a repository's records carry in the base, by the first that can be read. */
async function recordedId(base: Snapshot, repository: string, except: string): Promise<number | undefined> {
  for (const tag of await base.list(repository)) {
    const path = `${repository}/${tag.name}`;
    if (path === except) continue;
    const entry = (await base.list(path)).find((file) => file.name === 'checklist.json' && file.mode === REGULAR);
    if (entry === undefined) continue;
    try {
      return parseChecklist(await base.blob(entry.oid, CHECKLIST_BYTES)).repositoryId;
    } catch (error) {
      toFinding(error, path);
    }
  }
  return undefined;
}
