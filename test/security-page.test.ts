import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'SECURITY.md'), 'utf8');
const promises = [...page.matchAll(/^\| ([^|]+) \| `(test\/[^`]+)`(?:: ([^|]+))? \|$/gm)].map(
  ([, promise, file, title]) => ({
    promise: promise?.trim() ?? '',
    file: file ?? '',
    title: title?.trim() ?? '',
  }),
);

test('SECURITY.md names a test beside each promise', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && !/^\| (?:promise|---)/.test(line));
  expect(promises).toHaveLength(rows.length);
  expect(promises.length).toBeGreaterThan(15);
});

test.each(promises)('the test of "$promise" is there', ({ file, title }) => {
  expect(readFileSync(join(root, file), 'utf8')).toContain(title);
});
