/** The little-endian encodings of points of small order, the sign bit cleared; canonical ones first, then y + p. */
const SMALL_ORDER = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]);

/** The order of the base point; RFC 8032, section 5.1. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const P = 2n ** 255n - 19n;

/** Is it the encoding of a point of small order, or not the one encoding of its point? */
export function isWeakPoint(encoded: Uint8Array): boolean {
  if (encoded.length !== 32) return true;
  const cleared = Uint8Array.from(encoded);
  cleared[31] = (cleared[31] ?? 0) & 0x7f;
  const hex = Array.from(cleared, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return SMALL_ORDER.has(hex) || littleEndian(cleared) >= P;
}

/** Is the scalar in its one form, below the group's order? */
export function isCanonicalScalar(scalar: Uint8Array): boolean {
  return littleEndian(scalar) < L;
}

/** A number whose lowest byte comes first. */
export function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
}
