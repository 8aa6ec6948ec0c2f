import { readFile, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ledgerIdentity, memoryFile } from '../../ledger/view/memory.ts';
import type { Memory } from '../../ledger/view/memory.ts';
import { temporaryFolder } from '../kit/readers.ts';

const identity = ledgerIdentity('https://example.org/ledger.git', 'main');
const MEMORY: Memory = {
  commit: 'a'.repeat(40),
  policies: [
    { version: 2, sha256: 'b'.repeat(64) },
    { version: 3, sha256: 'c'.repeat(64) },
  ],
};

async function remembered(memory: Memory = MEMORY) {
  const file = memoryFile(await temporaryFolder(), identity);
  await file.update(async () => memory);
  return file;
}

describe('the memory of a ledger', () => {
  test('is what was written, in a file of the user alone', async () => {
    const file = await remembered();
    expect(await file.read()).toEqual(MEMORY);
    expect((await stat(file.path)).mode & 0o077).toBe(0);
    expect(await readdir(dirname(file.path))).toEqual([file.path.slice(dirname(file.path).length + 1)]);
  });

  test('is nothing at first', async () => {
    expect(await memoryFile(await temporaryFolder(), identity).read()).toBeUndefined();
  });

  test('tells a person which ledger it is of', async () => {
    const file = await remembered();
    expect(await readFile(file.path, 'utf8')).toContain('"ledger": "https://example.org/ledger"');
  });

  test('an update that fails leaves it as it was, and lets the next one in', async () => {
    const file = await remembered();
    await expect(file.update(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await file.read()).toEqual(MEMORY);
    await file.update(async (current) => ({ ...current!, commit: 'd'.repeat(40) }));
    expect((await file.read())?.commit).toBe('d'.repeat(40));
  });

  test.each([
    ['no JSON', () => '{'],
    ['empty', () => ''],
    ['cut off', (text: string) => text.slice(0, 100)],
    ['of another format', (text: string) => text.replace('"format": 1', '"format": 2')],
    ['with another key', (text: string) => text.replace('"format": 1', '"format": 1, "more": 1')],
    ['of another ledger', (text: string) => text.replace('example.org', 'example.com')],
    ['with a gap', (text: string) => text.replace('"version": 3', '"version": 4')],
    ['without policies', (text: string) => text.replace(/"policies": \[[^\]]*\]/, '"policies": []')],
    ['with no commit', (text: string) => text.replace('a'.repeat(40), 'main')],
    ['too long', (text: string) => text + ' '.repeat(3_000_000)],
  ])('that is damaged (%s) is never forgotten silently', async (_, damage) => {
    const file = await remembered();
    await writeFile(file.path, damage(await readFile(file.path, 'utf8')));
    await expect(() => file.read()).toFailWith('E_MEMORY');
    await expect(() => file.update(async () => MEMORY)).toFailWith('E_MEMORY');
    await expect(file.read()).rejects.toMatchObject({ hint: expect.stringContaining('removing that file') as string });
  });

  test('that is damaged is told by what is wrong with it', async () => {
    const file = await remembered();
    await writeFile(file.path, (await readFile(file.path, 'utf8')).replace('a'.repeat(40), 'main'));
    await expect(file.read()).rejects.toMatchObject({ message: expect.stringContaining('(commit: ') as string });
  });

  test('that cannot be written says so', async () => {
    const folder = join(await temporaryFolder(), 'file');
    await writeFile(folder, '');
    expect(await memoryFile(folder, identity).read()).toBeUndefined();
    const written = memoryFile(folder, identity).update(async () => MEMORY);
    await expect(written).rejects.toMatchObject({
      code: 'E_MEMORY',
      hint: expect.stringContaining('XDG_STATE_HOME') as string,
    });
  });

  test('in a folder that takes no lock says so at once, and not that somebody holds it', async () => {
    const file = await remembered();
    // For root no folder is read-only; a file instead of the lock can't be taken over either.
    await writeFile(`${file.path}.lock`, '');
    await utimes(`${file.path}.lock`, 0, 0);
    await expect(file.update(async () => MEMORY)).rejects.toMatchObject({
      code: 'E_MEMORY',
      message: expect.stringContaining('cannot lock') as string,
    });
    expect(await file.read()).toEqual(MEMORY);
  });

  test('of a process that was stopped until another one took its lock, nothing older is written', async () => {
    const file = await remembered();
    const seen: (string | undefined)[] = [];
    await file.update(async (current) => {
      seen.push(current?.commit[0]);
      if (seen.length > 1) return { ...current!, commit: 'f'.repeat(40) };
      // What the other one does when the lock looks as if its owner had died.
      await utimes(`${file.path}.lock`, 0, 0);
      await file.update(async () => ({ ...MEMORY, commit: 'e'.repeat(40) }));
      return { ...MEMORY, commit: 'b'.repeat(40) };
    });
    expect(seen).toEqual(['a', 'e']);
    expect((await file.read())?.commit).toBe('f'.repeat(40));
  });

  test('of twenty tasks at once that each add one, none is lost', async () => {
    const file = await remembered({ commit: '0'.repeat(40), policies: MEMORY.policies });
    const plusOne = (memory: Memory | undefined): Memory => ({
      ...memory!,
      commit: (parseInt(memory!.commit, 16) + 1).toString(16).padStart(40, '0'),
    });
    await Promise.all(Array.from({ length: 20 }, () => file.update(async (current) => plusOne(current))));
    expect(parseInt((await file.read())!.commit, 16)).toBe(20);
  });
});

describe('a ledger is the same', () => {
  test.each([
    ['https://Example.org/ledger.git', 'https://example.org/ledger'],
    ['https://example.org/ledger/', 'https://example.org/ledger'],
    ['https://user:secret@example.org/ledger.git', 'https://example.org/ledger'],
    ['/srv/ledger.git', '/srv/ledger'],
    ['git@example.org:acme/ledger.git', 'git@example.org:acme/ledger'],
  ])('%s', (url, expected) => {
    expect(ledgerIdentity(url, 'main').url).toBe(expected);
  });

  test('only with the same branch', async () => {
    const folder = await temporaryFolder();
    expect(memoryFile(folder, ledgerIdentity('/l', 'main')).path).not.toBe(
      memoryFile(folder, ledgerIdentity('/l', 'next')).path,
    );
  });
});
