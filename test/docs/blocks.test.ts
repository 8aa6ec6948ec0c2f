import { expect, test } from 'vitest';
import { commandsOf } from './blocks.ts';

const block = (text: string) => ({ language: 'sh', words: [], heading: '', line: 10, text });

test('each line is a command, or goes on in the next; a comment behind it says how it ends', () => {
  const text =
    '# first\npullthrough a \\\n  --b\n\npullthrough watch   # exits 3 if so\npullthrough c  # exit 3 otherwise\n';
  expect(commandsOf(block(text))).toEqual([
    { text: 'pullthrough a \\\n  --b\n', line: 11, status: 0 },
    { text: 'pullthrough watch   # exits 3 if so\n', line: 14, status: 3 },
    { text: 'pullthrough c  # exit 3 otherwise\n', line: 15, status: 0 },
  ]);
});
