import { sha256Hex } from './bytes.ts';
import { fail, isRefusal } from './error.ts';
import type { PullthroughError } from './error.ts';
import { namedComponent, verifySignature } from './openpgp/openpgp.ts';
import type { Judgement } from './openpgp/openpgp.ts';
import { parseSignatureFile } from './openpgp/signature.ts';
import type { Trust } from './trust.ts';

/** A signature that counts. */
export interface Signed {
  /** The person or bot; a former executor's is not recorded, so its fingerprint is given here. */
  readonly holder: string;
  /** The primary key's. */
  readonly fingerprint: string;
  /** By a key that the policy lists as former. */
  readonly former: boolean;
}

/** For former keys neither revocation nor expiry is looked at. */
function judgement(trust: Trust, former: boolean): Judgement {
  return { now: trust.now, revocation: !former, expiry: !former };
}

/**
 * The executor's signature over checklist.sha256, by any listed executor key, current or former. Throws `E_SIG_*`,
 * `E_KEY_UNUSABLE`, `E_POLICY_KEY`.
 */
export async function checkSign(file: Uint8Array, data: Uint8Array, trust: Trust): Promise<Signed> {
  const signature = parseSignatureFile(file);
  let failure: PullthroughError | undefined;
  for (const { key: listed, holder } of trust.executorKeys) {
    try {
      const key = await trust.keyring.key(listed);
      if (namedComponent(key, signature) === undefined) continue;
      await verifySignature(signature, data, key, judgement(trust, holder === undefined));
      const { fingerprint } = listed;
      return { holder: holder ?? fingerprint, fingerprint, former: holder === undefined };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      failure ??= error;
    }
  }
  throw failure ?? unlisted(signature.issuers, 'an executor');
}

/**
 * A reviewer's signature over checklist.sha256 followed by the sign. A former reviewer's counts only where the seal lists
 * that very file. Throws `E_SIG_*`, `E_KEY_UNUSABLE`, `E_POLICY_KEY`.
 */
export async function checkAck(
  file: Uint8Array,
  data: Uint8Array,
  fingerprint: string,
  path: string,
  trust: Trust,
): Promise<Signed> {
  const { key, holder, former } = reviewer(fingerprint, trust);
  if (former !== undefined && (await trust.keyring.seal(former)).get(path) !== sha256Hex(file)) {
    fail('E_SIG_UNLISTED', `the seal of the former reviewer's key ${fingerprint} does not list ${path}`);
  }
  const signature = parseSignatureFile(file);
  await verifySignature(signature, data, await trust.keyring.key(key), judgement(trust, former !== undefined));
  return { holder, fingerprint, former: former !== undefined };
}

/**
 * A reviewer's signature over checklist.sha256 followed by `nack\n`: by any listed reviewer key, current or former,
 * whatever its expiry or revocation. Throws `E_SIG_*`, `E_KEY_UNUSABLE`, `E_POLICY_KEY`.
 */
export async function checkNack(
  file: Uint8Array,
  data: Uint8Array,
  fingerprint: string,
  trust: Trust,
): Promise<Signed> {
  const { key, holder, former } = reviewer(fingerprint, trust);
  await verifySignature(parseSignatureFile(file), data, await trust.keyring.key(key), judgement(trust, true));
  return { holder, fingerprint, former: former !== undefined };
}

/** Throws `E_SIG_UNLISTED` for a key that the policy doesn't list as a reviewer's, current or former. */
export function requireReviewer(fingerprint: string, trust: Trust): void {
  reviewer(fingerprint, trust);
}

function reviewer(fingerprint: string, trust: Trust) {
  const listing = trust.listing(fingerprint);
  const holder = trust.holderOf('reviewers', fingerprint);
  if (listing !== undefined && holder !== undefined) return { key: listing.key, holder, former: undefined };
  if (typeof listing?.former === 'object') {
    return { key: listing.key, holder: listing.former.holder, former: listing.former };
  }
  return unlisted([fingerprint], 'a reviewer');
}

function unlisted(issuers: readonly string[], role: string): never {
  return fail(
    'E_SIG_UNLISTED',
    `the signature is by ${issuers.join(' and ')}, which the policy does not list as ${role}`,
  );
}
