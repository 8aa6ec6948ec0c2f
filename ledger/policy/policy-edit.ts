import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { listings } from '../../ledger-schema/openpgp/keyring.ts';
import type { KeyFile } from '../../ledger-schema/openpgp/openpgp.ts';
import type { ListedKey, Policy } from '../../ledger-schema/policy.ts';
import { encodePolicy } from '../../ledger-schema/policy.ts';
import type { Role } from '../../ledger-schema/trust.ts';

/** One person or bot put into a role, with a key of theirs. */
export interface Grant {
  readonly role: Role;
  readonly holder: string;
  readonly key: ListedKey;
}

/** What a rotation changes; everything else stays as the policy before has it. */
export interface PolicyEdits {
  readonly grants: readonly Grant[];
  /** Newer copies of keys that are listed already. */
  readonly copies: readonly ListedKey[];
  /** Fingerprints of keys that go to `former`; a reviewer's with the digest of its seal. */
  readonly retire: readonly { readonly fingerprint: string; readonly seal: string | undefined }[];
  /** Holders who leave a role; their keys go with the last one. */
  readonly revoke: readonly { readonly role: Role; readonly holder: string }[];
  readonly rootThreshold?: number | undefined;
  readonly reviewerThreshold?: number | undefined;
  /** `YYYY-MM-DDTHH:MM:SSZ` */
  readonly expires?: string | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object ? Mutable<T[K]> : T[K] };

/** A policy with the digest of its bytes, which its successor names. */
export interface PolicyBefore {
  readonly policy: Policy;
  readonly sha256: string;
}

/** The policy that follows another. Throws `E_USAGE` for what can't be done, naming who or what. */
export function editPolicy({ policy, sha256 }: PolicyBefore, edits: PolicyEdits): Uint8Array {
  return applyEdits({ ...policy, previous: sha256 }, edits);
}

function applyEdits(policy: Policy, edits: PolicyEdits): Uint8Array {
  const next = structuredClone(policy) as Mutable<Policy>;
  next.version = policy.version + 1;
  next.expires = edits.expires ?? policy.expires;
  next.roots.threshold = edits.rootThreshold ?? policy.roots.threshold;
  next.reviewers.threshold = edits.reviewerThreshold ?? policy.reviewers.threshold;
  for (const copy of edits.copies) replaceCopy(next, copy);
  for (const { fingerprint, seal } of edits.retire) retire(next, fingerprint, seal);
  for (const { role, holder } of edits.revoke) revoke(next, role, holder);
  for (const grant of edits.grants) give(next, grant);
  // Only now: who got another key in the same step keeps every role.
  for (const [holder, keys] of Object.entries(next.holders)) if (keys.length === 0) removeHolder(next, holder);
  try {
    return encodePolicy(next);
  } catch (cause) {
    if (!(cause instanceof PullthroughError)) throw cause;
    fail('E_USAGE', `such a policy is not allowed: ${cause.message}`, { cause, hint: cause.hint });
  }
}

/** Policy 1 of a new ledger, whose id is `ledger`. Throws `E_USAGE`. */
export function firstPolicy(
  ledger: string,
  grants: readonly Grant[],
  options: Required<Pick<PolicyEdits, 'expires'>> & PolicyEdits,
): Uint8Array {
  const empty: Policy = {
    format: 1,
    ledger,
    version: 0,
    expires: options.expires ?? '',
    roots: { threshold: 1, holders: [] },
    executors: { holders: [] },
    reviewers: { threshold: 1, holders: [] },
    holders: {},
    former: { executors: [], reviewers: [] },
  };
  return applyEdits(empty, { ...options, grants });
}

function give(policy: Mutable<Policy>, { role, holder, key }: Grant): void {
  const listed = listings(policy).get(key.fingerprint);
  if (listed !== undefined && listed.holder !== holder) {
    fail('E_USAGE', `the key ${key.fingerprint} is listed already, as ${listed.holder ?? 'a former executor'}'s`);
  }
  const keys = Object.hasOwn(policy.holders, holder) ? (policy.holders[holder] ?? []) : [];
  policy.holders[holder] = [...keys.filter((other) => other.fingerprint !== key.fingerprint), key];
  const { holders } = policy[role];
  if (!holders.includes(holder)) holders.push(holder);
}

function replaceCopy(policy: Mutable<Policy>, copy: ListedKey): void {
  const listing = listings(policy).get(copy.fingerprint);
  if (listing === undefined)
    fail('E_USAGE', `the policy lists no key ${copy.fingerprint}, so there is no copy to replace`);
  (listing.key as Mutable<ListedKey>).sha256 = copy.sha256;
}

function retire(policy: Mutable<Policy>, fingerprint: string, seal: string | undefined): void {
  const listing = listings(policy).get(fingerprint);
  const holder = listing?.holder;
  if (listing === undefined || holder === undefined || listing.former !== undefined) {
    fail('E_USAGE', `the policy lists no current key ${fingerprint}`, { hint: 'pullthrough trust show lists them' });
  }
  if (policy.executors.holders.includes(holder)) policy.former.executors.push({ ...listing.key });
  if (policy.reviewers.holders.includes(holder)) {
    if (seal === undefined) fail('E_USAGE', `the key ${fingerprint} is a reviewer's, so it needs a seal`);
    policy.former.reviewers.push({ ...listing.key, holder, seal });
  }
  policy.holders[holder] = (policy.holders[holder] ?? []).filter((key) => key.fingerprint !== fingerprint);
}

function removeHolder(policy: Mutable<Policy>, holder: string): void {
  delete policy.holders[holder];
  for (const role of ['roots', 'executors', 'reviewers'] as const) {
    policy[role].holders = policy[role].holders.filter((name) => name !== holder);
  }
}

function revoke(policy: Mutable<Policy>, role: Role, holder: string): void {
  if (!policy[role].holders.includes(holder)) fail('E_USAGE', `${holder} is not among the ${role} of the policy`);
  policy[role].holders = policy[role].holders.filter((name) => name !== holder);
  const roles = [policy.roots, policy.executors, policy.reviewers];
  if (!roles.some(({ holders }) => holders.includes(holder))) delete policy.holders[holder];
}

/** A key file as a policy lists it. */
export function toListedKey(key: KeyFile): ListedKey {
  return { fingerprint: key.fingerprint, sha256: key.sha256 };
}
