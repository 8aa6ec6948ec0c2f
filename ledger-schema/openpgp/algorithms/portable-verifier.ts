import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes } from '../../bytes.ts';
import { littleEndian } from './ed25519.ts';
import { paddedDigest } from './rsa.ts';
import type { Hash, PublicMaterial, Question, WeakHash } from './verifier.ts';

/** Answers a {@link Question} by plain arithmetic; the numbers are public, so how long it takes gives nothing away. */
export function verify(question: Question<Hash | WeakHash>): boolean {
  const { key, digest, signature } = question;
  try {
    switch (key.kind) {
      case 'ed25519':
        return verifyEd25519(key.point, digest, signature);
      case 'P-256':
        return p256.verify(signature, digest, key.point, { prehash: false, lowS: false });
      case 'P-384':
        return p384.verify(signature, digest, key.point, { prehash: false, lowS: false });
      case 'RSA':
        return verifyRsa(key, question);
    }
  } catch {
    // A point that is not on its curve.
    return false;
  }
}

/** RFC 8032, section 5.1.7, without the cofactor: R is compared by its bytes, as gpgv and OpenSSL compare it. */
function verifyEd25519(point: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const r = signature.subarray(0, 32);
  const order = ed25519.Point.Fn.ORDER;
  const k = littleEndian(sha512(concatBytes(r, point, message))) % order;
  const s = littleEndian(signature.subarray(32));
  const a = ed25519.Point.fromBytes(point);
  const computed = ed25519.Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k));
  return equalBytes(computed.toBytes(), r);
}

const big = (bytes: Uint8Array): bigint => BigInt(`0x${bytesToHex(bytes)}`);

function verifyRsa(
  { modulus, exponent }: Extract<PublicMaterial, { kind: 'RSA' }>,
  { hash, digest, signature }: Question<Hash | WeakHash>,
): boolean {
  const n = big(modulus);
  const base = big(signature);
  if (base >= n) return false;
  let power = 1n;
  for (const bit of big(exponent).toString(2)) {
    power = (power * power) % n;
    if (bit === '1') power = (power * base) % n;
  }
  const plain = hexToBytes(power.toString(16).padStart(2 * modulus.length, '0'));
  return equalBytes(plain, paddedDigest(hash, digest, modulus.length));
}
