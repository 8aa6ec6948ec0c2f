import { dearmor } from './armor.ts';
import type { ArmorKind } from './armor.ts';
import { fail } from '../error.ts';
import { readMpis, readNumber, splitPackets } from './packet.ts';
import type { Packet } from './packet.ts';
import {
  ECDSA,
  EDDSA_LEGACY,
  ISSUER,
  ISSUER_FINGERPRINT,
  NOTATION,
  RSA,
  RSA_SIGN,
  SIGNATURE_EXPIRES,
  creationTime,
  issuersOf,
  isReadable,
  nestsTooDeep,
  readSignaturePacket,
  unknownCritical,
} from './signature-packet.ts';
import type { SignaturePacket, Subpacket } from './signature-packet.ts';

/** The most bytes of a signature file. */
export const SIGNATURE_BYTES = 4096;

/** A signature file whose bytes obey "Signatures" of ledger-format.md; nothing is verified yet. */
export interface ParsedSignature {
  readonly algorithm: number;
  /** Seconds since 1970, as the signature's maker chose it. */
  readonly created: number;
  /** Every issuer that it names, upper-case hex: 16 digits of a key id, 40 of a fingerprint. */
  readonly issuers: readonly string[];
  readonly mpis: readonly Uint8Array[];
  /** The one packet, read. */
  readonly packet: SignaturePacket;
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
  return parseBody(packet);
}

function parseBody({ body }: Packet): ParsedSignature {
  const [version, type, algorithm = 0, hash = 0] = body;
  if (version === undefined) malformed('it is empty');
  if (version !== 4) fail('E_SIG_VERSION', `the signature is of version ${version}, not 4`);
  if (type !== 0x00) fail('E_SIG_TYPE', `the signature is of type ${type}, not 0 (binary)`);
  if (!HASHES.has(hash)) fail('E_SIG_HASH', `the signature uses hash ${hash}, not SHA-256, SHA-384 or SHA-512`);
  const count = MPIS.get(algorithm) ?? fail('E_SIG_ALGORITHM', `the signature uses algorithm ${algorithm}`);
  const packet = readSignaturePacket(body) ?? malformed('an area of subpackets is cut off');
  const mpis = readMpis(packet.numbers, count) ?? malformed('its numbers do not fill its packet');
  checkHashed(packet.hashed ?? malformed('a subpacket is cut off'));
  checkUnhashed(packet.unhashed ?? malformed('a subpacket is cut off'));
  if (nestsTooDeep(packet) || !isReadable(packet)) malformed('a signature that is embedded in it cannot be read');
  const created = creationTime(packet);
  if (created === undefined) {
    fail('E_SIG_SUBPACKET', "the signature's hashed area does not hold exactly one creation time");
  }
  const issuers = issuersOf(packet);
  if (issuers === undefined) {
    fail('E_SIG_ISSUER', 'the signature names its issuer in a form that is not that of a version 4 key');
  }
  if (issuers.length === 0) fail('E_SIG_ISSUER', 'the signature names no issuer');
  return { algorithm, created, issuers, mpis, packet };
}

function malformed(problem: string): never {
  return fail('E_SIG_PACKET', `the signature is malformed: ${problem}`);
}

function checkHashed(subpackets: readonly Subpacket[]): void {
  for (const { type, body } of subpackets) {
    if (type === SIGNATURE_EXPIRES) fail('E_SIG_EXPIRATION', 'the signature has an expiration time');
    if (type === NOTATION && !isNotation(body)) malformed('a notation does not fill its subpacket');
  }
  const critical = unknownCritical(subpackets);
  if (critical?.type === NOTATION) fail('E_SIG_SUBPACKET', 'the signature has a critical notation');
  if (critical !== undefined) {
    fail('E_SIG_SUBPACKET', `the signature has an unknown critical subpacket ${critical.type}`);
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
