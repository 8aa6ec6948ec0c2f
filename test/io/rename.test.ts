import { lstat, mkdir, mkdtemp, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { moveTo, placeAt } from '../../io/files/rename.ts';

/** A system whose first renames fail. */
function failing(platform: NodeJS.Platform, times: number, code: string) {
  const calls: string[] = [];
  const rename = async (from: string, to: string): Promise<void> => {
    calls.push(`${from} ${to}`);
    if (calls.length <= times) throw Object.assign(new Error(code), { code, syscall: 'rename' });
  };
  return { platform, rename, calls };
}

describe('moveTo', () => {
  test('moves a file over what is there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pt-rename-'));
    await writeFile(join(folder, 'new'), 'new');
    await writeFile(join(folder, 'old'), 'old');
    await moveTo(join(folder, 'new'), join(folder, 'old'));
    expect(await readFile(join(folder, 'old'), 'utf8')).toBe('new');
  });

  test.each(['EPERM', 'EACCES', 'EBUSY'])('on Windows waits for who has it open: %s', async (code) => {
    const system = failing('win32', 3, code);
    await moveTo('a', 'b', system);
    expect(system.calls).toEqual(['a b', 'a b', 'a b', 'a b']);
  });

  test('on Windows gives up in the end', async () => {
    const system = failing('win32', 100, 'EPERM');
    await expect(moveTo('a', 'b', system)).rejects.toMatchObject({ code: 'EPERM' });
    expect(system.calls).toHaveLength(8);
  });

  test.each([
    ['linux', 'EPERM'],
    ['darwin', 'EACCES'],
    ['win32', 'ENOSPC'],
  ] as const)('on %s %s is final', async (platform, code) => {
    const system = failing(platform, 1, code);
    await expect(moveTo('a', 'b', system)).rejects.toMatchObject({ code });
    expect(system.calls).toHaveLength(1);
  });
});

describe('placeAt', () => {
  test('moves a file where nothing is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pt-place-'));
    await writeFile(join(folder, 'new'), 'new');
    await placeAt(join(folder, 'new'), join(folder, 'there'));
    expect(await readdir(folder)).toEqual(['there']);
  });

  test.each([
    ['a file', (path: string) => writeFile(path, 'mine')],
    ['a link to nothing', (path: string) => symlink('nothing', path)],
    ['a folder', (path: string) => mkdir(path)],
  ])('leaves %s as it is', async (_, put) => {
    const folder = await mkdtemp(join(tmpdir(), 'pt-place-'));
    await writeFile(join(folder, 'new'), 'new');
    await put(join(folder, 'there'));
    const before = await lstat(join(folder, 'there'));
    await expect(placeAt(join(folder, 'new'), join(folder, 'there'))).rejects.toMatchObject({ code: 'E_EXISTS' });
    expect((await lstat(join(folder, 'there'))).ino).toBe(before.ino);
    expect(await readFile(join(folder, 'new'), 'utf8')).toBe('new');
  });
});
