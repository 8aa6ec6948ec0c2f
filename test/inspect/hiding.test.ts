import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { contentFindings } from '../../inspect/content-findings.ts';
import { LIMITS } from '../../inspect/limits.ts';
import { lookInside } from '../../inspect/look-inside.ts';
import { readMember } from '../../inspect/read-member.ts';
import { differenceLines } from '../../inspect/show-difference.ts';
import { changeFindings, compareContents } from '../../inspect/compare-contents.ts';
import { elfOf, fileOf, machOOf, wideUniversalOf, zipOf } from './files.ts';
import { TAR_END, longName, paxHeader, paxRecord, tarFile, tarHeader } from './tar-bytes.ts';

async function found(name: string, ...parts: readonly Uint8Array[]): Promise<string[]> {
  return contentFindings(name, await lookInside(fileOf(name, Buffer.concat(parts)))).map((one) => one.name);
}

const inner = [tarFile('evil'), TAR_END];
const nested = Buffer.concat(inner).length;
const repeated = `${paxRecord('path', 'first')}${paxRecord('path', 'evil')}`;

/** Each is listed by some of GNU tar, bsdtar, busybox and Python as what it isn't for the others. */
describe('a tar that programs read differently is said to be so', () => {
  test.each<readonly [string, readonly Buffer[]]>([
    ['two sizes hide members', [paxHeader({ size: `${nested}` }), tarHeader('nested'), ...inner, tarFile('last')]],
    ['a size that is no plain number', [paxHeader({ size: '+4' }), tarFile('x')]],
    ['a size for all members', [paxHeader({ size: '4' }, 'g'), tarFile('x')]],
    ['a name for all members', [paxHeader({ path: 'evil' }, 'g'), tarFile('harmless')]],
    ['a long name of either kind', [longName('evil'), paxHeader({ path: 'other' }), tarFile('harmless')]],
    ['and the other way round', [paxHeader({ path: 'other' }), longName('evil'), tarFile('harmless')]],
    ['two long names', [longName('evil'), longName('other'), tarFile('harmless')]],
    ['two targets', [longName('evil', 'K'), paxHeader({ linkpath: 'x' }), tarHeader('l', { kind: '2', link: 'y' })]],
    ['two extended headers', [paxHeader({ path: 'evil' }), paxHeader({ mtime: '1' }), tarFile('harmless')]],
    ['a sparse file with a name of its own', [paxHeader({ 'GNU.sparse.name': 'evil' }), tarFile('harmless')]],
    ['an old sparse file', [tarFile('sparse', 'data', { kind: 'S', gnu: true })]],
    ["Solaris's extended header", [paxHeader({ path: 'evil' }, 'X'), tarFile('harmless')]],
    ['a kind of member that nobody knows', [tarFile('evil', 'data', { kind: 'Z' })]],
    ['a key twice', [tarHeader('PaxHeader', { size: repeated.length, kind: 'x' }), filled(repeated), tarFile('a')]],
    ['a damaged extended header', [tarHeader('PaxHeader', { size: 9, kind: 'x' }), filled('9 path=ab'), tarFile('a')]],
    ['a link with bytes', [tarHeader('l', { kind: '1', link: 'good', size: nested }), ...inner, tarFile('last')]],
  ])('%s', async (_, parts) => {
    expect(await found('t.tar', tarFile('good'), ...parts, TAR_END)).toContain('archive-ambiguous');
  });

  test('and one that none does is not', async () => {
    const parts = [
      paxHeader({ comment: 'a commit' }, 'g'),
      longName('a-long-name'),
      tarFile('x'),
      longName('target', 'K'),
      tarHeader('l', { kind: '2' }),
      paxHeader({ path: 'p', mtime: '1.5', size: '4' }),
      tarFile('harmless'),
      tarFile('contiguous', 'data', { kind: '7' }),
      tarHeader('folder/', { kind: '5' }),
    ];
    expect(await found('t.tar', ...parts, TAR_END)).toEqual([]);
  });
});

function filled(text: string): Buffer {
  return Buffer.concat([Buffer.from(text, 'latin1'), Buffer.alloc(512 - text.length)]);
}

describe('what comes after an end is said', () => {
  test.each<readonly [string, string, readonly Uint8Array[]]>([
    ['of a tar', 't.tar', [tarFile('good'), TAR_END, ...inner]],
    ['of a tar, behind one block of zeros', 't.tar', [tarFile('good'), Buffer.alloc(512), ...inner]],
    ['of a gzip', 't.tar.gz', [gzipSync(tarFile('good')), Buffer.alloc(512), gzipSync(Buffer.concat(inner))]],
    [
      'of a gzip, far behind',
      't.tar.gz',
      [gzipSync(Buffer.concat([tarFile('good'), TAR_END])), Buffer.alloc(300_000), Buffer.from('x')],
    ],
    ['of a zip', 't.zip', [zipOf({ name: 'a', content: 'a' }), Buffer.from('more')]],
  ])('%s', async (_, name, parts) => {
    expect(await found(name, ...parts)).toEqual(['archive-unreadable']);
  });

  test('and zeros, by which a tape is filled up, are nothing', async () => {
    const good = [tarFile('good'), TAR_END, Buffer.alloc(8192)];
    expect(await found('t.tar', ...good)).toEqual([]);
    expect(await found('t.tar.gz', gzipSync(Buffer.concat(good)), Buffer.alloc(300_000))).toEqual([]);
  });
});

describe('a name that promises an archive', () => {
  test.each(['t.tar', 't.tar.gz', 't.tgz', 't.tar.lz', 't.zip', 't.jar', 't.deb', 't.rpm', 't.gz', 't.txz'])(
    '%s, and is none that anything reads, says so',
    async (name) => {
      expect(await found(name, Buffer.from('#!/bin/sh\n'), gzipSync('x'))).toEqual(['not-inspected']);
    },
  );

  test.each([
    'LZIP\x01',
    '\x5d\0\0\x80\0',
    '\x89LZO',
    '\x04"M\x18',
    '\x50*M\x18',
    '\x1f\x9d',
    '7z\xbc\xaf\x27\x1c',
    '070701',
  ])('wants a look where tar reads what is not read here: %j', async (magic) => {
    const bytes = Buffer.from(`${magic}and more`, 'latin1');
    expect(await found('t.tar.gz', bytes)).toContain('archive-unreadable');
    expect(await found('t', bytes)).toEqual([]);
  });

  test.each(['t.7z', 't.dmg', 't.msi', 't.iso', 't.lzma'])(
    '%s of a kind that is not looked into says so',
    async (name) => {
      expect(await found(name, Buffer.from([1, 2, 3, 4]))).toEqual(['not-inspected']);
    },
  );

  test.each(['t.tar.gz.asc', 't.zip.sha256', 't.exe', 't'])('%s promises none', async (name) => {
    expect(await found(name, Buffer.from('text'))).toEqual([]);
  });
});

describe('a zip', () => {
  const zip = (...names: string[]) => Buffer.from(zipOf(...names.map((name) => ({ name, content: name }))));
  const whole = zip('good', 'evil');
  const list = whole.indexOf('PK\x01\x02', 0, 'latin1');
  const changed = (at: number, ...bytes: number[]): Buffer => {
    const copy = Buffer.from(whole);
    copy.set(bytes, at);
    return copy;
  };

  test('is plain where its list is right', async () => {
    expect(await found('t.zip', whole)).toEqual([]);
  });

  test.each<readonly [string, Buffer]>([
    ['with fewer in its list than members', hidden()],
    ['whose end counts fewer than its list has', changed(whole.length - 14, 1, 0, 1, 0)],
    ['with another name at a member than in its list', changed(30, 0x41)],
    ['whose end names another place for its list', changed(whole.length - 6, list + 1)],
  ])('%s wants a look', async (_, bytes) => {
    expect((await found('t.zip', bytes)).some((name) => /^archive-/.test(name))).toBe(true);
  });

  function hidden(): Buffer {
    const one = zip('good');
    const from = one.indexOf('PK\x01\x02', 0, 'latin1');
    const extra = whole.subarray(whole.indexOf('evil', 0, 'latin1') - 30, list);
    const end = Buffer.from(one.subarray(one.length - 22));
    end.writeUInt32LE(from + extra.length, 16);
    return Buffer.concat([one.subarray(0, from), extra, one.subarray(from, one.length - 22), end]);
  }

  test('behind a program or a script is looked into', async () => {
    const bytes = Buffer.concat([Buffer.from('#!/bin/sh\nexit\n'), zip('../evil')]);
    expect(await found('t.run', bytes)).toEqual(['member-escapes']);
  });

  test.each([0, 3, 19])('of the system %s has modes, and links', async (system) => {
    const bytes = Buffer.from(
      zipOf({ name: 'l', content: '/etc/passwd', mode: 0o120777 }, { name: 's', content: '', mode: 0o104755 }),
    );
    for (
      let at = bytes.indexOf('PK\x01\x02', 0, 'latin1');
      at >= 0;
      at = bytes.indexOf('PK\x01\x02', at + 1, 'latin1')
    ) {
      bytes[at + 5] = system;
    }
    expect(await found('t.zip', bytes)).toEqual(['member-escapes', 'member-setuid']);
  });
});

describe('links', () => {
  const link = (path: string, target: string, kind = '2'): Buffer => tarHeader(path, { kind, link: target });
  test.each<readonly [string, readonly Buffer[]]>([
    ['a hard link whose target counts from the top', [link('a/b/c', '../evil', '1')]],
    ['a link through another link', [link('a/b/up', '../..'), link('q', 'a/b/up/..')]],
    ['a file through links', [link('a/b/up', '../..'), tarFile('a/b/up/../evil')]],
    ['a link that lies behind a link', [link('d', 'e'), link('d/x', '..'), tarFile('d/x/../evil')]],
    ['links that never end', [link('a', 'b'), link('b', 'a'), tarFile('a/x')]],
  ])('%s leads out', async (_, parts) => {
    expect(await found('t.tar', ...parts, TAR_END)).toContain('member-escapes');
  });

  test('that stay inside are nothing', async () => {
    const parts = [
      link('lib/x.so', 'x.so.1'),
      link('bin/tool', '../lib/tool'),
      link('a/b/up', '../..'),
      link('h', 'bin/x', '1'),
    ];
    expect(await found('t.tar', ...parts, TAR_END)).toEqual([]);
  });

  test('under which a file is written over another are two members of one name', async () => {
    expect(await found('t.tar', tarFile('lib/tool'), link('bin', 'lib'), tarFile('bin/tool'), TAR_END)).toEqual([
      'member-twice',
    ]);
  });
});

describe('a program for another processor', () => {
  const elf = (machine: number): string => Buffer.from(elfOf(machine)).toString('latin1');

  test('hides behind one that is right neither by its own name nor by what it was before', async () => {
    const right = tarFile('decoy', elf(183));
    expect(await found('t-linux-arm64.tar', right, tarFile('bin/t-arm64', elf(62)), TAR_END)).toEqual([
      'wrong-architecture',
    ]);
    const look = (machine: number) =>
      lookInside(fileOf('t.tar', Buffer.concat([tarFile('bin/t', elf(machine)), TAR_END])));
    const same = (path: string): string => path;
    const changes = compareContents(await look(183), await look(62), { before: same, now: same });
    expect(changeFindings('t.tar', 'v1', changes).map(({ name, message }) => [name, message])).toEqual([
      [
        'wrong-architecture',
        't.tar has programs for another processor or system than in v1: bin/t elf arm64 -> elf x86-64',
      ],
    ]);
  });
});

test('members whose mode or target changed are named', async () => {
  const look = (mode: number, link: string) =>
    lookInside(
      fileOf('t.tar', Buffer.concat([tarFile('a', 'x', { mode }), tarHeader('l', { kind: '2', link }), TAR_END])),
    );
  const same = (path: string): string => path;
  const changes = compareContents(await look(0o644, 'a'), await look(0o666, 'b'), { before: same, now: same });
  expect(changeFindings('t.tar', 'v1', changes).map(({ name, message }) => [name, message])).toEqual([
    ['members-changed', 't.tar has members of another mode, kind or target than in v1: a 0644 -> 0666, l -> b, was a'],
  ]);
});

test('a universal program with places of eight bytes is one', async () => {
  const bytes = wideUniversalOf(machOOf(0x01000007, '/usr/lib/libSystem.B.dylib', false));
  const { members } = await lookInside(fileOf('t-darwin-arm64', bytes));
  expect(members[0]?.program).toMatchObject({ format: 'mach-o', architectures: ['x86-64'] });
  expect(await found('t-darwin-arm64', bytes)).toEqual(['wrong-architecture']);
});

test('a program whose first bytes come one by one is still one, however large', async () => {
  const bytes = Buffer.concat([elfOf(62), Buffer.alloc(600_000)]);
  const body = async function* () {
    for (const byte of bytes.subarray(0, 8)) yield Buffer.from([byte]);
    yield bytes.subarray(8);
  };
  const { program } = await readMember({ path: 'x' }, body(), LIMITS);
  expect(program).toMatchObject({ format: 'elf', architectures: ['x86-64'] });
});

test('texts that are slow to compare end the comparison, not the review', () => {
  const text = (n: number): string => Array.from({ length: 9000 }, (_, i) => `${(i * n) % 8191}`).join('\n');
  const member = (n: number, i: number) =>
    ({ path: `f${i}`, kind: 'file', size: 1, sha256: `${n}`, text: text(n) }) as const;
  const changed = Array.from({ length: 20 }, (_, i) => ({ before: member(7, i), now: member(4099, i) }));
  const lines = differenceLines({ kind: 'tar', members: [] }, { added: [], gone: [], changed }, 100);
  expect(lines).toContain('    the texts differ in too much to show');
});
