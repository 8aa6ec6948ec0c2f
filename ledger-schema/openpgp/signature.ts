import { dearmor } from './armor.ts';
import type { ArmorKind } from './armor.ts';
import { fail } from '../error.ts';
import { readMpis, readNumber, readSubpacketLength, splitPackets, toHex } from './packet.ts';
import type { Packet } from './packet.ts';

/** The most bytes of a signature file. */
export const SIGNATURE_BYTES = 4096;

/** Public-key algorithms by their OpenPGP numbers; RFC 9580, section 9.1. */
export const RSA = 1;
export const RSA_SIGN = 3;
export const ECDSA = 19;
export const EDDSA_LEGACY = 22;

/** A signature file whose bytes obey "Signatures" of ledger-format.md; nothing is verified yet. */
export interface ParsedSignature {
  readonly algorithm: number;
  /** Seconds since 1970, as the signature's maker chose it. */
  readonly created: number;
  /** Every issuer that it names, upper-case hex: 16 digits of a key id, 40 of a fingerprint. */
  readonly issuers: readonly string[];
  readonly mpis: readonly Uint8Array[];
  /** The one packet, with its header: what an OpenPGP library is given. */
  readonly packet: Uint8Array;
}

const ARMOR: ArmorKind = {
  label: 'PGP SIGNATURE',
  limit: SIGNATURE_BYTES,
  code: 'E_SIG_ARMOR',
  crcCode: 'E_SIG_CRC',
};

const HASHES = new Set([8, 9, 10]);
const MPIS = new Map([
  [RSA, 1],
  [RSA_SIGN, 1],
  [ECDSA, 2],
  [EDDSA_LEGACY, 2],
]);

const CREATED = 2;
const EXPIRATION = 3;
const ISSUER = 16;
const NOTATION = 20;
const ISSUER_FINGERPRINT = 33;
/** The subpackets of RFC 4880 and the issuer fingerprint: what a critical bit may stand on. */
const KNOWN = new Set([2, 3, 4, 5, 6, 7, 9, 11, 12, 16, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33]);

interface Subpacket {
  readonly type: number;
  readonly critical: boolean;
  readonly body: Uint8Array;
}

/**
 * Reads a signature file by the format's byte rules, before any library is asked. Throws `E_SIG_ARMOR`, `E_SIG_CRC`,
 * `E_SIG_PACKET`, `E_SIG_VERSION`, `E_SIG_TYPE`, `E_SIG_HASH`, `E_SIG_ALGORITHM`, `E_SIG_SUBPACKET`,
 * `E_SIG_EXPIRATION`, `E_SIG_ISSUER`.
 */
export function parseSignatureFile(file: Uint8Array): ParsedSignature {
  const bytes = dearmor(file, ARMOR);
  const [packet, ...more] = splitPackets(bytes, 'E_SIG_PACKET', 'the signature file');
  if (packet === undefined || more.length > 0) fail('E_SIG_PACKET', 'the signature file is not exactly one packet');
  if (packet.tag !== 2) fail('E_SIG_PACKET', `the signature file holds a packet of tag ${packet.tag}`);
  return { ...parseBody(packet), packet: bytes };
}

function parseBody({ body }: Packet): Omit<ParsedSignature, 'packet'> {
  const [version, type, algorithm = 0, hash = 0] = body;
  if (version === undefined) malformed('it is empty');
  if (version !== 4) fail('E_SIG_VERSION', `the signature is of version ${version}, not 4`);
  if (type !== 0x00) fail('E_SIG_TYPE', `the signature is of type ${type}, not 0 (binary)`);
  if (!HASHES.has(hash)) fail('E_SIG_HASH', `the signature uses hash ${hash}, not SHA-256, SHA-384 or SHA-512`);
  const count = MPIS.get(algorithm) ?? fail('E_SIG_ALGORITHM', `the signature uses algorithm ${algorithm}`);
  const hashed = area(body, 4);
  const unhashed = area(body, hashed.end);
  const mpis = readMpis(body.subarray(unhashed.end + 2), count) ?? malformed('its numbers do not fill its packet');
  const subpackets = readSubpackets(hashed.bytes);
  const outside = readSubpackets(unhashed.bytes);
  checkHashed(subpackets);
  checkUnhashed(outside);
  return { algorithm, created: creationTime(subpackets), issuers: issuersOf([...subpackets, ...outside]), mpis };
}

function malformed(problem: string): never {
  return fail('E_SIG_PACKET', `the signature is malformed: ${problem}`);
}

function area(body: Uint8Array, offset: number): { bytes: Uint8Array; end: number } {
  const length = readNumber(body, offset, 2) ?? malformed('it is cut off');
  const end = offset + 2 + length;
  if (end > body.length) malformed('an area of subpackets is cut off');
  return { bytes: body.subarray(offset + 2, end), end };
}

function readSubpackets(bytes: Uint8Array): Subpacket[] {
  const subpackets: Subpacket[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const length = readSubpacketLength(bytes, offset) ?? malformed('a subpacket is cut off');
    const start = offset + length.size;
    offset = start + length.value;
    const type = bytes[start];
    if (length.value === 0 || type === undefined || offset > bytes.length) malformed('a subpacket is cut off');
    subpackets.push({ type: type & 0x7f, critical: type >= 0x80, body: bytes.subarray(start + 1, offset) });
  }
  return subpackets;
}

function checkHashed(subpackets: readonly Subpacket[]): void {
  for (const { type, critical, body } of subpackets) {
    if (type === EXPIRATION) fail('E_SIG_EXPIRATION', 'the signature has an expiration time');
    if (type === NOTATION && !isNotation(body)) malformed('a notation does not fill its subpacket');
    if (critical && type === NOTATION) fail('E_SIG_SUBPACKET', 'the signature has a critical notation');
    if (critical && !KNOWN.has(type))
      fail('E_SIG_SUBPACKET', `the signature has an unknown critical subpacket ${type}`);
  }
}

/** Four bytes of flags, the lengths of name and value, and both; RFC 9580, section 5.2.3.24. */
function isNotation(body: Uint8Array): boolean {
  const name = readNumber(body, 4, 2);
  const value = readNumber(body, 6, 2);
  return name !== undefined && value !== undefined && body.length === 8 + name + value;
}

function checkUnhashed(subpackets: readonly Subpacket[]): void {
  const other = subpackets.find(({ type }) => type !== ISSUER && type !== ISSUER_FINGERPRINT);
  if (other !== undefined) {
    fail(
      'E_SIG_SUBPACKET',
      `the signature's unhashed area holds a subpacket ${other.type}; only its issuer may be there`,
    );
  }
}

function creationTime(hashed: readonly Subpacket[]): number {
  const times = hashed.filter(({ type }) => type === CREATED);
  const time = times[0]?.body.length === 4 ? readNumber(times[0].body, 0, 4) : undefined;
  if (times.length !== 1 || time === undefined) {
    fail('E_SIG_SUBPACKET', "the signature's hashed area does not hold exactly one creation time");
  }
  return time;
}

function issuersOf(subpackets: readonly Subpacket[]): string[] {
  const issuers = subpackets
    .filter(({ type }) => type === ISSUER || type === ISSUER_FINGERPRINT)
    .map(({ type, body }) => {
      if (type === ISSUER && body.length === 8) return toHex(body);
      if (type === ISSUER_FINGERPRINT && body.length === 21 && body[0] === 4) return toHex(body.subarray(1));
      return fail('E_SIG_ISSUER', 'the signature names its issuer in a form that is not that of a version 4 key');
    });
  if (issuers.length === 0) fail('E_SIG_ISSUER', 'the signature names no issuer');
  return issuers;
}
