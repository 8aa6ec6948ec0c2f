import { fail, isRefusal } from './error.ts';
import type { Finding, LedgerFiles } from './files.ts';
import { listings } from './openpgp/keyring.ts';
import type { Keyring } from './openpgp/keyring.ts';
import { policySignPath, tryLedgerPath } from './names/layout.ts';
import { componentProblem, namedComponent, verifySignature } from './openpgp/openpgp.ts';
import type { Judgement, KeyFile } from './openpgp/openpgp.ts';
import type { Policy, PolicyStep } from './policy.ts';
import { SIGNATURE_BYTES, parseSignatureFile } from './openpgp/signature.ts';
import type { ParsedSignature } from './openpgp/signature.ts';

export interface RootCount {
  readonly files: LedgerFiles;
  readonly keyring: Keyring;
  /** The names of the regular files in trust/. */
  readonly names: readonly string[];
  readonly step: PolicyStep;
  readonly bytes: Uint8Array;
  /** The policy before it; undefined for a policy that only its own roots sign. */
  readonly before: PolicyStep | undefined;
  readonly judgement: Judgement;
}

/** Who signed a policy: by its own roots and by those of the policy before. */
export interface CountedRoots {
  /** The distinct root holders of `policy` whose signature counts, sorted. */
  holders(policy: Policy): string[];
  readonly ignored: readonly Finding[];
}

/**
 * Verifies the signatures over a policy. A root key is judged by the copies that this policy and the one before list: a
 * revocation in either takes it out, and so does a missing copy; either may hold the subkey that signed. Keys that the
 * policy before lists go first: unless enough of them signed, no key is read that only this policy lists.
 */
export async function countRootHolders(count: RootCount): Promise<CountedRoots> {
  const { step, before } = count;
  const signed = new Map<Policy, Set<string>>();
  const ignored: Finding[] = [];
  const holders = (policy: Policy): string[] => [...(signed.get(policy) ?? [])].sort();
  const judge = async (fingerprint: string): Promise<void> => {
    try {
      for (const { policy, holder } of await verifyRootSignature(count, fingerprint)) {
        signed.set(policy, (signed.get(policy) ?? new Set()).add(holder));
      }
    } catch (error) {
      if (!isRefusal(error)) throw error;
      ignored.push({ code: error.code, path: policySignPath(step.version, fingerprint), message: error.message });
    }
  };
  const earlier = rootsOf(before);
  const own = rootsOf(step);
  const signers = signersOf(count);
  for (const fingerprint of signers.filter((each) => earlier.has(each))) await judge(fingerprint);
  if (before === undefined || holders(before.policy).length >= before.policy.roots.threshold) {
    for (const fingerprint of signers.filter((each) => own.has(each) && !earlier.has(each))) await judge(fingerprint);
  }
  for (const fingerprint of signers.filter((each) => !own.has(each) && !earlier.has(each))) {
    const path = policySignPath(step.version, fingerprint);
    ignored.push({ code: 'E_SIG_UNLISTED', path, message: `${path} is by a key that is not a root's` });
  }
  return { holders, ignored };
}

function signersOf({ names, step }: RootCount): string[] {
  return names.flatMap((name) => {
    const parsed = tryLedgerPath(`trust/${name}`);
    return parsed?.kind === 'policy-sign' && parsed.version === step.version ? [parsed.fingerprint] : [];
  });
}

/** The fingerprints of a policy's root keys. */
function rootsOf(step: PolicyStep | undefined): ReadonlySet<string> {
  if (step === undefined) return new Set();
  const { roots, holders } = step.policy;
  return new Set(roots.holders.flatMap((name) => (holders[name] ?? []).map(({ fingerprint }) => fingerprint)));
}

/** For which policies a signature counts, and as whose. */
export interface RootSignature {
  readonly policy: Policy;
  readonly holder: string;
}

/**
 * Verifies one root's signature over a policy; returns what it counts for, the policy itself, the one before, or both.
 * Throws `E_SIG_*`, `E_KEY_UNUSABLE`, `E_POLICY_KEY`.
 */
export async function verifyRootSignature(
  { files, keyring, step, bytes, before, judgement }: Omit<RootCount, 'names'>,
  fingerprint: string,
): Promise<readonly RootSignature[]> {
  const path = policySignPath(step.version, fingerprint);
  const policies = [step.policy, ...(before === undefined ? [] : [before.policy])];
  const listed = policies.flatMap((policy) => {
    const listing = listings(policy).get(fingerprint);
    return listing === undefined ? [] : [{ policy, listing }];
  });
  const roots = listed.filter(
    ({ policy, listing }) =>
      listing.former === undefined && listing.holder !== undefined && policy.roots.holders.includes(listing.holder),
  );
  if (roots.length === 0) {
    fail('E_SIG_UNLISTED', `${path} is by a key that is not a root's`);
  }
  const signature = parseSignatureFile((await files.read(path, SIGNATURE_BYTES)) ?? new Uint8Array());
  // Every listed copy is read: a revocation that can't be seen must not pass for no revocation.
  const copies = new Set<KeyFile>();
  for (const { listing } of listed) copies.add(await keyring.key(listing.key));
  for (const copy of copies) {
    if (copy.primary.binding.revoked || namedComponent(copy, signature)?.binding.revoked === true) {
      fail('E_KEY_UNUSABLE', `${path} does not count: the key is revoked`);
    }
  }
  await verifyByAny(signature, bytes, copies, { ...judgement, expiry: false });
  if (judgement.expiry) checkExpiry(signature, copies, judgement);
  return roots.map(({ policy, listing }) => ({ policy, holder: listing.holder ?? '' }));
}

/** Either copy may hold the subkey that signed. */
async function verifyByAny(
  signature: ParsedSignature,
  bytes: Uint8Array,
  copies: ReadonlySet<KeyFile>,
  judgement: Judgement,
): Promise<void> {
  let failure: unknown;
  for (const copy of copies) {
    try {
      await verifySignature(signature, bytes, copy, judgement);
      return;
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

/**
 * The newest listed copy says when a key expires; an older one does only for a subkey that the newer one lacks. The
 * newest is first.
 */
function checkExpiry(signature: ParsedSignature, copies: ReadonlySet<KeyFile>, judgement: Judgement): void {
  for (const copy of copies) {
    const component = namedComponent(copy, signature);
    const { expires } = copy.primary.binding;
    const expired = expires !== undefined && judgement.now.getTime() >= expires * 1000;
    const problem = component === undefined ? undefined : componentProblem(copy, component, judgement);
    if (problem !== undefined || expired) {
      fail('E_KEY_UNUSABLE', `the signature does not count: ${problem ?? 'the primary key has expired'}`);
    }
    if (component !== undefined) return;
  }
}
