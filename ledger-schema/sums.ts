import { brief, compareBytes, fromUtf8, isSortedUnique, utf8 } from './bytes.ts';
import { CHECKLIST_BYTES } from './checklist.ts';
import { fail } from './error.ts';
import type { ErrorCode } from './error.ts';
import { checkAssetNames } from './names/path.ts';

/** One line `<lower-case hex><two spaces><name>`. */
export interface Sum {
  readonly sha256: string;
  readonly name: string;
}

const LINE = /^([0-9a-f]{64}) {2}(.+)$/;

/**
 * Lines as GNU sha256sum writes them: sorted by the name's bytes, without duplicates, blank lines or comments, each
 * ended by a newline. Names are checked by the caller.
 */
export function parseSumLines(bytes: Uint8Array, code: ErrorCode, what: string): Sum[] {
  const text = fromUtf8(bytes);
  if (text === undefined) fail(code, `${what} is not UTF-8`);
  if (text === '') return [];
  if (!text.endsWith('\n')) fail(code, `${what} does not end with a newline`);
  const sums = text
    .slice(0, -1)
    .split('\n')
    .map((line, i) => {
      const match = LINE.exec(line);
      if (match === null) fail(code, `${what}, line ${i + 1}, is not '<sha256>  <name>': ${brief(line)}`);
      return { sha256: match[1] ?? '', name: match[2] ?? '' };
    });
  if (!isSortedUnique(sums.map((sum) => sum.name))) fail(code, `${what} is not sorted by name, or names a file twice`);
  return sums;
}

/** Writes lines sorted by the name's bytes. */
export function encodeSumLines(sums: readonly Sum[]): Uint8Array {
  const sorted = [...sums].sort((a, b) => compareBytes(a.name, b.name));
  return utf8(sorted.map((sum) => `${sum.sha256}  ${sum.name}\n`).join(''));
}

/**
 * Reads checklist.sha256: checklist.json and every asset; ledger-format.md, "checklist.sha256". Throws `E_SUMS`,
 * `E_ASSET_NAME`, `E_COLLISION`, `E_TOO_LARGE`.
 */
export function parseSums(bytes: Uint8Array): Sum[] {
  if (bytes.length > CHECKLIST_BYTES) fail('E_TOO_LARGE', `checklist.sha256 has more than ${CHECKLIST_BYTES} bytes`);
  const sums = parseSumLines(bytes, 'E_SUMS', 'checklist.sha256');
  if (!sums.some((sum) => sum.name === 'checklist.json'))
    fail('E_SUMS', 'checklist.sha256 does not list checklist.json');
  checkAssetNames(sums.map((sum) => sum.name).filter((name) => name !== 'checklist.json'));
  return sums;
}

/** Writes checklist.sha256. Throws as {@link parseSums} does. */
export function encodeSums(sums: readonly Sum[]): Uint8Array {
  const bytes = encodeSumLines(sums);
  parseSums(bytes);
  return bytes;
}
