import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../cli/spec/index.ts';

const page = await readFile(join(import.meta.dirname, '../../docs/json.md'), 'utf8');

test('every document that docs/json.md shows is JSON', () => {
  const blocks = Array.from(page.matchAll(/^```json\n(.*?)^```$/gms), ([, block = '']) => block);
  expect(blocks.length).toBeGreaterThan(3);
  for (const block of blocks) expect(() => JSON.parse(block) as unknown, block).not.toThrow();
});

test('every command that has results has its heading', () => {
  const names = Array.from(page.matchAll(/^### (.*)$/gm)).flatMap(([, heading = '']) =>
    Array.from(heading.matchAll(/`([^`]+)`/g), ([, name = '']) => name),
  );
  // A gateway answers requests.
  const known = COMMANDS.map(({ name }) => name).filter((name) => name !== 'serve');
  expect(names.sort()).toEqual(known.sort());
});
