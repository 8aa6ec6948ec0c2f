import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FINDINGS } from '../../inspect/finding.ts';

const page = await readFile(join(import.meta.dirname, '../../docs/findings.md'), 'utf8');
const sections = page
  .split(/^### /m)
  .slice(1)
  .map((section) => section.replace(/^## .*/ms, ''));

test('every finding has its section, in the order of the code, with its level and what it means', () => {
  const heads = sections.map((section) => section.split('\n').slice(0, 3).join('\n'));
  const expected = Object.entries(FINDINGS).map(([name, [level, means]]) => {
    return `\`${name}\` (${level})\n\n${means.charAt(0).toUpperCase()}${means.slice(1)}.`;
  });
  expect(heads).toEqual(expected);
});

test('every section has an example and says what to do', () => {
  for (const section of sections) {
    expect(section, section.slice(0, 40)).toMatch(/^Example: \*.+\*$/m);
    expect(section, section.slice(0, 40)).toMatch(/^What to do: .{5,}/m);
  }
});
