import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { contentFindings } from '../../inspect/content-findings.ts';
import { LIMITS } from '../../inspect/limits.ts';
import { lookInside } from '../../inspect/look-inside.ts';
import type { Contents } from '../../inspect/member.ts';
import { fileOf } from './files.ts';

let folder: string;
/** What stands in every archive, by its path. */
const CONTENTS: Readonly<Record<string, string>> = {
  'bin/tool': '#!/bin/sh\necho tool\n',
  'bin/helper': 'a helper',
  'share/empty': '',
  [`share/${'long-'.repeat(25)}name`]: 'a long name',
  [`share/${'d'.repeat(120)}/${'e'.repeat(120)}/deep`]: 'a long path',
  'share/größe': 'a name in UTF-8',
  'share/large': 'x'.repeat(700_000),
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pt-archives-'));
  for (const [path, content] of Object.entries(CONTENTS)) {
    mkdirSync(join(folder, 'tree', path, '..'), { recursive: true });
    writeFileSync(join(folder, 'tree', path), content);
    chmodSync(join(folder, 'tree', path), 0o644);
  }
  chmodSync(join(folder, 'tree/bin/tool'), 0o755);
  chmodSync(join(folder, 'tree/bin/helper'), 0o4755);
  symlinkSync('tool', join(folder, 'tree/bin/link'));
  linkSync(join(folder, 'tree/bin/tool'), join(folder, 'tree/bin/same'));
  return () => rmSync(folder, { recursive: true, force: true });
});

function run(line: string): void {
  execFileSync('/bin/sh', ['-ec', line], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
}

async function look(name: string): Promise<Contents> {
  return lookInside(fileOf(name, readFileSync(join(folder, name))));
}

const plain = (path: string): string => path.replace(/^(?:\.?\/)+/, '').replace(/^tree\//, '');
const digest = (content: string): string => createHash('sha256').update(content).digest('hex');

/** Every file, under its path and with its bytes; nothing that hides it. */
function expectAll(contents: Contents, { links = true, under = '' } = {}): void {
  expect(contents.stopped).toBeUndefined();
  const members = new Map(contents.members.map((member) => [plain(member.path), member]));
  for (const [path, content] of Object.entries(CONTENTS)) {
    const member = members.get(under + path);
    // Of two names of one file an archive has the bytes under either.
    if (member?.hard !== true) expect(member, path).toMatchObject({ kind: 'file', sha256: digest(content) });
  }
  const link = members.get(`${under}bin/link`);
  // Python stores what the link points to.
  if (links) expect(link).toMatchObject({ kind: 'link', target: 'tool' });
  const names = contentFindings('x', contents).map(({ name }) => name);
  expect(names).toEqual(['member-setuid']);
}

const TARS: readonly (readonly [string, string])[] = [
  ['gnu.tar', 'tar --format=gnu -cf gnu.tar -C tree .'],
  ['pax.tar', 'tar --format=pax -cf pax.tar -C tree .'],
  ['gnu.tar.gz', 'tar -czf gnu.tar.gz tree'],
  ['gnu.tar.xz', 'tar -cJf gnu.tar.xz tree'],
  ['gnu.tar.bz2', 'tar -cjf gnu.tar.bz2 tree'],
  ['gnu.tar.zst', 'tar --zstd -cf gnu.tar.zst tree'],
  ['bsd-pax.tar', 'bsdtar --format pax -cf bsd-pax.tar tree'],
  ['bsd-gnu.tar.gz', 'bsdtar --format gnutar -czf bsd-gnu.tar.gz tree'],
  ['bsd.tar.xz', 'bsdtar -cJf bsd.tar.xz tree'],
  ['bsd.tar.zst', 'bsdtar --zstd -cf bsd.tar.zst tree'],
  ['bsd.tar.bz2', 'bsdtar -cjf bsd.tar.bz2 tree'],
  ['7z.tar', '7zz a -snl -snh -bd 7z.tar tree'],
  ['threads.tar.xz', 'tar -cf - tree | xz -T2 --block-size=65536 > threads.tar.xz'],
  ...['none', 'crc32', 'crc64', 'sha256'].map(
    (check) =>
      [`${check}.tar.xz`, `tar -cf - tree | xz --check=${check} --block-size=65536 > ${check}.tar.xz`] as const,
  ),
  [
    'two-streams.tar.xz',
    'tar -cf t.tar tree; (head -c 99999 t.tar | xz; tail -c +100000 t.tar | xz -C sha256) > two-streams.tar.xz',
  ],
  [
    'two-streams.tar.gz',
    'tar -cf t.tar tree; (head -c 99999 t.tar | gzip; tail -c +100000 t.tar | gzip) > two-streams.tar.gz',
  ],
  [
    'two-streams.tar.bz2',
    'tar -cf t.tar tree; (head -c 99999 t.tar | bzip2; tail -c +100000 t.tar | bzip2) > two-streams.tar.bz2',
  ],
  [
    'two-frames.tar.zst',
    'tar -cf t.tar tree; (head -c 99999 t.tar | zstd; tail -c +100000 t.tar | zstd) > two-frames.tar.zst',
  ],
  ['ultra.tar.zst', 'tar -cf - tree | zstd --ultra -22 --long=27 > ultra.tar.zst'],
  ['extreme.tar.xz', 'tar -cf - tree | xz -9e > extreme.tar.xz'],
];

describe('a tar by a real program', () => {
  test.each(TARS)('%s is seen whole', async (name, line) => {
    run(line);
    expectAll(await look(name));
  });
});

describe('a zip by a real program', () => {
  test.each([
    ['info.zip', 'cd tree && zip -qry ../info.zip .', true],
    ['stored.zip', 'cd tree && zip -qry0 ../stored.zip .', true],
    ['bzip2.zip', 'cd tree && zip -qry -Z bzip2 ../bzip2.zip .', true],
    ['streamed.zip', 'cd tree && zip -qry - . > ../streamed.zip', true],
    ['7z.zip', '7zz a -snl -bd 7z.zip ./tree/*', true],
    ['bsd.zip', 'bsdtar --format zip -cf bsd.zip -C tree .', true],
    ['7z-bzip2.zip', '7zz a -snl -bd -mm=BZip2 7z-bzip2.zip ./tree/*', true],
    ['7z-xz.zip', '7zz a -snl -bd -mm=xz 7z-xz.zip ./tree/*', true],
    ['python.zip', `cd tree && python3 -c "import shutil; shutil.make_archive('../python','zip','.')"`, false],
  ] as const)('%s is seen whole', async (name, line, links) => {
    run(line);
    expectAll(await look(name), { links });
  });
});

describe('a package by a real program', () => {
  test.each(['gzip', 'xz', 'zstd', 'none'])('a deb by dpkg-deb, %s, is seen whole', async (how) => {
    run(`
      rm -rf deb && mkdir -p deb/DEBIAN deb/opt && cp -a tree deb/opt/
      printf 'Package: t\\nVersion: 1\\nArchitecture: all\\nMaintainer: t <t@acme.example>\\nDescription: t\\n' > deb/DEBIAN/control
      printf '#!/bin/sh\\ntrue\\n' > deb/DEBIAN/postinst && chmod 755 deb/DEBIAN/postinst
      dpkg-deb -Z${how} --root-owner-group --build deb ${how}.deb`);
    const contents = await look(`${how}.deb`);
    expect(contents.kind).toBe('deb');
    const script = contents.members.find(({ path }) => path === 'DEBIAN/postinst');
    expect(script).toMatchObject({ installs: true, text: '#!/bin/sh\ntrue\n' });
    const rest = { ...contents, members: contents.members.filter((member) => member !== script) };
    expectAll(rest, { under: 'opt/tree/' });
  });

  test.each(['w9.gzdio', 'w9.bzdio', 'w6.xzdio', 'w6T2.xzdio', 'w19.zstdio', 'w.ufdio'])(
    'an rpm by rpmbuild, %s, is seen whole',
    async (payload) => {
      writeFileSync(
        join(folder, 't.spec'),
        `Name: t\nVersion: 1\nRelease: 1\nSummary: t\nLicense: MIT\nBuildArch: noarch\n%description\nt\n%install\nmkdir -p %{buildroot}/opt\ncp -a ${folder}/tree %{buildroot}/opt/\n%post\necho installed\n%files\n/opt/tree\n`,
      );
      run(`rpmbuild -bb --quiet --define "_topdir $PWD/top" --define "_binary_payload ${payload}" --define "_build_id_links none" --define "__brp_mangle_shebangs %{nil}" t.spec
        mv top/RPMS/noarch/t-1-1.noarch.rpm ${payload}.rpm`);
      const contents = await look(`${payload}.rpm`);
      expect(contents.kind).toBe('rpm');
      const script = contents.members.find(({ path }) => path === 'RPM/postin');
      expect(script).toMatchObject({ installs: true });
      expect(script?.text).toContain('echo installed');
      const rest = { ...contents, members: contents.members.filter((member) => member !== script) };
      expectAll(rest, { under: 'opt/tree/' });
    },
  );

  test('an xz whose SHA-256 is not that of its block is damaged', async () => {
    run('tar -cf - tree | xz --check=sha256 > bad.tar.xz');
    const bytes = readFileSync(join(folder, 'bad.tar.xz'));
    // The check stands before the index and the footer.
    const index = (bytes.readUInt32LE(bytes.length - 8) + 1) * 4;
    const at = bytes.length - 12 - index - 1;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    expect((await lookInside(fileOf('bad.tar.xz', bytes))).stopped).toMatchObject({ why: 'unreadable' });
  });
});

describe('an xz that is not read to its end keeps no other from being read', () => {
  beforeAll(() => run('tar -cf - tree | xz > whole.tar.xz'));
  const whole = async (): Promise<void> => expectAll(await look('whole.tar.xz'));
  const bytes = (): Buffer => readFileSync(join(folder, 'whole.tar.xz'));

  test.each([
    ['too many members', { entries: 2 }],
    ['a name that is too long', { name: 8 }],
    ['too many bytes', { bytes: 100_000 }],
  ])('%s', async (_, limits) => {
    const contents = await lookInside(fileOf('whole.tar.xz', bytes()), { ...LIMITS, ...limits });
    expect(contents.stopped).toMatchObject({ why: 'too-much' });
    await whole();
  });

  test('one that is cut off, or goes on after its end', async () => {
    for (const odd of [bytes().subarray(0, -40), Buffer.concat([bytes(), Buffer.from('more')])]) {
      const contents = await lookInside(fileOf('whole.tar.xz', odd));
      expect(contents.stopped).toMatchObject({ why: 'unreadable' });
      await whole();
    }
  });
});
