import { brief, fromUtf8 } from '../ledger-schema/bytes.ts';
import { fail } from '../ledger-schema/error.ts';
import { EVIDENCE_BYTES } from '../ledger-schema/evidence.ts';

/** Bundles and in-toto statements have about eight levels. */
const JSON_DEPTH = 32;

/** Certificates have about nine levels, timestamps twelve. */
const DER_DEPTH = 32;

/** More than any certificate or timestamp of a bundle has. */
const DER_BYTES = 32 * 1024;

/** Where a string that begins at `from` ends: behind its second quote. */
function endOfString(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x22) return i + 1;
    if (char === 0x5c) i += 1;
  }
  return text.length;
}

/** A key as a parser reads it: `"\u0061"` is `a` too. */
function keyOf(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}

/**
 * Walks JSON before a parser does: what is wrong with it, that a parser would take. Two values under one key are read
 * differently by different programs.
 */
function oddities(text: string): string | undefined {
  // The keys of each open object; undefined for an array.
  const open: (Set<string> | undefined)[] = [];
  const colon = /[ \t\r\n]*:/y;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x5b || char === 0x7b) {
      open.push(char === 0x7b ? new Set() : undefined);
      if (open.length > JSON_DEPTH) return `is nested more than ${JSON_DEPTH} levels deep`;
    } else if (char === 0x5d || char === 0x7d) open.pop();
    else if (char === 0x22) {
      const end = endOfString(text, i);
      const keys = open.at(-1);
      colon.lastIndex = end;
      if (keys !== undefined && colon.test(text)) {
        const key = keyOf(text.slice(i, end));
        if (keys.has(key)) return `has the key ${brief(key)} twice`;
        keys.add(key);
      }
      i = end - 1;
    }
  }
  return undefined;
}

/**
 * Reads JSON that anybody may have written: bounded, UTF-8, not nested deeply, no key twice in one object. Throws
 * `E_EVIDENCE`.
 */
export function parseHostileJson(bytes: Uint8Array, what: string): unknown {
  if (bytes.length > EVIDENCE_BYTES) fail('E_EVIDENCE', `${what} has more than ${EVIDENCE_BYTES} bytes`);
  const text = fromUtf8(bytes) ?? fail('E_EVIDENCE', `${what} is not UTF-8`);
  const odd = oddities(text);
  if (odd !== undefined) fail('E_EVIDENCE', `${what} ${odd}`);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    return fail('E_EVIDENCE', `${what} is not JSON`, { cause });
  }
}

/** A member of an object that anybody may have written; undefined where there is none, or it is null. */
export function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key] ?? undefined;
}

/**
 * Walks DER before a library does: every length inside its parent, definite and bounded, not nested deeply, nothing
 * after it. Throws `E_EVIDENCE`.
 */
export function checkDer(der: Uint8Array, what: string): void {
  if (der.length > DER_BYTES) fail('E_EVIDENCE', `${what} has more than ${DER_BYTES} bytes`);
  const end = walk(der, { from: 0, to: der.length }, 1, what);
  if (end !== der.length) fail('E_EVIDENCE', `${what} is not one DER value`);
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Returns the end of the value that begins at `range.from`. */
function walk(der: Uint8Array, range: Range, depth: number, what: string): number {
  if (depth > DER_DEPTH) fail('E_EVIDENCE', `${what} is nested more than ${DER_DEPTH} levels deep`);
  const [tag, first] = [der[range.from], der[range.from + 1]];
  if (tag === undefined || first === undefined || range.from + 2 > range.to) return broken(what);
  let [start, length] = [range.from + 2, first];
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 3 || start + count > range.to) return broken(what);
    length = der.subarray(start, start + count).reduce((sum, byte) => sum * 256 + byte, 0);
    start += count;
  }
  const end = start + length;
  if (end > range.to) return broken(what);
  const constructed = (tag & 0x20) !== 0;
  // What is inside an octet string is its own matter, but a parser may go in there.
  const octets = tag === 0x04 && depth < DER_DEPTH;
  if (constructed) {
    for (let at = start; at < end;) at = walk(der, { from: at, to: end }, depth + 1, what);
  } else if (octets && length > 1 && der[start] !== undefined) {
    checkOctets(der, { from: start, to: end }, depth + 1, what);
  }
  return end;
}

/** Refuses only what is nested too deeply and well-formed up to there. */
function checkOctets(der: Uint8Array, range: Range, depth: number, what: string): void {
  let open = depth;
  let { from, to } = range;
  while (to - from >= 2 && ((der[from] ?? 0) & 0x20 || der[from] === 0x04)) {
    const first = der[from + 1] ?? 0;
    const count = first >= 0x80 ? first & 0x7f : 0;
    const length = count === 0 ? first : der.subarray(from + 2, from + 2 + count).reduce((n, b) => n * 256 + b, 0);
    from += 2 + count;
    if (from + length > to) return;
    to = from + length;
    open += 1;
    if (open > DER_DEPTH) fail('E_EVIDENCE', `${what} is nested more than ${DER_DEPTH} levels deep`);
  }
}

function broken(what: string): never {
  return fail('E_EVIDENCE', `${what} is not well-formed DER`);
}
