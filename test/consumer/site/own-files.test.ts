import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SiteFolder } from '../../../consumer/site/disk/folder.ts';
import { OwnFiles } from '../../../consumer/site/disk/own-files.ts';
import { temporaryFolder } from '../../kit/readers.ts';

const DIGESTS = 'files/abc.json';
const NONE: ReadonlySet<string> = new Set();

/** A site whose first run was killed while it wrote, and the next run's folder. */
async function afterKilled(): Promise<{ root: string; folder: SiteFolder }> {
  const root = join(await temporaryFolder(), 'site');
  const killed = SiteFolder.open(root);
  new OwnFiles(killed, NONE).put({ path: 'trust.json', content: '{}' });
  const folder = SiteFolder.open(root);
  expect(folder.fresh).toBe(false);
  return { root, folder };
}

test('a file is written several times in a run that follows a killed one', async () => {
  const { root, folder } = await afterKilled();
  const own = new OwnFiles(folder, NONE);
  for (const content of ['one', 'one and two', 'all three']) own.put({ path: DIGESTS, content });
  expect(await readFile(join(root, DIGESTS), 'utf8')).toBe('all three');
  expect(own.paths).toEqual([DIGESTS]);
  expect([...own.gone(), ...folder.leftover.files]).toEqual(['trust.json']);
});

test('a file of somebody else is not replaced, though the run before was killed', async () => {
  const { root, folder } = await afterKilled();
  await writeFile(join(root, 'index.html'), 'mine');
  const own = new OwnFiles(folder, NONE);
  await expect(() => own.put({ path: 'index.html', content: 'x' })).toFailWith('E_EXISTS');
  expect(await readFile(join(root, 'index.html'), 'utf8')).toBe('mine');
});

test('what an earlier run wrote is gone where this one neither writes nor keeps it', async () => {
  const root = join(await temporaryFolder(), 'site');
  const own = new OwnFiles(SiteFolder.open(root), new Set(['a.html', 'b.html', 'c.html']));
  own.put({ path: 'a.html', content: 'a' });
  own.keep('b.html');
  expect(own.gone()).toEqual(['c.html']);
  expect(own.paths).toEqual(['a.html', 'b.html']);
  expect(await readdir(root)).toContain('a.html');
});
