import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { escapeNonAscii } from '../../scripts/bundle/one-byte-text.ts';

test.each(["'’ and 😀'", '`a — ${1 + 1} “b”`', '/^[–—’]+$/.test("—")', '/^[😀]$/u.test("😀")', '({ größe: 1 }).größe'])(
  'a program means the same in ASCII: %s',
  (code) => {
    const ascii = escapeNonAscii(code);
    expect(ascii).toMatch(/^[\x00-\x7f]*$/);
    expect(runInNewContext(ascii)).toEqual(runInNewContext(code));
  },
);

test.each([String.raw`"\’"`, 'String.raw`’`'])('what would mean something else in ASCII is refused: %s', (code) => {
  expect(() => escapeNonAscii(code)).toThrow('cannot be written in ASCII');
});
