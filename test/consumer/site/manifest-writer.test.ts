import { readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MANIFEST } from '../../../consumer/site/disk/manifest.ts';
import { ManifestWriter } from '../../../consumer/site/disk/manifest-writer.ts';
import { temporaryFolder } from '../../kit/readers.ts';

/** Some three megabytes, with characters of two bytes where parts meet. */
const LINES = Array.from({ length: 30_000 }, (_, i) => `${i} ${'é'.repeat(40)}`);

function write(root: string, lines: readonly string[]): boolean {
  const writer = new ManifestWriter(root);
  for (const line of lines) writer.add(line);
  return writer.finish('head');
}

test('its lines stand below the first one, however many there are, and nothing else is left', async () => {
  const root = await temporaryFolder();
  expect(write(root, LINES)).toBe(true);
  expect(await readFile(join(root, MANIFEST), 'utf8')).toBe(['head', ...LINES, ''].join('\n'));
  expect(await readdir(root)).toEqual([MANIFEST]);
});

test('one that says the same is left as it is, and one that differs in its last byte is replaced', async () => {
  const root = await temporaryFolder();
  write(root, LINES);
  expect(write(root, LINES)).toBe(false);
  expect(write(root, [...LINES.slice(0, -1), `${'x'.repeat(LINES.at(-1)?.length ?? 0)}`])).toBe(true);
  expect(write(root, [])).toBe(true);
  expect(await readFile(join(root, MANIFEST), 'utf8')).toBe('head\n');
});

test('a link in place of it, or of what it is made from, is not written through', async () => {
  const root = await temporaryFolder();
  const kept = join(await temporaryFolder(), 'kept');
  await writeFile(kept, 'kept');
  for (const name of [MANIFEST, '.pullthrough-site.part', '.pullthrough-site.part-lines']) {
    await symlink(kept, join(root, name));
  }
  expect(write(root, ['a'])).toBe(true);
  expect(await readFile(kept, 'utf8')).toBe('kept');
  expect(await readFile(join(root, MANIFEST), 'utf8')).toBe('head\na\n');
});
