import { sha256Hex } from '../../ledger-schema/bytes.ts';
import { checkLeaf, collect, collectAsync, twiceFinding } from '../../ledger-schema/names/change.ts';
import { TREE } from '../../ledger-schema/files.ts';
import type { Finding, LedgerFiles } from '../../ledger-schema/files.ts';
import { keyProblems } from '../../ledger-schema/openpgp/keyring.ts';
import { POLICY_BYTES, parsePolicy } from '../../ledger-schema/policy.ts';
import { establishTrust } from '../../ledger-schema/trust.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import { RecordChecks } from './check-records.ts';
import type { CheckedRecord } from './check-records.ts';
import { nameTwice } from './fetch-change.ts';
import { readRecordLeaves, readTrustLeaves } from './leaves.ts';
import { ledgerFiles } from '../files.ts';
import { expiryWarning, policyOf, unacknowledged } from './gate-report.ts';
import type { GateOptions, GateReport, GateRepository } from './gate-report.ts';
import { Listed, checkPinned, readPinned } from './pinned-files.ts';
import type { PinnedFile } from './pinned-files.ts';
import { NODE_VERIFIER } from '../signing/node-verifier.ts';

/**
 * Checks a whole ledger: every path, record, signature and policy of one commit. The files that trust is read from are
 * fetched at once; the records, which may not fit into memory, are judged in batches as the tree is walked.
 */
export async function checkEverything(repository: GateRepository, options: GateOptions): Promise<GateReport> {
  const { head, pin, now } = options;
  const snapshot = repository.snapshot(head);
  const all = await snapshot.list('');
  const again = nameTwice(all);
  const roots = all.filter(({ name }) => name === 'packages' || name === 'trust');
  const trusted = await readTrustLeaves(snapshot);
  await snapshot.prefetch(trusted.files.map(({ oid }) => oid));

  const files = ledgerFiles(snapshot);
  // Paths are checked whatever comes of this.
  const establishing = establishTrust(files, { pin, now, verifier: NODE_VERIFIER });
  const checks = await establishing.then(
    (trust) => new RecordChecks(snapshot, trust),
    () => undefined,
  );
  const recorded = await readRecordLeaves(snapshot, checks);
  const sides = roots.map((root) => ({ root, ...(root.name === 'trust' ? trusted : recorded) }));
  const problems = sides.flatMap(({ root, problems: inside }) => {
    const wrong: Finding[] = [];
    if (root.mode !== TREE) collect(wrong, root.name, () => checkLeaf(root.name, root.mode));
    return [...wrong, ...inside];
  });
  const twice = [...(again === undefined ? [] : [twiceFinding(again)]), ...sides.flatMap(({ names }) => names.twice)];
  problems.push(...twice, ...sides.flatMap(({ names }) => names.collisions()));
  // Where a folder has a name twice, different readers read the tree differently: nothing more can be said.
  if (twice.length > 0) {
    return { scope: 'all', problems, warnings: [], records: [], added: [], policy: undefined };
  }
  const trust = await establishing;
  const warnings = [...trust.warnings, ...expiryWarning(trust), ...(await keyWarnings(trust))];
  const listed = await listedByAny(files, trusted.policies);
  for (const file of trusted.pinned) await checkPinnedFile(files, file, listed, { problems, warnings });

  const records = (await checks?.end()) ?? [];
  problems.push(...records.flatMap((record) => record.problems), ...repositoryIds(records));
  warnings.push(...records.flatMap(({ ignored }) => ignored));
  if (options.requireAcknowledged === true) problems.push(...unacknowledged(records, 'all'));
  return { scope: 'all', problems, warnings, records, added: [], policy: policyOf(trust) };
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
