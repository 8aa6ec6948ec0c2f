import { lstat, mkdir, readFile, readdir, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { fetchUnpacked } from '../../consumer/download/unpack.ts';
import { planUnpack } from '../../consumer/download/unpack-plan.ts';
import { LIMITS } from '../../inspect/limits.ts';
import type { Limits } from '../../inspect/limits.ts';
import type { Contents, Member } from '../../inspect/member.ts';
import { Body } from '../../io/body/body.ts';
import { SILENT } from '../../io/progress.ts';
import { sha256Hex } from '../../ledger-schema/index.ts';
import { fileOf, tarOf, zipOf } from '../inspect/files.ts';
import { temporaryFolder } from '../kit/readers.ts';

const file = (path: string, more: Partial<Member> = {}): Member => ({
  path,
  kind: 'file',
  size: 1,
  mode: 0o644,
  ...more,
});
const link = (path: string, target: string, more: Partial<Member> = {}): Member => ({
  path,
  kind: 'link',
  size: 0,
  target,
  ...more,
});
const folder = (path: string): Member => ({ path, kind: 'folder', size: 0 });
const plan = (members: readonly Member[], more: Partial<Contents> = {}, platform: NodeJS.Platform = 'linux') =>
  planUnpack('t.tar', { kind: 'tar', members, ...more }, platform);

describe('what of an archive is written', () => {
  test('files, folders and links below the folder', () => {
    const planned = plan([
      folder('./'),
      folder('a/'),
      file('./a/x'),
      link('a/l', 'x'),
      link('up', 'a/../a/x'),
      link('h', 'a/x', { hard: true }),
    ]);
    expect(planned.map(({ path, target }) => `${path} ${target ?? ''}`.trim())).toEqual([
      'a',
      'a/x',
      'a/l x',
      'up a/../a/x',
      'h a/x',
    ]);
  });

  test.each<[string, readonly Member[]]>([
    ['a name that leads out', [file('a/../../x')]],
    ['dots inside', [file('a/../x')]],
    ['an absolute name', [file('/etc/x')]],
    ["a drive's name", [file('C:/x')]],
    ['a backslash', [file('..\\x')]],
    ['a control character', [file('a\nb')]],
    ['a link to an absolute place', [file('x'), link('l', '/etc/passwd')]],
    ['a link that leads out', [file('x'), link('a/l', '../../x')]],
    [
      'a link that leads out by another link',
      [file('a/b/c/x'), link('a/b/c/l', '../../..'), link('m', 'a/b/c/l/../x')],
    ],
    ['links in a circle', [file('x'), link('a', 'b/c'), link('b', 'a/c')]],
    ['a hard link to what is not in it', [file('x'), link('h', '../x', { hard: true })]],
    ['a hard link to a link', [file('x'), link('l', 'x'), link('h', 'l', { hard: true })]],
    ['a file below a link', [folder('d'), link('l', 'd'), file('l/x')]],
    ['a file below a link of another case', [folder('d'), link('l', 'd'), file('L/x')]],
    ['a file below a file', [file('a'), file('a/x')]],
    ['one name twice', [file('a'), file('./a')]],
    ['one name in two cases', [file('a'), file('A')]],
    ['a device', [{ path: 'd', kind: 'device', size: 0 }]],
    ['setuid', [file('su', { mode: 0o4755 })]],
    ['setgid', [file('sg', { mode: 0o2755 })]],
    ['an encrypted member', [file('x', { encrypted: true })]],
    ['nothing', [folder('a')]],
  ])('%s is refused, and all of it', async (_, members) => {
    await expect(() =>
      plan([file('fine'), ...members].slice(members[0]?.kind === 'folder' && members.length === 1 ? 1 : 0)),
    ).toFailWith('E_ARCHIVE');
  });

  test('what was not seen to its end, or is no archive, is refused', async () => {
    await expect(() => plan([file('x')], { stopped: { why: 'too-much', message: 'it has too much' } })).toFailWith(
      'E_ARCHIVE',
    );
    for (const kind of ['deb', 'program', 'script', 'other'] as const)
      await expect(() => plan([file('x')], { kind })).toFailWith('E_ARCHIVE');
  });

  test('names of Windows are refused there alone', async () => {
    expect(plan([file('aux.c')])).toHaveLength(1);
    await expect(() => plan([file('aux.c')], {}, 'win32')).toFailWith('E_ARCHIVE');
  });
});

describe('get --unpack', () => {
  async function world() {
    const output = await temporaryFolder();
    const unpack = (
      bytes: Uint8Array,
      {
        replace,
        keep,
        name = 't.tar.gz',
        sha256 = sha256Hex(bytes),
      }: { replace?: boolean; keep?: string[]; name?: string; sha256?: string } = {},
      limits: Limits = LIMITS,
    ) =>
      fetchUnpacked(
        [{ name, size: bytes.length, sha256 }],
        {
          output,
          mirrors: [{ label: 'm', read: () => Body.from(fileOf(name, bytes).stream()) }],
          progress: SILENT,
          replace,
          keep,
        },
        limits,
      );
    const names = async () => (await readdir(output, { recursive: true })).sort();
    return { output, unpack, names };
  }
  const tool = () =>
    tarOf(
      { header: { name: 'tool-1/', size: 0, type: 'directory' } },
      { header: { name: 'tool-1/run', size: 4, mode: 0o755 }, body: 'run\n' },
      { header: { name: 'tool-1/doc.md', size: 4, mode: 0o600 }, body: 'doc\n' },
      { header: { name: 'tool-1/alias', size: 0, type: 'symlink', linkname: 'run' } },
      { header: { name: 'tool-1/same', size: 0, mode: 0o755, type: 'link', linkname: 'tool-1/run' } },
    );

  test('brings what is in the archive, with its modes and links, and not the archive', async () => {
    const { output, unpack, names } = await world();
    const files = await unpack(gzipSync(await tool()));
    expect(await names()).toEqual(['tool-1', 'tool-1/alias', 'tool-1/doc.md', 'tool-1/run', 'tool-1/same']);
    expect(await readFile(join(output, 'tool-1/same'), 'utf8')).toBe('run\n');
    expect(await readlink(join(output, 'tool-1/alias'))).toBe('run');
    expect((await stat(join(output, 'tool-1/run'))).mode & 0o100).toBe(0o100);
    expect((await stat(join(output, 'tool-1/doc.md'))).mode & 0o111).toBe(0);
    expect(files.map(({ name, state }) => `${name} ${state}`)).toContain('tool-1/run fetched');
    expect((await unpack(gzipSync(await tool()))).every(({ state }) => state === 'present')).toBe(true);
  });

  test('a zip with a link in it', async () => {
    const { output, unpack } = await world();
    await unpack(
      zipOf({ name: 'bin/x', content: 'x', mode: 0o100755 }, { name: 'l', content: 'bin/x', mode: 0o120777 }),
      { name: 't.zip' },
    );
    expect(await readlink(join(output, 'l'))).toBe('bin/x');
  });

  test('bytes that are not those acknowledged are never opened', async () => {
    const { unpack, names } = await world();
    await expect(unpack(gzipSync(await tool()), { sha256: '0'.repeat(64) })).toFailWith('E_DIGEST_MISMATCH');
    expect(await names()).toEqual([]);
  });

  test.each([
    ['leads out', async () => tarOf({ header: { name: 'ok', size: 0 } }, { header: { name: '../evil', size: 0 } })],
    ['is damaged', async () => gzipSync(await tool()).subarray(0, 60)],
    [
      'is one of our own names',
      async () => tarOf({ header: { name: 'ok', size: 0 } }, { header: { name: 'd/Mirror.INI', size: 0 } }),
    ],
  ])('one that %s leaves nothing', async (_, bytes) => {
    const { output, unpack, names } = await world();
    await expect(unpack(await bytes())).rejects.toThrow();
    expect(await names()).toEqual([]);
    await expect(lstat(join(output, '..', 'evil'))).rejects.toThrow();
  });

  test('one that becomes too large is stopped, and leaves nothing', async () => {
    const { unpack, names } = await world();
    const bomb = gzipSync(await tarOf({ header: { name: 'zeros', size: 1 << 20 }, body: new Uint8Array(1 << 20) }));
    await expect(unpack(bomb, {}, { ...LIMITS, free: 1024, ratio: 10 })).toFailWith('E_ARCHIVE');
    await expect(unpack(await tool(), {}, { ...LIMITS, entries: 2 })).toFailWith('E_ARCHIVE');
    expect(await names()).toEqual([]);
  });

  test('another file in the way stays, and nothing is written; --force replaces it', async () => {
    const { output, unpack, names } = await world();
    await mkdir(join(output, 'tool-1'));
    await writeFile(join(output, 'tool-1/run'), 'mine');
    await expect(unpack(gzipSync(await tool()))).toFailWith('E_EXISTS');
    expect(await names()).toEqual(['tool-1', 'tool-1/run']);
    await unpack(gzipSync(await tool()), { replace: true });
    expect(await readFile(join(output, 'tool-1/run'), 'utf8')).toBe('run\n');
  });

  test('a link that lies there is not followed, by force neither', async () => {
    const { output, unpack } = await world();
    const outside = await temporaryFolder();
    await symlink(outside, join(output, 'tool-1'));
    await expect(unpack(gzipSync(await tool()), { replace: true })).toFailWith('E_EXISTS');
    expect(await readdir(outside)).toEqual([]);
  });
});
