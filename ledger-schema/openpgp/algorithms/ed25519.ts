import { hexToBytes } from '@noble/hashes/utils.js';
import { equalBytes } from '../../bytes.ts';

/** The little-endian encodings of points of small order, the sign bit cleared; canonical ones first, then y + p. */
const SMALL_ORDER = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
].map(hexToBytes);

/** The order of the base point, and the field's prime; RFC 8032, section 5.1. Lowest byte first, as points and scalars are. */
const L = Uint8Array.of(
  ...[0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14],
  ...new Uint8Array(15),
  0x10,
);
const P = Uint8Array.of(0xed, ...new Uint8Array(30).fill(0xff), 0x7f);

/** Is it the encoding of a point of small order, or not the one encoding of its point? */
export function isWeakPoint(encoded: Uint8Array): boolean {
  if (encoded.length !== 32) return true;
  const cleared = new Uint8Array(encoded);
  cleared[31] = (cleared[31] ?? 0) & 0x7f;
  return !isBelow(cleared, P) || SMALL_ORDER.some((point) => equalBytes(point, cleared));
}

/** Is the scalar in its one form, below the group's order? */
export function isCanonicalScalar(scalar: Uint8Array): boolean {
  return isBelow(scalar, L);
}

/** Compares numbers of 32 bytes whose lowest byte comes first. */
function isBelow(number: Uint8Array, bound: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = (number[i] ?? 0) - (bound[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** A number whose lowest byte comes first. */
export function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
}
