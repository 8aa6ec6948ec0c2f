import { sha256Hex } from '../../ledger-schema/bytes.ts';
import { collectAsync } from '../../ledger-schema/change.ts';
import type { AddedFile } from '../../ledger-schema/change.ts';
import { fail } from '../../ledger-schema/error.ts';
import type { Finding, LedgerFiles } from '../../ledger-schema/files.ts';
import { keyProblems } from '../../ledger-schema/openpgp/keyring.ts';
import { nackPath, policyPath, policySignPath } from '../../ledger-schema/layout.ts';
import { POLICY_BYTES, parsePolicy } from '../../ledger-schema/policy.ts';
import type { PolicyStep } from '../../ledger-schema/policy.ts';
import { countRootHolders } from '../../ledger-schema/root-signatures.ts';
import { SIGNATURE_BYTES } from '../../ledger-schema/openpgp/signature.ts';
import { establishTrust } from '../../ledger-schema/trust.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import { Keyring } from '../../ledger-schema/openpgp/keyring.ts';
import { standingNacks } from './nacks.ts';
import { overlay } from '../files.ts';
import { checkKeyFile, readSealFile } from './pinned-files.ts';
import type { Pinned } from './pinned-files.ts';
import type { Snapshot } from '../snapshot.ts';
import { NODE_VERIFIER } from '../signing/node-verifier.ts';

export interface TrustChange {
  readonly base: Snapshot;
  readonly added: readonly AddedFile[];
  /** By the base's policy; undefined where the base has none yet. */
  readonly trust: Trust | undefined;
  readonly pin: string | undefined;
  readonly now: Date;
}

/** Judges a change to trust/: a policy that follows, signatures that count, keys and seals that are what they say. */
export async function checkTrustChange(
  change: TrustChange,
): Promise<{ problems: readonly Finding[]; warnings: readonly Finding[] }> {
  const files = overlay(change.base, change.added);
  const problems: Finding[] = [];
  const warnings: Finding[] = [];
  for (const { path, kind } of change.added) {
    await collectAsync(problems, path, async () => {
      if (kind.kind === 'key') await checkKeyFile(files, path, kind);
      if (kind.kind === 'seal') await checkSealFile(files, change.base, path, kind);
      if (kind.kind === 'policy-sign') await checkRootSign(files, path, kind, change.now);
    });
  }
  const policies = change.added.flatMap(({ path, kind }) => (kind.kind === 'policy' ? [{ path, ...kind }] : []));
  const expected = (change.trust?.version ?? 0) + 1;
  for (const { path, version } of policies) {
    await collectAsync(problems, path, async () => {
      if (version !== expected) {
        fail('E_POLICY_GAP', `${path} does not follow policy ${expected - 1}; the next one is ${expected}`);
      }
      warnings.push(...(await checkNewPolicy(files, change, version, problems)));
    });
  }
  return { problems, warnings };
}

/** A seal names acks that are there, with their digests: it settles which of a leaving key's acks go on counting. */
async function checkSealFile(files: LedgerFiles, base: Snapshot, path: string, name: Pinned): Promise<void> {
  const lines = await readSealFile(files, path, name);
  await base.listMany([...new Set(lines.map((line) => line.name.slice(0, line.name.lastIndexOf('/'))))]);
  for (const line of lines) {
    const ack = await files.read(line.name, SIGNATURE_BYTES);
    if (ack === undefined || sha256Hex(ack) !== line.sha256) {
      fail('E_SEAL_FORMAT', `${path} lists ${line.name}, which the ledger does not hold with that digest`);
    }
  }
}

async function readStep(files: LedgerFiles, version: number): Promise<{ step: PolicyStep; bytes: Uint8Array }> {
  const bytes = await files.read(policyPath(version), POLICY_BYTES);
  if (bytes === undefined) fail('E_POLICY_GAP', `there is no ${policyPath(version)}`);
  return { step: { version, sha256: sha256Hex(bytes), policy: parsePolicy(bytes) }, bytes };
}

/** A root's signature that comes must count: for its policy or for the one before. */
async function checkRootSign(
  files: LedgerFiles,
  path: string,
  { version, fingerprint }: { readonly version: number; readonly fingerprint: string },
  now: Date,
): Promise<void> {
  const { step, bytes } = await readStep(files, version);
  const before = version === 1 ? undefined : (await readStep(files, version - 1)).step;
  const counted = await countRootHolders({
    files,
    keyring: new Keyring(files, NODE_VERIFIER),
    names: [policySignPath(version, fingerprint).slice('trust/'.length)],
    step,
    bytes,
    before,
    judgement: { now, revocation: true, expiry: true },
  });
  const ignored = counted.ignored[0];
  if (ignored !== undefined) fail(ignored.code, `${path} does not count: ${ignored.message}`);
}

async function checkNewPolicy(
  files: LedgerFiles,
  { base, trust, pin, now }: TrustChange,
  version: number,
  problems: Finding[],
): Promise<Finding[]> {
  const path = policyPath(version);
  const after = await establishTrust(files, { pin, now, newVersion: version, verifier: NODE_VERIFIER });
  for (const message of await keyProblems(after.policy, after.keyring, now)) {
    problems.push({
      code: 'E_POLICY_KEY',
      path,
      message: `policy ${version} lists a key that can't be used: ${message}`,
    });
  }
  if (trust !== undefined) problems.push(...(await droppedNacks(base, trust, after, path)));
  if (!after.expired) return [];
  return [
    { code: 'E_POLICY_EXPIRED', path, message: `policy ${version} is expired already (${after.policy.expires})` },
  ];
}

/**
 * A nack that stands goes on standing: its key stays listed as a reviewer's, current or former, and by a copy that it still
 * verifies by.
 */
async function droppedNacks(base: Snapshot, before: Trust, after: Trust, path: string): Promise<Finding[]> {
  const left = new Set((await standingNacks(base, after)).map((nack) => nackPath(nack.record, nack.fingerprint)));
  const problems = new Map<string, Finding>();
  for (const { fingerprint, record } of await standingNacks(base, before)) {
    if (problems.has(fingerprint) || left.has(nackPath(record, fingerprint))) continue;
    const message =
      `by policy ${after.version} the nack of ${record} by ${fingerprint} would stand no more; ` +
      'list that key as a former reviewer, by a copy that holds what signed the nack';
    problems.set(fingerprint, { code: 'E_POLICY_NACK', path, message });
  }
  return [...problems.values()];
}
