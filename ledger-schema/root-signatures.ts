import { PullthroughError, fail } from './error.ts';
import type { Finding, LedgerFiles } from './files.ts';
import { listings } from './openpgp/keyring.ts';
import type { Keyring } from './openpgp/keyring.ts';
import { policySignPath, tryLedgerPath } from './layout.ts';
import { namedComponent, verifySignature } from './openpgp/openpgp.ts';
import type { Judgement, KeyFile } from './openpgp/openpgp.ts';
import type { ListedKey, Policy, PolicyStep } from './policy.ts';
import { SIGNATURE_BYTES, parseSignatureFile } from './openpgp/signature.ts';

export interface RootCount {
  readonly files: LedgerFiles;
  readonly keyring: Keyring;
  /** The names of the regular files in trust/. */
  readonly names: readonly string[];
  readonly step: PolicyStep;
  readonly bytes: Uint8Array;
  /** The policy that comes before; undefined for one that only its own roots sign. */
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
 * Verifies every signature over a policy. A root key is judged by the copies that this policy and the one before list:
 * a revocation in either counts, and either may hold the subkey that signed.
 */
export async function countRootHolders(count: RootCount): Promise<CountedRoots> {
  const policies = [count.step.policy, ...(count.before === undefined ? [] : [count.before.policy])];
  const signed = new Map<Policy, Set<string>>(policies.map((policy) => [policy, new Set()]));
  const ignored: Finding[] = [];
  for (const name of count.names) {
    const parsed = tryLedgerPath(`trust/${name}`);
    if (parsed?.kind !== 'policy-sign' || parsed.version !== count.step.version) continue;
    const { fingerprint } = parsed;
    const path = policySignPath(parsed.version, fingerprint);
    try {
      const holders = await verifyRoot(count, policies, path, fingerprint);
      for (const [policy, holder] of holders) signed.get(policy)?.add(holder);
    } catch (error) {
      if (!(error instanceof PullthroughError)) throw error;
      ignored.push({ code: error.code, path, message: error.message });
    }
  }
  return { holders: (policy) => [...(signed.get(policy) ?? [])].sort(), ignored };
}

/** For which policies a signature counts, and as whose. */
async function verifyRoot(
  { files, keyring, bytes, judgement }: RootCount,
  policies: readonly Policy[],
  path: string,
  fingerprint: string,
): Promise<[Policy, string][]> {
  const listed = policies.flatMap((policy) => {
    const listing = listings(policy).get(fingerprint);
    return listing === undefined ? [] : [{ policy, listing }];
  });
  const roots = listed.filter(
    ({ policy, listing }) =>
      listing.former === undefined && listing.holder !== undefined && policy.roots.holders.includes(listing.holder),
  );
  if (roots.length === 0) {
    fail('E_SIG_UNLISTED', `${path} is by a key that is no root's`);
  }
  const signature = parseSignatureFile((await files.read(path, SIGNATURE_BYTES)) ?? new Uint8Array());
  const copies = new Map<ListedKey, KeyFile>();
  let failure: unknown;
  for (const { listing } of listed) {
    try {
      copies.set(listing.key, await keyring.key(listing.key));
    } catch (error) {
      failure ??= error;
    }
  }
  for (const copy of copies.values()) {
    if (copy.primary.binding.revoked || namedComponent(copy, signature)?.binding.revoked === true) {
      fail('E_KEY_UNUSABLE', `${path} does not count: the key is revoked`);
    }
  }
  for (const copy of copies.values()) {
    try {
      await verifySignature(signature, bytes, copy, judgement);
      return roots
        .filter(({ listing }) => copies.has(listing.key))
        .map(({ policy, listing }) => [policy, listing.holder ?? '']);
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}
