import { equalBytes } from '../bytes.ts';
import { readNumber, readSubpacketLength, toHex } from './packet.ts';

/** Public-key algorithms by their OpenPGP numbers; RFC 9580, section 9.1. */
export const RSA = 1;
export const RSA_SIGN = 3;
export const ECDSA = 19;
export const EDDSA_LEGACY = 22;

/** Subpackets by their numbers; RFC 9580, section 5.2.3.7. */
const CREATED = 2;
export const SIGNATURE_EXPIRES = 3;
export const KEY_EXPIRES = 9;
export const ISSUER = 16;
export const NOTATION = 20;
export const KEY_FLAGS = 27;
export const EMBEDDED = 32;
export const ISSUER_FINGERPRINT = 33;
/** Which subpackets may have the critical bit; openpgp.md, "Subpackets". */
const KNOWN = new Set([
  2, 3, 4, 5, 6, 7, 9, 11, 12, 16, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 35, 39,
]);
/** No program nests more than one; deeper ones only keep readers busy. */
const MOST_NESTED = 100;

export interface Subpacket {
  readonly type: number;
  readonly critical: boolean;
  readonly body: Uint8Array;
}

/** A version 4 signature packet; nothing is verified, and nothing but its lengths is judged. */
export interface SignaturePacket {
  readonly type: number;
  readonly algorithm: number;
  readonly hash: number;
  /** Undefined where the lengths of its subpackets don't fill the area. */
  readonly hashed: readonly Subpacket[] | undefined;
  readonly unhashed: readonly Subpacket[] | undefined;
  /** From the version to the end of the hashed area: what a signature covers of itself. */
  readonly fields: Uint8Array;
  /** The first two bytes of the digest. */
  readonly left: Uint8Array;
  /** The algorithm's own fields, to the end. */
  readonly numbers: Uint8Array;
}

/** Undefined where it isn't of version 4, or is cut off inside its areas; RFC 9580, section 5.2.3. */
export function readSignaturePacket(body: Uint8Array): SignaturePacket | undefined {
  const [version, type, algorithm, hash] = body;
  if (version !== 4 || type === undefined || algorithm === undefined || hash === undefined) return undefined;
  const hashed = area(body, 4);
  const unhashed = hashed === undefined ? undefined : area(body, hashed.end);
  if (hashed === undefined || unhashed === undefined || unhashed.end + 2 > body.length) return undefined;
  return {
    type,
    algorithm,
    hash,
    hashed: readSubpackets(hashed.bytes),
    unhashed: readSubpackets(unhashed.bytes),
    fields: body.subarray(0, hashed.end),
    left: body.subarray(unhashed.end, unhashed.end + 2),
    numbers: body.subarray(unhashed.end + 2),
  };
}

function area(body: Uint8Array, offset: number): { bytes: Uint8Array; end: number } | undefined {
  const length = readNumber(body, offset, 2);
  if (length === undefined || offset + 2 + length > body.length) return undefined;
  return { bytes: body.subarray(offset + 2, offset + 2 + length), end: offset + 2 + length };
}

function readSubpackets(bytes: Uint8Array): Subpacket[] | undefined {
  const subpackets: Subpacket[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const length = readSubpacketLength(bytes, offset);
    if (length === undefined) return undefined;
    const start = offset + length.size;
    offset = start + length.value;
    const type = bytes[start];
    if (length.value === 0 || type === undefined || offset > bytes.length) return undefined;
    subpackets.push({ type: type & 0x7f, critical: type >= 0x80, body: bytes.subarray(start + 1, offset) });
  }
  return subpackets;
}

/** The signatures embedded in a signature's areas; undefined for one that can't be read. */
export function embeddedIn(signature: SignaturePacket): (SignaturePacket | undefined)[] {
  const embedded: (SignaturePacket | undefined)[] = [];
  for (const subpackets of [signature.hashed, signature.unhashed]) {
    for (const { type, body } of subpackets ?? []) if (type === EMBEDDED) embedded.push(readSignaturePacket(body));
  }
  return embedded;
}

/** Are signatures nested deeper than any program would write them? */
export function nestsTooDeep(signature: SignaturePacket, above = 0): boolean {
  if (above > MOST_NESTED) return true;
  return embeddedIn(signature).some((inner) => inner !== undefined && nestsTooDeep(inner, above + 1));
}

/** Can it be read whole, and each one embedded in it? Only for one that isn't nested too deep. */
export function isReadable(signature: SignaturePacket | undefined): boolean {
  if (signature?.hashed === undefined || signature.unhashed === undefined) return false;
  return embeddedIn(signature).every(isReadable);
}

/** A critical subpacket that this version of the format doesn't know, or a critical notation, which it never does. */
export function unknownCritical(subpackets: readonly Subpacket[]): Subpacket | undefined {
  return subpackets.find(({ type, critical }) => critical && (type === NOTATION || !KNOWN.has(type)));
}

/** Seconds since 1970; undefined unless the hashed area holds exactly one creation time. */
export function creationTime(signature: SignaturePacket): number | undefined {
  const times = (signature.hashed ?? []).filter(({ type }) => type === CREATED);
  return times.length === 1 && times[0]?.body.length === 4 ? readNumber(times[0].body, 0, 4) : undefined;
}

/**
 * Every issuer that it names in either area, upper-case hex: 16 digits of a key id, 40 of a fingerprint. Undefined
 * where one doesn't have the form of a version 4 key's.
 */
export function issuersOf(signature: SignaturePacket): string[] | undefined {
  const issuers: string[] = [];
  for (const subpackets of [signature.hashed, signature.unhashed]) {
    for (const { type, body } of subpackets ?? []) {
      if (type === ISSUER && body.length === 8) issuers.push(toHex(body));
      else if (type === ISSUER_FINGERPRINT && body.length === 21 && body[0] === 4) {
        issuers.push(toHex(body.subarray(1)));
      } else if (type === ISSUER || type === ISSUER_FINGERPRINT) return undefined;
    }
  }
  return issuers;
}

/** What a signature's digest covers: the subject, its own fields, and how many bytes those have. */
export function coveredBytes(signature: SignaturePacket, subject: Uint8Array): Uint8Array {
  const { fields } = signature;
  const bytes = new Uint8Array(subject.length + fields.length + 6);
  bytes.set(subject);
  bytes.set(fields, subject.length);
  const trailer = new DataView(bytes.buffer, subject.length + fields.length);
  trailer.setUint16(0, 0x04ff);
  trailer.setUint32(2, fields.length);
  return bytes;
}

/** Do the two digest bytes that a signature shows match this digest? */
export function showsDigest({ left }: SignaturePacket, digest: Uint8Array): boolean {
  return equalBytes(left, digest.subarray(0, 2));
}
