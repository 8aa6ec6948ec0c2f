import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { bash, commandLines } from './bash.ts';

const here = { cwd: tmpdir(), env: { PATH: process.env['PATH'] } };

const SCRIPT = `# what for
if [ "$1" = x ]; then
  echo one \\
    more
else
  echo other
fi
`;

test('a command’s first line counts, not what only holds it together', () => {
  expect(commandLines(SCRIPT)).toEqual([2, 3, 6]);
});

test('what was reached is what ran', async () => {
  const { code, stdout, lines } = await bash(SCRIPT, here);
  expect([code, stdout]).toEqual([0, 'other\n']);
  expect([...lines].sort()).toEqual([2, 6]);
});

test('a pipe whose first command fails ends the script', async () => {
  const { code, stdout, lines } = await bash('false | cat\necho on\n', here);
  expect([code, stdout]).toEqual([1, '']);
  expect(lines.has(2)).toBe(false);
});
