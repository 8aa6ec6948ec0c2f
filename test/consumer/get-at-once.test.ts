import { chmod, lstat, readFile, readdir, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fetchFiles } from '../../consumer/download/get.ts';
import type { GetOptions } from '../../consumer/download/get.ts';
import type { Fetchable } from '../../consumer/download/select-assets.ts';
import { fetchUnpacked } from '../../consumer/download/unpack.ts';
import { Body } from '../../io/body/body.ts';
import { SILENT } from '../../io/progress.ts';
import { sha256Hex, utf8 } from '../../ledger-schema/index.ts';
import { tarOf } from '../inspect/files.ts';
import { temporaryFolder } from '../kit/readers.ts';

const CONTENT = utf8('the bytes of jq');
const JQ: Fetchable = { name: 'jq', size: CONTENT.length, sha256: sha256Hex(CONTENT) };

/** What is read of a store, when `meanwhile` has been done. */
function options(output: string, bytes: Uint8Array, meanwhile?: () => Promise<unknown>): GetOptions {
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    await meanwhile?.();
    yield bytes;
  }
  return { output, progress: SILENT, mirrors: [{ label: 'm', read: () => new Body(chunks()) }] };
}

describe('two runs that get the same file into one folder', () => {
  test('both succeed, and the later one makes it executable where that was asked for', async () => {
    const output = await temporaryFolder();
    const other = () => writeFile(join(output, 'jq'), CONTENT, { mode: 0o644 });
    const [file] = await fetchFiles([JQ], { ...options(output, CONTENT, other), executable: true });
    expect(file).toMatchObject({ name: 'jq', path: join(output, 'jq') });
    expect((await stat(join(output, 'jq'))).mode & 0o100).toBe(0o100);
    expect(await readdir(output)).toEqual(['jq']);
  });

  test('another file that came meanwhile stays, and no other store is asked for it', async () => {
    const output = await temporaryFolder();
    const { mirrors, ...rest } = options(output, CONTENT, () => writeFile(join(output, 'jq'), 'mine'));
    const next = { label: 'next', read: () => expect.unreachable('the next store was asked') };
    await expect(fetchFiles([JQ], { ...rest, mirrors: [...mirrors, next] })).toFailWith('E_EXISTS');
    expect(await readFile(join(output, 'jq'), 'utf8')).toBe('mine');
  });
});

describe('get --unpack', () => {
  const names = Array.from({ length: 40 }, (_, i) => `tool/${String(i).padStart(2, '0')}`);
  const tool = () =>
    tarOf(...names.map((name) => ({ header: { name, size: 2, mode: 0o644 }, body: name.slice(-2) })), {
      header: { name: 'tool/link', size: 0, type: 'symlink', linkname: '00' },
    });
  const archive = (bytes: Uint8Array) => [{ name: 'tool.tar', size: bytes.length, sha256: sha256Hex(bytes) }];

  test('by several at once leaves all of it, and each succeeds', async () => {
    const bytes = await tool();
    const output = await temporaryFolder();
    const one = () => fetchUnpacked(archive(bytes), options(output, bytes));
    const runs = await Promise.all([one(), one(), one()]);
    expect(runs.map((files) => files.length)).toEqual([41, 41, 41]);
    expect((await readdir(join(output, 'tool'))).length).toBe(41);
    expect(await readlink(join(output, 'tool/link'))).toBe('00');
    expect(await readdir(output)).toEqual(['tool']);
  });

  test('makes executable what is there already, where that is asked for', async () => {
    const bytes = await tool();
    const output = await temporaryFolder();
    await fetchUnpacked(archive(bytes), options(output, bytes));
    await chmod(join(output, 'tool/00'), 0o600);
    await fetchUnpacked(archive(bytes), { ...options(output, bytes), executable: true });
    expect((await stat(join(output, 'tool/00'))).mode & 0o100).toBe(0o100);
    expect((await lstat(join(output, 'tool/link'))).isSymbolicLink()).toBe(true);
  });

  test('calls the archive by its name', async () => {
    const bytes = await tool();
    const labels: string[] = [];
    const progress = { ...SILENT, start: (label: string) => (labels.push(label), { advance() {}, done() {} }) };
    await fetchUnpacked(archive(bytes), { ...options(await temporaryFolder(), bytes), progress });
    expect(labels).toEqual(['tool.tar']);
  });
});
