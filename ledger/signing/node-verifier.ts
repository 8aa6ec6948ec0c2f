import { constants, createPublicKey, hash as digestOf, publicDecrypt, verify as verifySignature } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { equalBytes } from '../../ledger-schema/bytes.ts';
import { paddedDigest } from '../../ledger-schema/openpgp/algorithms/rsa.ts';
import type { Hash, PublicMaterial, Question, Verifier } from '../../ledger-schema/openpgp/algorithms/verifier.ts';

type VerifyingKey = KeyObject | { readonly key: KeyObject; readonly dsaEncoding: 'ieee-p1363' };

const NAMES: Record<Hash, string> = { 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' };

type VerifyCurve = (
  hash: string | null,
  message: Uint8Array,
  key: VerifyingKey,
  signature: Uint8Array,
) => boolean | Promise<boolean>;

/**
 * Node's own cryptography as a verifier; it gives the same answers as the portable verifier, ten times as fast.
 * Elliptic-curve signatures are verified on node's thread pool, while this thread goes on.
 */
export const NODE_VERIFIER: Verifier = verifierBy(inPool);

/** The same for a thread beside others: it verifies by itself, since handing a signature over would only cost more. */
export const THREAD_VERIFIER: Verifier = verifierBy(here);

function verifierBy(curve: VerifyCurve): Verifier {
  return {
    digest: (hash, message) => digestOf(NAMES[hash], message, 'buffer'),
    verify: (question) => {
      const key = keyObject(question.key);
      return key === undefined ? false : verifyBy(key, question, curve);
    },
  };
}

function verifyBy(
  key: KeyObject,
  { key: material, hash, message, digest, signature }: Question,
  curve: VerifyCurve,
): boolean | Promise<boolean> {
  if (material.kind === 'ed25519') return curve(null, digest, key, signature);
  if (material.kind !== 'RSA') return curve(NAMES[hash], message, { key, dsaEncoding: 'ieee-p1363' }, signature);
  try {
    // The block is compared whole, so no padding parser needs to be trusted.
    const block = publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature);
    return equalBytes(block, paddedDigest(hash, digest, material.modulus.length));
  } catch {
    // A number that is not below the modulus.
    return false;
  }
}

/** If OpenSSL refuses to look at it, it isn't a signature. */
function inPool(hash: string | null, message: Uint8Array, key: VerifyingKey, signature: Uint8Array): Promise<boolean> {
  return new Promise<boolean>((resolve, reject) => {
    verifySignature(hash, message, key, signature, (error, fits) => (error === null ? resolve(fits) : reject(error)));
  }).catch(() => false);
}

function here(hash: string | null, message: Uint8Array, key: VerifyingKey, signature: Uint8Array): boolean {
  try {
    return verifySignature(hash, message, key, signature);
  } catch {
    return false;
  }
}

const known = new WeakMap<PublicMaterial, KeyObject | undefined>();

/** Undefined for a point that is not on its curve. */
function keyObject(material: PublicMaterial): KeyObject | undefined {
  if (!known.has(material)) known.set(material, makeKey(material));
  return known.get(material);
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

function makeKey(material: PublicMaterial): KeyObject | undefined {
  try {
    return createPublicKey({ format: 'jwk', key: jwkOf(material) });
  } catch {
    return undefined;
  }
}

function jwkOf(material: PublicMaterial): Record<string, string> {
  if (material.kind === 'ed25519') return { kty: 'OKP', crv: 'Ed25519', x: base64(material.point) };
  if (material.kind === 'RSA') return { kty: 'RSA', n: base64(material.modulus), e: base64(material.exponent) };
  const { kind, point } = material;
  const middle = (1 + point.length) / 2;
  return { kty: 'EC', crv: kind, x: base64(point.subarray(1, middle)), y: base64(point.subarray(middle)) };
}
