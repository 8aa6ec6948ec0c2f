import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesBelow } from '../../consumer/verify/files-below.ts';
import { hashFile } from '../../consumer/verify/hashed-file.ts';
import { sha256Hex, utf8 } from '../../ledger-schema/index.ts';
import { temporaryFolder } from '../kit/readers.ts';

/** Paths below the folder, as they are shown. */
async function shown(folder: string, ignoreLinks = false) {
  const { files, unread } = await filesBelow(folder, ignoreLinks);
  const short = (path: string) => path.slice(folder.length + 1);
  return { files: files.map((file) => short(file.shown)), unread: unread.map(({ path }) => short(path)) };
}

test('a name that is not UTF-8 is a line, and its bytes are read', async () => {
  const folder = await temporaryFolder();
  await writeFile(Buffer.concat([Buffer.from(`${folder}/a`), Buffer.of(0xff, 0x0a)]), 'x');
  await writeFile(join(folder, 'é'), 'y');
  const { files } = await filesBelow(folder);
  expect(files.map((file) => file.shown.slice(folder.length))).toEqual(['/a\\xff\n', '/é']);
  expect((await hashFile(files[0]!)).sha256).toBe(sha256Hex(utf8('x')));
});

test('each folder is looked at once, also where links lead in circles', async () => {
  const folder = await temporaryFolder();
  const outside = await temporaryFolder();
  await writeFile(join(outside, 'far'), 'x');
  await mkdir(join(folder, 'deep'));
  await writeFile(join(folder, 'deep', 'near'), 'x');
  await symlink('..', join(folder, 'deep', 'up'));
  await symlink('deep', join(folder, 'a-link'));
  await symlink(outside, join(folder, 'out'));
  await symlink(folder, join(outside, 'back'));
  expect(await shown(folder)).toEqual({ files: ['deep/near', 'out/far'], unread: [] });
  expect(await shown(folder, true)).toEqual({ files: ['deep/near'], unread: [] });
});

test('what is not a file, and a link to nothing or to itself, is told as unread', async () => {
  const folder = await temporaryFolder();
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  await symlink('nothing', join(folder, 'dangling'));
  await symlink('loop', join(folder, 'loop'));
  expect(await shown(folder)).toEqual({ files: [], unread: ['dangling', 'loop', 'pipe'] });
  expect(await shown(folder, true)).toEqual({ files: [], unread: ['pipe'] });
});
