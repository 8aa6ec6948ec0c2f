import { brief, sha256Hex } from '../../ledger-schema/bytes.ts';
import { checkLeaf, collect, collectAsync, collisionIn } from '../../ledger-schema/names/change.ts';
import { TREE } from '../../ledger-schema/files.ts';
import type { Finding, LedgerFiles } from '../../ledger-schema/files.ts';
import { keyProblems } from '../../ledger-schema/openpgp/keyring.ts';
import { POLICY_BYTES, parsePolicy } from '../../ledger-schema/policy.ts';
import { establishTrust } from '../../ledger-schema/trust.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import { checkRecords } from './check-records.ts';
import type { CheckedRecord } from './check-records.ts';
import { ledgerFiles } from '../files.ts';
import { expiryWarning, policyOf, unacknowledged } from './gate-report.ts';
import type { GateOptions, GateReport, GateRepository } from './gate-report.ts';
import { Listed, checkPinned, readPinned } from './pinned-files.ts';
import type { PinnedFile } from './pinned-files.ts';
import type { Snapshot, TreeEntry } from '../snapshot.ts';
import { NODE_VERIFIER } from '../signing/node-verifier.ts';

/**
 * Checks a whole ledger: every path, record, signature and policy of one commit. The tree and the files that trust is
 * read from are fetched at once; the records, which may not fit into memory, in batches.
 */
export async function checkEverything(repository: GateRepository, options: GateOptions): Promise<GateReport> {
  const { head, pin, now } = options;
  const snapshot = repository.snapshot(head);
  const leaves = await readLeaves(snapshot);
  const problems = [...leaves.problems];
  // Where a folder has a name twice, different readers read the tree differently: nothing more can be said.
  if (leaves.twice) return { scope: 'all', problems, warnings: [], records: [], added: [], policy: undefined };
  await snapshot.prefetch(leaves.trust.map(({ oid }) => oid));

  const files = ledgerFiles(snapshot);
  const trust = await establishTrust(files, { pin, now, verifier: NODE_VERIFIER });
  const warnings = [...trust.warnings, ...expiryWarning(trust), ...(await keyWarnings(trust))];
  const listed = await listedByAny(files, leaves.policies);
  for (const file of leaves.pinned) await checkPinnedFile(files, file, listed, { problems, warnings });

  const records = await checkRecords(snapshot, trust, leaves.records);
  problems.push(...records.flatMap((record) => record.problems), ...repositoryIds(records));
  warnings.push(...records.flatMap(({ ignored }) => ignored));
  if (options.requireAcknowledged === true) problems.push(...unacknowledged(records, 'all'));
  return { scope: 'all', problems, warnings, records, added: [], policy: policyOf(trust) };
}

interface Leaves {
  /** The records' paths. */
  readonly records: readonly string[];
  readonly pinned: readonly PinnedFile[];
  /** The policies' paths. */
  readonly policies: readonly string[];
  /** Every regular file below `trust/` that has a path of the format. */
  readonly trust: readonly TreeEntry[];
  /** Does any folder have a name twice? */
  readonly twice: boolean;
  readonly problems: readonly Finding[];
}

/** Checks each path below `packages/` and `trust/`, and says what lies there. */
async function readLeaves(snapshot: Snapshot): Promise<Leaves> {
  const problems: Finding[] = [];
  const pinned: PinnedFile[] = [];
  const policies: string[] = [];
  const trust: TreeEntry[] = [];
  const records = new Set<string>();
  const names = new FolderNames();
  for (const root of await snapshot.list('')) {
    if (root.name !== 'packages' && root.name !== 'trust') continue;
    if (root.mode !== TREE) collect(problems, root.name, () => checkLeaf(root.name, root.mode));
    for await (const entry of snapshot.walk(root.name)) {
      const { path, mode } = entry;
      names.see(path);
      const kind = collect(problems, path, () => checkLeaf(path, mode));
      if (kind === undefined) continue;
      if ('record' in kind) records.add(kind.record);
      else trust.push(entry);
      if (kind.kind === 'key' || kind.kind === 'seal') pinned.push({ path, ...kind });
      if (kind.kind === 'policy') policies.push(path);
    }
  }
  problems.push(...names.twice, ...names.collisions());
  return { records: [...records], pinned, policies, trust, twice: names.twice.length > 0, problems };
}

/** The names in each folder of a tree, as its leaves come in order. */
class FolderNames {
  /** Names that occur twice in their folder. */
  readonly twice: Finding[] = [];
  readonly #names = new Map<string, Set<string>>();

  see(path: string): void {
    const slash = path.lastIndexOf('/');
    if (this.#names.get(path.slice(0, slash))?.has(path.slice(slash + 1)) === true) {
      this.twice.push({ code: 'E_COLLISION', path, message: `${brief(path)} is in its folder twice` });
    }
    for (let cut = slash; cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
      const folder = path.slice(0, cut);
      const name = path.slice(cut + 1).split('/', 1)[0] ?? '';
      const known = this.#names.get(folder);
      // If it is known to be in its folder, so are the folders above.
      if (known?.has(name) === true) break;
      if (known === undefined) this.#names.set(folder, new Set([name]));
      else known.add(name);
    }
  }

  collisions(): Finding[] {
    return [...this.#names].flatMap(([folder, names]) => collisionIn(folder, new Set(), names) ?? []);
  }
}

/** What any policy of the ledger lists, those before the pin too. */
async function listedByAny(files: LedgerFiles, policies: readonly string[]): Promise<Listed> {
  const listed = new Listed();
  for (const path of policies) {
    const policy = await collectAsync([], path, async () =>
      parsePolicy((await files.read(path, POLICY_BYTES)) ?? new Uint8Array()),
    );
    if (policy !== undefined) listed.add(policy);
  }
  return listed;
}

/** A key file or seal that a policy lists must be what its name says; others are only reported, and do no harm. */
async function checkPinnedFile(
  files: LedgerFiles,
  file: PinnedFile,
  listed: Listed,
  { problems, warnings }: { readonly problems: Finding[]; readonly warnings: Finding[] },
): Promise<void> {
  const { path } = file;
  await collectAsync(problems, path, async () => {
    const bytes = await readPinned(files, file);
    if (!listed.has(path, sha256Hex(bytes))) {
      warnings.push({ code: 'E_TRUST_UNLISTED', path, message: `no policy lists ${path}; nobody reads it` });
    } else await checkPinned(bytes, file);
  });
}

async function keyWarnings(trust: Trust): Promise<Finding[]> {
  const path = `trust/${trust.version}.policy.json`;
  const problems = await keyProblems(trust.policy, trust.keyring, trust.now);
  return problems.map((message) => ({ code: 'E_POLICY_KEY', path, message }));
}

/** All records of an owner/repo path carry the same repositoryId. */
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
