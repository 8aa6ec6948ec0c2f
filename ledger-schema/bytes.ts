import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** The SHA-256 of `bytes`, as 64 lower-case hex digits. */
export function sha256Hex(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes));
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Decodes UTF-8; undefined where the bytes are not UTF-8. A byte order mark is kept, so that it is seen and refused. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Orders two strings by their UTF-8 bytes, as every list of the format is ordered. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  let same = 0;
  while (same < a.length && a.charCodeAt(same) === b.charCodeAt(same)) same++;
  // Without surrogates, UTF-16 and UTF-8 sort alike; NaN is the end of the shorter string.
  const units = [a.charCodeAt(same), b.charCodeAt(same)] as const;
  if (!(units[0] >= 0xd800) && !(units[1] >= 0xd800)) {
    return Number.isNaN(units[0]) || units[0] < units[1] ? -1 : 1;
  }
  const left = utf8(a);
  const right = utf8(b);
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Are the strings sorted by their bytes, without duplicates? */
export function isSortedUnique(items: readonly string[]): boolean {
  return items.every((item, i) => i === 0 || compareBytes(items[i - 1] ?? '', item) < 0);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** A value from outside, short enough for a message. Output escapes it; this only bounds it. */
export function brief(text: string): string {
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
