import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFolders, openPending, readBlocks, readFileBounded, writeFileAtomic } from '../../io/files/file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullthrough-file-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('an atomic write', () => {
  test('makes the folder, and leaves the file alone in it', async () => {
    await writeFileAtomic(join(folder, 'a', 'b', 'c'), 'text');
    expect(await readFile(join(folder, 'a', 'b', 'c'), 'utf8')).toBe('text');
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['c']);
  });

  test('replaces a file, and a link itself instead of what it points to', async () => {
    await writeFile(join(folder, 'target'), 'target');
    await symlink('target', join(folder, 'link'));
    await writeFileAtomic(join(folder, 'link'), Buffer.from('new'), 0o600);
    expect(await readFile(join(folder, 'target'), 'utf8')).toBe('target');
    expect(await readFile(join(folder, 'link'), 'utf8')).toBe('new');
    expect((await stat(join(folder, 'link'))).mode & 0o777).toBe(0o600);
  });

  test('that can’t be made is E_IO and leaves nothing', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(() => writeFileAtomic(join(folder, 'file', 'below'), 'x')).toFailWith('E_IO');
    await expect(() => writeFileAtomic(folder, 'x')).toFailWith('E_IO');
    expect(await readdir(folder)).toEqual(['file']);
  });
});

describe('folders', () => {
  test('are made with those above them, and only what was made is given', async () => {
    const [a, b, c] = [join(folder, 'a'), join(folder, 'a', 'b'), join(folder, 'a', 'b', 'c')];
    expect(await makeFolders(a, 0o700)).toEqual([a]);
    expect((await stat(a)).mode & 0o777).toBe(0o700);
    expect(await makeFolders(c)).toEqual([c, b]);
    expect(await makeFolders(c)).toEqual([]);
  });

  test('are made by several at once', async () => {
    const path = join(folder, 'a', 'b', 'c');
    const made = await Promise.all(Array.from({ length: 8 }, () => makeFolders(path)));
    expect(made.flat().sort()).toEqual([join(folder, 'a'), join(folder, 'a', 'b'), path]);
  });

  test('behind a file or a link to nothing are refused', async () => {
    await writeFile(join(folder, 'file'), '');
    await symlink('nothing', join(folder, 'link'));
    await expect(makeFolders(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolders(join(folder, 'file', 'x'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(makeFolders(join(folder, 'link'))).rejects.toMatchObject({ code: 'EEXIST' });
  });

  test.runIf(process.platform === 'linux')('end at once where the system makes none', async () => {
    await expect(makeFolders('/proc/pullthrough')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(() => writeFileAtomic('/proc/pullthrough/a/b', 'x')).toFailWith('E_IO');
  });
});

describe('a bounded read', () => {
  test('gives the bytes, or undefined where nothing is', async () => {
    await writeFile(join(folder, 'f'), 'x'.repeat(100_000));
    expect(await readFileBounded(join(folder, 'f'), 100_000)).toHaveLength(100_000);
    expect(await readFileBounded(join(folder, 'none'), 10)).toBeUndefined();
    await writeFile(join(folder, 'empty'), '');
    expect(await readFileBounded(join(folder, 'empty'), 0)).toHaveLength(0);
  });

  test('of too much is E_TOO_LARGE, also where the size isn’t said', async () => {
    await writeFile(join(folder, 'f'), 'x'.repeat(100_000));
    await expect(() => readFileBounded(join(folder, 'f'), 99_999)).toFailWith('E_TOO_LARGE');
    if (process.platform === 'linux')
      await expect(() => readFileBounded('/proc/self/maps', 100)).toFailWith('E_TOO_LARGE');
    await expect(() => readFileBounded(folder, 100)).toFailWith('E_IO');
  });
});

describe('a pending file', () => {
  test('takes many chunks of any size, in order', async () => {
    const pending = await openPending({ folder });
    const parts = Array.from({ length: 3000 }, (_, at) => Buffer.alloc((at * 7919) % 5000, at));
    for (const part of parts) await pending.write(part);
    const whole = Buffer.concat(parts);
    expect(pending.size).toBe(whole.length);
    await pending.commit(join(folder, 'f'));
    await pending.discard();
    expect((await readFile(join(folder, 'f'))).equals(whole)).toBe(true);
    expect(await readdir(folder)).toEqual(['f']);
  });

  test('begins again without a trace of what it held', async () => {
    const pending = await openPending({ folder });
    await pending.write(Buffer.alloc(3_000_000, 1));
    await pending.write(Buffer.alloc(10, 1));
    await pending.restart();
    await pending.write(Buffer.from('short'));
    await pending.commit(join(folder, 'f'));
    expect(await readFile(join(folder, 'f'), 'utf8')).toBe('short');
  });

  test('that is discarded is gone, and one that became a file isn’t', async () => {
    const pending = await openPending({ folder: join(folder, 'sub') });
    await pending.append(readBlocks(process.execPath));
    expect(pending.size).toBeGreaterThan(10_000_000);
    await pending.discard();
    expect(await readdir(join(folder, 'sub'))).toEqual([]);
  });
});

describe('a file that is read in blocks', () => {
  test('comes whole, and again for whoever stops early', async () => {
    const path = join(folder, 'large');
    const bytes = randomBytes(3_000_001);
    await writeFile(path, bytes);
    let first = 0;
    await readBlocks(path).each((chunk) => {
      first += chunk.length;
      return false;
    });
    expect(first).toBeGreaterThan(0);
    const parts: Uint8Array[] = [];
    for await (const chunk of readBlocks(path)) parts.push(chunk);
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
  });

  test('fails in its turn where it cannot be read, and not beside it', async () => {
    await expect(readBlocks(folder).each(() => undefined)).rejects.toMatchObject({ code: 'EISDIR' });
  });
});
