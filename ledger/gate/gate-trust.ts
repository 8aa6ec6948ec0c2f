import { sha256Hex } from '../../ledger-schema/bytes.ts';
import { collectAsync } from '../../ledger-schema/names/change.ts';
import type { AddedFile } from '../../ledger-schema/names/change.ts';
import { fail } from '../../ledger-schema/error.ts';
import type { Finding, LedgerFiles } from '../../ledger-schema/files.ts';
import { keyProblems } from '../../ledger-schema/openpgp/keyring.ts';
import { policyPath } from '../../ledger-schema/names/layout.ts';
import { POLICY_BYTES, parsePolicy } from '../../ledger-schema/policy.ts';
import type { PolicyStep } from '../../ledger-schema/policy.ts';
import { verifyRootSignature } from '../../ledger-schema/root-signatures.ts';
import { SIGNATURE_BYTES } from '../../ledger-schema/openpgp/signature.ts';
import type { Sum } from '../../ledger-schema/sums.ts';
import { establishTrust } from '../../ledger-schema/trust.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import { Keyring } from '../../ledger-schema/openpgp/keyring.ts';
import { droppedNacks } from './nacks.ts';
import { overlay } from '../files.ts';
import { Listed, checkPinned, readPinned } from './pinned-files.ts';
import type { PinnedFile } from './pinned-files.ts';
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
  const policies = change.added.flatMap(({ path, kind }) => (kind.kind === 'policy' ? [{ path, ...kind }] : []));
  const expected = (change.trust?.version ?? 0) + 1;
  let signed = true;
  for (const { path, version } of policies) {
    const judged = await collectAsync(problems, path, async () => {
      if (version !== expected) {
        fail('E_POLICY_GAP', `${path} does not follow policy ${expected - 1}; the next one is ${expected}`);
      }
      return checkNewPolicy(files, change, version, problems);
    });
    warnings.push(...(judged ?? []));
    signed &&= judged !== undefined;
  }
  const listed = await listedBy(change, files);
  for (const { path, kind } of change.added) {
    await collectAsync(problems, path, async () => {
      if (kind.kind === 'key' || kind.kind === 'seal') {
        listed.require(path);
        // What an unsigned policy lists may take a long time to read.
        if (signed) await checkPinnedFile(files, change.base, { path, ...kind }, listed);
      }
      if (kind.kind === 'policy-sign' && (signed || change.trust?.holderOf('roots', kind.fingerprint) !== undefined)) {
        await checkRootSign(files, kind, change);
      }
    });
  }
  return { problems, warnings };
}

/** What the base's newest policy and the change's own ones list: no other key file or seal may be added. */
async function listedBy({ trust, added }: TrustChange, files: LedgerFiles): Promise<Listed> {
  const listed = new Listed();
  if (trust !== undefined) listed.add(trust.policy);
  for (const { path, kind } of added) {
    if (kind.kind !== 'policy') continue;
    // A policy that can't be read lists nothing; the reason is given where it is judged.
    const policy = await collectAsync([], path, async () =>
      parsePolicy((await files.read(path, POLICY_BYTES)) ?? new Uint8Array()),
    );
    if (policy !== undefined) listed.add(policy);
  }
  return listed;
}

/** A file at a path that a policy lists is exactly the one listed, and what its name says. */
async function checkPinnedFile(files: LedgerFiles, base: Snapshot, file: PinnedFile, listed: Listed): Promise<void> {
  const bytes = await readPinned(files, file);
  listed.require(file.path, sha256Hex(bytes));
  const acks = await checkPinned(bytes, file);
  await checkSealed(files, base, file.path, acks);
}

/** A seal names acks that are there, with their digests: it settles which of a leaving key's acks go on counting. */
async function checkSealed(files: LedgerFiles, base: Snapshot, path: string, lines: readonly Sum[]): Promise<void> {
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

/**
 * A new root signature must count: for its policy or for the one before. Expiry is looked at only where the policy is
 * new: a late signature on one that counts already adds nothing that a key could still misuse.
 */
async function checkRootSign(
  files: LedgerFiles,
  { version, fingerprint }: { readonly version: number; readonly fingerprint: string },
  { trust, now }: TrustChange,
): Promise<void> {
  const { step, bytes } = await readStep(files, version);
  const before = version === 1 ? undefined : (await readStep(files, version - 1)).step;
  const judgement = { now, revocation: true, expiry: version > (trust?.version ?? 0) };
  const count = { files, keyring: new Keyring(files, NODE_VERIFIER), step, bytes, before, judgement };
  await verifyRootSignature(count, fingerprint);
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
