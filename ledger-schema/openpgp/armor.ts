import { fromUtf8 } from '../bytes.ts';
import { fail } from '../error.ts';
import type { ErrorCode } from '../error.ts';

export interface ArmorKind {
  readonly label: 'PGP SIGNATURE' | 'PGP PUBLIC KEY BLOCK';
  /** The most bytes of the whole file. */
  readonly limit: number;
  /** The code for anything wrong with the block, except its checksum. */
  readonly code: ErrorCode;
  readonly crcCode: ErrorCode;
}

/**
 * The bytes of a file that is exactly one armour block in the format's one shape: the BEGIN line, an empty line, base64
 * lines of at most 76 characters, the CRC-24 line, the END line, each ended by LF; openpgp.md, "Armour".
 */
export function dearmor(file: Uint8Array, kind: ArmorKind): Uint8Array {
  const refuse = (problem: string): never => fail(kind.code, `not one armour block of ${kind.label}: ${problem}`);
  if (file.length > kind.limit) refuse(`it has more than ${kind.limit} bytes`);
  const lines = (fromUtf8(file) ?? refuse('it is not text')).split('\n');
  if (lines.pop() !== '') refuse('its last line does not end with a newline');
  if (lines.shift() !== `-----BEGIN ${kind.label}-----`) refuse('it does not begin with the BEGIN line alone');
  if (lines.pop() !== `-----END ${kind.label}-----`) refuse('it does not end with the END line alone');
  if (lines.shift() !== '') refuse('the BEGIN line is not followed by an empty line (armour headers are not allowed)');
  const crc = /^=([A-Za-z0-9+/]{4})$/.exec(lines.pop() ?? '')?.[1];
  if (crc === undefined) fail(kind.crcCode, `not one armour block of ${kind.label}: its CRC-24 line is missing`);
  const body = lines.map((line, i) => {
    if (line.length === 0 || line.length > 76 || !/^[A-Za-z0-9+/]*={0,2}$/.test(line))
      refuse(`line ${i + 3} is not base64 of at most 76 characters`);
    if (line.includes('=') && i < lines.length - 1) refuse(`line ${i + 3} ends the base64 before its last line`);
    return line;
  });
  const bytes = fromBase64(body.join('')) ?? refuse('its base64 is not in its one form');
  if (crc !== checksum(bytes)) fail(kind.crcCode, `not one armour block of ${kind.label}: its CRC-24 is wrong`);
  return bytes;
}

/** Writes the one shape that {@link dearmor} reads, 64 characters a line. */
export function armor(bytes: Uint8Array, label: ArmorKind['label']): string {
  const lines = toBase64(bytes).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, '', ...lines, `=${checksum(bytes)}`, `-----END ${label}-----`, ''].join('\n');
}

/**
 * The bytes of the first armour block of a file as people have them: text around it, armour headers, other line ends and
 * lengths of lines, no checksum. Undefined where there is no block, or its base64 or checksum is wrong.
 */
export function looseArmor(file: Uint8Array): Uint8Array | undefined {
  const block = /^-----BEGIN PGP ([A-Z ]+)-----[ \t]*$(.*?)^-----END PGP \1-----[ \t]*$/ms.exec(
    (fromUtf8(file) ?? '').replaceAll('\r\n', '\n'),
  );
  if (block?.[2] === undefined) return undefined;
  const lines = block[2].split('\n').map((line) => line.trim());
  lines.shift();
  while (/^[A-Za-z][A-Za-z0-9-]*:/.test(lines[0] ?? '')) lines.shift();
  const base64 = lines.filter((line) => line !== '');
  const crc = /^=[A-Za-z0-9+/]{4}$/.test(base64.at(-1) ?? '') ? base64.pop() : undefined;
  const bytes = fromBase64(base64.join(''));
  return bytes !== undefined && (crc === undefined || crc === `=${checksum(bytes)}`) ? bytes : undefined;
}

/** The CRC-24 of RFC 9580, section 6.1.1, for each value of its first byte. */
const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 16;
  for (let i = 0; i < 8; i++) crc = crc & 0x800000 ? ((crc << 1) ^ 0x864cfb) & 0xffffff : (crc << 1) & 0xffffff;
  return crc;
});

function checksum(bytes: Uint8Array): string {
  let crc = 0xb704ce;
  // Signatures come by the ten thousand: an iterator would make an object for each of their bytes.
  for (let i = 0; i < bytes.length; i++) {
    crc = ((crc << 8) & 0xffffff) ^ (CRC_TABLE[(crc >>> 16) ^ (bytes[i] ?? 0)] ?? 0);
  }
  return toBase64(Uint8Array.of(crc >>> 16, (crc >>> 8) & 0xff, crc & 0xff));
}

function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** The six bits of each character by its code; -1 for others. */
const SIX_BITS = new Int8Array(128).fill(-1);
for (let i = 0; i < 64; i++) SIX_BITS[ALPHABET.charCodeAt(i)] = i;

/** The bytes of base64 in its one spelling: padded, and no bits beyond the last byte. */
function fromBase64(text: string): Uint8Array | undefined {
  if (text.length === 0 || text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let bits = 0;
  let held = 0;
  let length = 0;
  for (let i = 0; i < text.length - padding; i++) {
    const value = SIX_BITS[text.charCodeAt(i)] ?? -1;
    if (value < 0) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes[length++] = bits >> held;
  }
  return (bits & ((1 << held) - 1)) === 0 ? bytes : undefined;
}
