import { bytesToHex } from '@noble/hashes/utils.js';
import { fail } from '../error.ts';
import type { ErrorCode } from '../error.ts';

export interface Packet {
  readonly tag: number;
  readonly body: Uint8Array;
}

/** More than any key of 64 KiB has. */
const MAX_PACKETS = 4096;

/**
 * Splits OpenPGP bytes into packets; RFC 9580, section 4.2, without the partial and indeterminate lengths that only
 * data packets may have. Throws `code` for anything that isn't whole packets to the last byte.
 */
export function splitPackets(bytes: Uint8Array, code: ErrorCode, what: string): Packet[] {
  const packets: Packet[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    if (packets.length === MAX_PACKETS) fail(code, `${what} has more than ${MAX_PACKETS} packets`);
    const header = readHeader(bytes, offset) ?? fail(code, `${what} has a packet header that is not allowed`);
    const end = header.start + header.length;
    if (end > bytes.length) fail(code, `${what} ends inside a packet`);
    packets.push({ tag: header.tag, body: bytes.subarray(header.start, end) });
    offset = end;
  }
  return packets;
}

interface Header {
  readonly tag: number;
  readonly start: number;
  readonly length: number;
}

function readHeader(bytes: Uint8Array, offset: number): Header | undefined {
  const first = bytes[offset] ?? 0;
  if ((first & 0x80) === 0) return undefined;
  if ((first & 0x40) !== 0) {
    const length = readLength(bytes, offset + 1);
    return length === undefined
      ? undefined
      : { tag: first & 0x3f, start: offset + 1 + length.size, length: length.value };
  }
  const size = [1, 2, 4][first & 3];
  const value = size === undefined ? undefined : readNumber(bytes, offset + 1, size);
  if (size === undefined || value === undefined) return undefined;
  return { tag: (first >> 2) & 0xf, start: offset + 1 + size, length: value };
}

export interface Length {
  readonly value: number;
  /** How many bytes the length itself takes. */
  readonly size: number;
}

/** A new-format packet length; undefined for a partial one or one that is cut off. */
function readLength(bytes: Uint8Array, offset: number): Length | undefined {
  const first = bytes[offset];
  return first !== undefined && first >= 224 && first < 255 ? undefined : readSubpacketLength(bytes, offset);
}

/** The length of a signature subpacket; RFC 9580, section 5.2.3.7. */
export function readSubpacketLength(bytes: Uint8Array, offset: number): Length | undefined {
  const first = bytes[offset];
  if (first === undefined) return undefined;
  if (first < 192) return { value: first, size: 1 };
  if (first < 255) {
    const second = bytes[offset + 1];
    return second === undefined ? undefined : { value: ((first - 192) << 8) + second + 192, size: 2 };
  }
  const value = readNumber(bytes, offset + 1, 4);
  return value === undefined ? undefined : { value, size: 5 };
}

/** A big-endian number of `size` bytes; undefined where it is cut off. */
export function readNumber(bytes: Uint8Array, offset: number, size: number): number | undefined {
  if (offset + size > bytes.length) return undefined;
  let number = 0;
  for (let i = offset; i < offset + size; i++) number = number * 256 + (bytes[i] ?? 0);
  return number;
}

/**
 * Reads `count` multiprecision integers that must fill the bytes, each in its one form: the length in bits begins at the
 * highest bit that is set (RFC 9580, section 3.2), so no leading zeros. Undefined where they don't.
 */
export function readMpis(bytes: Uint8Array, count: number): Uint8Array[] | undefined {
  const mpis: Uint8Array[] = [];
  let offset = 0;
  while (mpis.length < count) {
    const bits = readNumber(bytes, offset, 2);
    if (bits === undefined) return undefined;
    const end = offset + 2 + Math.ceil(bits / 8);
    if (end > bytes.length) return undefined;
    const mpi = bytes.subarray(offset + 2, end);
    if (mpi[0] !== undefined && 32 - Math.clz32(mpi[0]) + (mpi.length - 1) * 8 !== bits) return undefined;
    mpis.push(mpi);
    offset = end;
  }
  return offset === bytes.length ? mpis : undefined;
}

/** Upper-case hex. */
export function toHex(bytes: Uint8Array): string {
  return bytesToHex(bytes).toUpperCase();
}
