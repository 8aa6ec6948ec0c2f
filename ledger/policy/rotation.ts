import { trustBranch } from '../../ledger-schema/names/branches.ts';
import { sha256Hex } from '../../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { Keyring, listings } from '../../ledger-schema/openpgp/keyring.ts';
import { keyPath, policyPath, policySignPath, sealPath } from '../../ledger-schema/names/layout.ts';
import type { KeyFile } from '../../ledger-schema/openpgp/openpgp.ts';
import { POLICY_BYTES, parsePolicy } from '../../ledger-schema/policy.ts';
import type { Policy } from '../../ledger-schema/policy.ts';
import { encodeSeal } from '../../ledger-schema/seal.ts';
import { SIGNATURE_BYTES } from '../../ledger-schema/openpgp/signature.ts';
import { requireSuccessor } from '../../ledger-schema/trust.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import { ledgerFiles } from '../files.ts';
import { nacksOnBranches } from '../open-nacks.ts';
import { editPolicy } from './policy-edit.ts';
import type { PolicyEdits } from './policy-edit.ts';
import { policyChanges, policyInWords } from './policy-words.ts';
import type { LedgerRepository } from '../git/repository.ts';
import { acksToSeal } from './sealing.ts';
import type { Signer } from '../signing/signer.ts';
import { typed } from '../../io/shell.ts';
import { NODE_VERIFIER } from '../signing/node-verifier.ts';
import { signThatCounts } from '../signing/signature-that-counts.ts';

export interface Rotation {
  readonly repository: LedgerRepository;
  readonly trust: Trust;
  readonly edits: Omit<PolicyEdits, 'retire'>;
  /** Fingerprints, or their ends, of keys that become former ones. */
  readonly retire: readonly string[];
  /** Key files that the new policy lists. */
  readonly keys: readonly { readonly key: KeyFile; readonly bytes: Uint8Array }[];
  readonly signer: Signer | undefined;
  readonly author: { readonly name: string; readonly email: string };
}

export interface ProposedPolicy {
  readonly version: number;
  readonly branch: string;
  readonly commit: string;
  /** In plain words. */
  readonly changes: readonly string[];
}

/** Proposes the policy that follows the newest, with its keys and seals. Throws `E_USAGE`, `E_EXISTS`, `E_MOVED`. */
export async function proposePolicy(rotation: Rotation): Promise<ProposedPolicy> {
  const { repository, trust, edits, keys, signer, author } = rotation;
  const head = repository.head() ?? fail('E_POLICY_MISSING', `the ledger is empty: ${repository.label}`);
  const version = trust.version + 1;
  const branch = trustBranch(version);
  if (repository.branches().has(branch)) {
    fail('E_EXISTS', `policy ${version} is proposed already, on the branch ${branch}`, {
      hint: `sign it with: pullthrough trust sign; or say no to it by: ${typed`pullthrough ledger close ${branch}`}`,
    });
  }
  const snapshot = repository.snapshot(head);
  const files = new Map<string, Uint8Array>();
  const retire: { fingerprint: string; seal: string | undefined }[] = [];
  const sealed: string[] = [];
  for (const end of rotation.retire) {
    const fingerprint = findKey(trust.policy, end);
    const acks = await acksToSeal(snapshot, trust, fingerprint);
    const seal = acks === undefined ? undefined : encodeSeal(acks, fingerprint);
    if (seal !== undefined) files.set(sealPath({ fingerprint, seal: sha256Hex(seal) }), seal);
    retire.push({ fingerprint, seal: seal === undefined ? undefined : sha256Hex(seal) });
    if (acks !== undefined)
      sealed.push(`the seal of ${fingerprint} lists ${acks.length} ack${acks.length === 1 ? '' : 's'}`);
  }
  const policy = editPolicy(trust, { ...edits, retire });
  const next = parsePolicy(policy);
  const said = (of: Policy): string => JSON.stringify({ ...of, version, previous: undefined });
  if (said(next) === said(trust.policy)) {
    fail('E_USAGE', `policy ${version} would say what policy ${trust.version} says`, {
      hint: 'say what is to change; pullthrough trust propose --help lists what can',
    });
  }
  const listed = listings(next);
  for (const { by, record, branch: on } of await nacksOnBranches(repository, head, trust)) {
    const listing = listed.get(by.fingerprint);
    const counts =
      typeof listing?.former === 'object' ||
      (listing?.holder !== undefined && next.reviewers.holders.includes(listing.holder));
    if (counts) continue;
    fail('E_USAGE', `${by.holder} nacked ${record} on the branch ${on}, and policy ${version} would drop that key`, {
      hint: `retire the key instead of removing it: --retire ${by.fingerprint}`,
    });
  }
  const changes = [...policyChanges(trust.policy, next), ...sealed];
  files.set(policyPath(version), policy);
  for (const { key, bytes } of keys) files.set(keyPath(key), bytes);
  if (signer !== undefined && isRoot(signer.fingerprint, [trust.policy, next])) {
    const copies = await copiesOf(signer.fingerprint, [next, trust.policy], trust.keyring, keys);
    files.set(policySignPath(version, signer.fingerprint), await signThatCounts(signer, policy, copies, trust.now));
  }
  const present = ledgerFiles(snapshot);
  for (const path of files.keys()) if ((await present.read(path, POLICY_BYTES)) !== undefined) files.delete(path);
  const message = [`Trust policy ${version}`, '', ...changes.map((line) => `- ${line}`)].join('\n');
  const commit = await repository.commit({ parents: [head], base: head, files, message, author });
  await repository.push([{ branch, to: commit, from: undefined }]);
  return { version, branch, commit, changes };
}

/** The one current key of the policy whose fingerprint ends so. */
function findKey(policy: Policy, end: string): string {
  const wanted = end.replaceAll(' ', '').replace(/^0x/, '').toUpperCase();
  const matches = [...listings(policy)].filter(
    ([fingerprint, { former }]) => former === undefined && fingerprint.endsWith(wanted),
  );
  const [match, ...more] = wanted.length < 8 ? [] : matches;
  if (match === undefined || more.length > 0) {
    fail(
      'E_USAGE',
      `${more.length > 0 ? 'several keys of the policy end' : 'no current key of the policy ends'} with ${end}`,
      {
        hint: 'name the key by its fingerprint; pullthrough trust show lists them',
      },
    );
  }
  return match[0];
}

function isRoot(fingerprint: string, policies: readonly Policy[]): boolean {
  return policies.some((policy) => {
    const holder = listings(policy).get(fingerprint)?.holder;
    return holder !== undefined && policy.roots.holders.includes(holder);
  });
}

/** The copies of a key that policies list, as far as they can be used: those at hand, and those of the ledger. */
async function copiesOf(
  fingerprint: string,
  policies: readonly Policy[],
  keyring: Keyring,
  atHand: Rotation['keys'],
): Promise<KeyFile[]> {
  const copies = new Map<string, KeyFile>();
  for (const policy of policies) {
    const listed = listings(policy).get(fingerprint)?.key;
    if (listed === undefined || copies.has(listed.sha256)) continue;
    const here = atHand.find(({ key }) => key.sha256 === listed.sha256)?.key;
    const copy = here ?? (await keyring.key(listed).catch(unusable));
    if (copy !== undefined) copies.set(listed.sha256, copy);
  }
  return [...copies.values()];
}

function unusable(error: unknown): undefined {
  if (!(error instanceof PullthroughError)) throw error;
}

/** A policy as it lies in the ledger to be signed, and not trusted yet. */
export interface UnsignedPolicy {
  readonly version: number;
  /** Where it is proposed; the main branch for policy 1 of a new ledger. */
  readonly branch: string;
  readonly tip: string;
  readonly bytes: Uint8Array;
  readonly policy: Policy;
  /** What it changes, in plain words: anybody who can push may have put it there. */
  readonly changes: readonly string[];
}

export interface PolicyPlace {
  readonly repository: LedgerRepository;
  /** The ledger's main branch, where policy 1 of a new ledger collects its signatures. */
  readonly mainBranch: string;
  /** By the main branch's policies; undefined for policy 1 of a ledger that nobody trusts yet. */
  readonly trust: Trust | undefined;
  readonly now: Date;
}

/**
 * The policy that waits for signatures. Throws `E_NO_CHANGE`, `E_POLICY_MISSING`, `E_POLICY_FORMAT`, and `E_OTHER_LEDGER` or
 * `E_POLICY_PREVIOUS` for one that doesn't follow the newest policy here.
 */
export async function policyToSign({ repository, mainBranch, trust, now }: PolicyPlace): Promise<UnsignedPolicy> {
  const version = (trust?.version ?? 0) + 1;
  const branch = trust === undefined ? mainBranch : trustBranch(version);
  const tip = trust === undefined ? repository.head() : repository.branches().get(branch);
  if (tip === undefined) {
    fail('E_NO_CHANGE', `no policy ${version} is proposed`, { hint: 'propose one with: pullthrough trust propose' });
  }
  const bytes =
    (await ledgerFiles(repository.snapshot(tip)).read(policyPath(version), POLICY_BYTES)) ??
    fail('E_POLICY_MISSING', `${branch} holds no policy ${version}`);
  const policy = parsePolicy(bytes);
  if (policy.version !== version) {
    fail('E_POLICY_FORMAT', `${policyPath(version)} of ${branch} says that it is version ${policy.version}`);
  }
  // A signature given here must not be one that counts elsewhere.
  if (trust !== undefined) requireSuccessor(trust.newest, { version, sha256: sha256Hex(bytes), policy });
  const changes = trust === undefined ? policyInWords(policy, now) : policyChanges(trust.policy, policy);
  return { version, branch, tip, bytes, policy, changes };
}

export interface SignedPolicy {
  readonly version: number;
  /** Where the signature was pushed. */
  readonly branch: string;
  readonly commit: string;
}

export interface PolicySigning extends Omit<PolicyPlace, 'mainBranch'> {
  readonly proposed: UnsignedPolicy;
  readonly signer: Signer;
  readonly author: { readonly name: string; readonly email: string };
}

/** Signs the very policy that was looked at. Throws `E_NOT_ROOT`, `E_EXISTS`, `E_MOVED`. */
export async function signPolicy({
  repository,
  trust,
  now,
  proposed,
  signer,
  author,
}: PolicySigning): Promise<SignedPolicy> {
  const { version, branch, tip, bytes, policy } = proposed;
  if (!isRoot(signer.fingerprint, [policy, ...(trust === undefined ? [] : [trust.policy])])) {
    fail('E_NOT_ROOT', `the key ${signer.fingerprint} is not a root's of policy ${version} or of the one before`);
  }
  const path = policySignPath(version, signer.fingerprint);
  if ((await ledgerFiles(repository.snapshot(tip)).read(path, SIGNATURE_BYTES)) !== undefined) {
    fail('E_EXISTS', `policy ${version} has the signature of ${signer.fingerprint} already`, {
      hint:
        trust === undefined
          ? 'nothing is left to do for this key'
          : `nothing is left to do for this key; to merge it: ${typed`pullthrough ledger merge ${branch}`}`,
    });
  }
  const keyring = new Keyring(ledgerFiles(repository.snapshot(tip)), NODE_VERIFIER);
  const policies = [policy, ...(trust === undefined ? [] : [trust.policy])];
  const copies = await copiesOf(signer.fingerprint, policies, keyring, []);
  const commit = await repository.commit({
    parents: [tip],
    base: tip,
    files: new Map([[path, await signThatCounts(signer, bytes, copies, now)]]),
    message: `Sign trust policy ${version}`,
    author,
  });
  await repository.push([{ branch, to: commit, from: tip }]);
  return { version, branch, commit };
}
