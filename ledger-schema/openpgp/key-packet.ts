import { sha1 } from '@noble/hashes/legacy.js';
import { concatBytes, equalBytes } from '../bytes.ts';
import { isWeakPoint } from './algorithms/ed25519.ts';
import { readMpis, readNumber, toHex } from './packet.ts';
import { ECDSA, EDDSA_LEGACY, RSA, RSA_SIGN } from './signature-packet.ts';
import type { PublicMaterial } from './algorithms/verifier.ts';

const ED25519_OID = Uint8Array.of(0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01);
const ECDSA_CURVES = [
  { kind: 'P-256', oid: Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07), size: 32 },
  { kind: 'P-384', oid: Uint8Array.of(0x2b, 0x81, 0x04, 0x00, 0x22), size: 48 },
] as const;
const RSA_BITS = 3072;
/** OpenSSL doesn't verify with larger ones, which would keep every reader busy for minutes. */
const RSA_MOST_BITS = 16_384;
const RSA_MOST_EXPONENT_BITS = 64;

/** What a signature may be made with: the algorithm in words, or why this key's is not allowed. */
export type KeyAlgorithm =
  | { readonly name: string; readonly material: PublicMaterial; readonly problem?: undefined }
  | { readonly problem: string; readonly malformed?: true };

const malformed = (problem: string): KeyAlgorithm => ({ problem, malformed: true });

/**
 * Judges a public-key packet's algorithm, curve and size; openpgp.md, "Keys". `malformed` where the numbers don't fill the
 * packet of an algorithm that could be allowed.
 */
export function keyAlgorithm(body: Uint8Array): KeyAlgorithm {
  const algorithm = body[5];
  const material = body.subarray(6);
  if (algorithm === EDDSA_LEGACY) return ed25519(material);
  if (algorithm === ECDSA) return ecdsa(material);
  if (algorithm === RSA || algorithm === RSA_SIGN) return rsa(algorithm, material);
  return { problem: `its algorithm ${algorithm} is not Ed25519 (22), ECDSA or RSA` };
}

function curvePoint(material: Uint8Array): { oid: Uint8Array; point: Uint8Array } | undefined {
  const length = material[0];
  if (length === undefined) return undefined;
  const mpis = readMpis(material.subarray(1 + length), 1);
  return mpis?.[0] === undefined ? undefined : { oid: material.subarray(1, 1 + length), point: mpis[0] };
}

/** Is it an Ed25519 key whose point is of small order, or not in its one form? Anybody can sign for such a key. */
export function isSmallOrderKey(body: Uint8Array): boolean {
  if (body[5] !== EDDSA_LEGACY) return false;
  const key = curvePoint(body.subarray(6));
  return key?.point.length === 33 && isWeakPoint(key.point.subarray(1));
}

function ed25519(material: Uint8Array): KeyAlgorithm {
  const key = curvePoint(material);
  if (key === undefined) return malformed('its EdDSA point is malformed');
  if (!equalBytes(key.oid, ED25519_OID)) return { problem: 'its curve is not Ed25519' };
  if (key.point.length !== 33 || key.point[0] !== 0x40) return { problem: 'its Ed25519 point is malformed' };
  const point = key.point.subarray(1);
  if (isWeakPoint(point)) return { problem: 'its Ed25519 point is of small order' };
  return { name: 'Ed25519', material: { kind: 'ed25519', algorithm: EDDSA_LEGACY, point } };
}

function ecdsa(material: Uint8Array): KeyAlgorithm {
  const key = curvePoint(material);
  if (key === undefined) return malformed('its ECDSA point is malformed');
  const { oid, point } = key;
  for (const { kind, oid: known, size } of ECDSA_CURVES) {
    if (!equalBytes(oid, known)) continue;
    if (point.length !== 1 + 2 * size || point[0] !== 4) return { problem: 'its ECDSA point is malformed' };
    return { name: `ECDSA ${kind}`, material: { kind, algorithm: ECDSA, point } };
  }
  return { problem: 'its curve is not P-256 or P-384' };
}

function rsa(algorithm: number, material: Uint8Array): KeyAlgorithm {
  const [modulus, exponent] = readMpis(material, 2) ?? [];
  if (modulus === undefined || exponent === undefined) return malformed('its RSA numbers are malformed');
  const bits = bitLength(modulus);
  if (bits < RSA_BITS) return { problem: `its RSA modulus has ${bits} bits, fewer than ${RSA_BITS}` };
  if (bits > RSA_MOST_BITS) return { problem: `its RSA modulus has ${bits} bits, more than ${RSA_MOST_BITS}` };
  if (!isOdd(modulus)) return { problem: 'its RSA modulus is even' };
  if (bitLength(exponent) > RSA_MOST_EXPONENT_BITS)
    return { problem: `its RSA exponent has more than ${RSA_MOST_EXPONENT_BITS} bits` };
  // With an exponent of 1, anything passes as signed.
  if (bitLength(exponent) < 2 || !isOdd(exponent)) return { problem: 'its RSA exponent signs nothing' };
  return { name: `RSA ${bits}`, material: { kind: 'RSA', algorithm, modulus, exponent } };
}

function isOdd(number: Uint8Array): boolean {
  return ((number.at(-1) ?? 0) & 1) === 1;
}

function bitLength(number: Uint8Array): number {
  const first = number.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (number.length - first) * 8 - Math.clz32(number[first] ?? 0) + 24;
}

/** Seconds since 1970 at which a key packet says that it was made. */
export function keyCreated(body: Uint8Array): number {
  return readNumber(body, 1, 4) ?? 0;
}

/** The fingerprint of a version 4 key by its packet's body; RFC 9580, section 5.5.4.2. 40 upper-case hex digits. */
export function v4Fingerprint(body: Uint8Array): string {
  return toHex(sha1(concatBytes(Uint8Array.of(0x99, body.length >> 8, body.length & 0xff), body)));
}
