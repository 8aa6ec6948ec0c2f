import { brief } from '../../ledger-schema/bytes.ts';
import { checkLeaf, collect, collectAsync, collisionIn } from '../../ledger-schema/change.ts';
import type { Finding, LedgerFiles } from '../../ledger-schema/files.ts';
import { keyProblems } from '../../ledger-schema/openpgp/keyring.ts';
import { establishTrust } from '../../ledger-schema/trust.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import { checkInParallel } from './check-pool.ts';
import type { CheckedRecord } from './check-records.ts';
import { ledgerFiles } from '../files.ts';
import { expiryWarning, policyOf, unacknowledged } from './gate-report.ts';
import type { GateOptions, GateReport, GateRepository } from './gate-report.ts';
import { checkKeyFile, readSealFile } from './pinned-files.ts';
import type { Pinned } from './pinned-files.ts';
import type { Snapshot } from '../snapshot.ts';
import { NODE_VERIFIER } from '../signing/node-verifier.ts';

/** Checks a whole ledger: every path, record, signature and policy of one commit. */
export async function checkEverything(repository: GateRepository, options: GateOptions): Promise<GateReport> {
  const { head, pin, now } = options;
  const snapshot = repository.snapshot(head);
  const problems: Finding[] = [];
  const { paths, pinned } = await checkTree(snapshot, problems);
  await checkPinned(ledgerFiles(snapshot), pinned, problems);
  const trust = await establishTrust(ledgerFiles(snapshot), { pin, now, verifier: NODE_VERIFIER });
  const warnings = [...trust.warnings, ...expiryWarning(trust), ...(await keyWarnings(trust))];
  const records = await checkInParallel({ repository, snapshot, trust, pin }, paths);
  for (const record of records) {
    problems.push(...record.problems);
    warnings.push(...record.ignored);
  }
  problems.push(...repositoryIds(records));
  if (options.requireAcknowledged === true) problems.push(...unacknowledged(records, 'all'));
  return { scope: 'all', problems, warnings, records, added: [], policy: policyOf(trust) };
}

interface PinnedFile extends Pinned {
  readonly path: string;
  readonly kind: 'key' | 'seal';
}

/** Checks each path below `packages/` and `trust/`; returns the records' paths, and the key files and seals. */
async function checkTree(
  snapshot: Snapshot,
  problems: Finding[],
): Promise<{ paths: readonly string[]; pinned: readonly PinnedFile[] }> {
  const pinned: PinnedFile[] = [];
  const records = new Set<string>();
  const names = new Map<string, Set<string>>();
  const see = (path: string): void => {
    const slash = path.lastIndexOf('/');
    if (names.get(path.slice(0, slash))?.has(path.slice(slash + 1)) === true) {
      problems.push({ code: 'E_COLLISION', path, message: `${brief(path)} stands twice in its folder` });
    }
    for (let cut = slash; cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
      const directory = path.slice(0, cut);
      const rest = path.slice(cut + 1);
      const known = names.get(directory) ?? new Set();
      names.set(directory, known.add(rest.split('/', 1)[0] ?? ''));
    }
  };
  for (const root of await snapshot.list('')) {
    if (root.name !== 'packages' && root.name !== 'trust') continue;
    if (root.mode !== '040000') collect(problems, root.name, () => checkLeaf(root.name, root.mode));
    for await (const { path, mode } of snapshot.walk(root.name)) {
      see(path);
      const kind = collect(problems, path, () => checkLeaf(path, mode));
      if (kind === undefined) continue;
      if ('record' in kind) records.add(kind.record);
      if (kind.kind === 'key' || kind.kind === 'seal') pinned.push({ path, ...kind });
    }
  }
  for (const [directory, entries] of names) {
    const collision = collisionIn(directory, [...entries]);
    if (collision !== undefined) problems.push(collision);
  }
  return { paths: [...records], pinned };
}

/** Every key file and seal is what its name says, listed or not. */
async function checkPinned(files: LedgerFiles, pinned: readonly PinnedFile[], problems: Finding[]): Promise<void> {
  for (const file of pinned) {
    const check = file.kind === 'key' ? checkKeyFile : readSealFile;
    await collectAsync(problems, file.path, async () => void (await check(files, file.path, file)));
  }
}

async function keyWarnings(trust: Trust): Promise<Finding[]> {
  const path = `trust/${trust.version}.policy.json`;
  const problems = await keyProblems(trust.policy, trust.keyring, trust.now);
  return problems.map((message) => ({ code: 'E_POLICY_KEY', path, message }));
}

/** Every owner/repo path carries one repositoryId in all its records. */
function repositoryIds(records: readonly CheckedRecord[]): Finding[] {
  const ids = new Map<string, number>();
  return records.flatMap(({ path, repositoryId }): Finding[] => {
    if (repositoryId === undefined) return [];
    const repository = path.slice(0, path.lastIndexOf('/'));
    const id = ids.get(repository) ?? repositoryId;
    ids.set(repository, id);
    if (id === repositoryId) return [];
    const message = `${path} has repositoryId ${repositoryId}, but other records of ${repository} have ${id}`;
    return [{ code: 'E_REPOSITORY_ID', path, message }];
  });
}
