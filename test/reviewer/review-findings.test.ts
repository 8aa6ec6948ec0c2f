import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { Content } from '../servers/github/github.ts';
import { putAck } from '../kit/ledger/ledger-tree.ts';
import { sha256Of } from '../servers/github/github-bytes.ts';
import { differenceLines } from '../../inspect/show-difference.ts';
import { zipOf } from '../inspect/files.ts';
import { FILES } from './world.ts';
import { expectVerdict, lookAgain, named, propose, review, useWorld, world } from './one-proposal.ts';

useWorld();

describe('what upstream says', () => {
  const listed = async (name: string, lie = false): Promise<string> =>
    `${lie ? 'f'.repeat(64) : await sha256Of(FILES[name] ?? '')}  ${name}\n`;

  test('lists of digests are read without a tool.ini, and agree', async () => {
    const content = await listed('tool-linux-amd64');
    await propose('v1.0.0', { files: { ...FILES, 'tool_1.0.0_checksums.txt': content } });
    const { report } = await review();
    expect(report.verdict).toBe('same');
    expect(report.files.find(({ name }) => name === 'tool-linux-amd64')?.statements).toEqual([
      'GitHub (sha256)',
      'tool_1.0.0_checksums.txt (sha256)',
    ]);
    expect(report.checks).toContain('tool_1.0.0_checksums.txt (sha256): equal for 1 of 3 files');
  });

  test('a list that says otherwise is a finding that wants a person', async () => {
    const content = await listed('tool-linux-amd64', true);
    await propose('v1.0.0', { files: { ...FILES, SHA256SUMS: content } });
    const { report } = await review();
    expect(report.verdict).toBe('same');
    expect(named(report, 'list-disagrees')).toEqual({
      name: 'list-disagrees',
      level: 'look',
      message: 'SHA256SUMS lists another sha256 of tool-linux-amd64 than the bytes have',
      files: ['tool-linux-amd64'],
    });
  });

  test('evidence that a tool.ini here asks for must be there', async () => {
    const folder = join(world.folder, 'packages', 'github.com', ...world.tool.fullName.split('/'));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'tool.ini'), '[evidence]\nrequire[] = checksums:SHA256SUMS\n');
    const content = (await listed('tool-linux-amd64')) + (await listed('tool-darwin-arm64'));
    const { release } = await propose('v1.0.0', { files: { ...FILES, SHA256SUMS: content } });
    expect((await review()).report).toMatchObject({ verdict: 'same' });
    release.asset('tool-linux-amd64').digest = null;
    release.asset('SHA256SUMS').digest = null;
    release.asset('SHA256SUMS').content = content.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    await expectVerdict('differs', 'E_DIGEST_MISMATCH');
    release.removeAsset('SHA256SUMS');
    await expectVerdict('differs', 'E_EVIDENCE');
  });

  test('files that the record leaves out are named', async () => {
    const { release } = await propose('v1.0.0');
    await release.addAsset({ name: 'tool.deb', content: 'later' });
    expect((await review()).report.left).toEqual(['tool.deb']);
  });

  test('age and immutability of the release', async () => {
    const { release } = await propose('v1.0.0');
    release.immutable = true;
    const { report } = await review();
    expect(report.release).toMatchObject({
      author: 'octocat',
      immutable: true,
      prerelease: false,
      published: release.publishedAt?.toISOString().replace(/\.\d+/, '.000'),
    });
  });
});

describe('what is new', () => {
  /** An acknowledged v1.0.0 on main. */
  async function before(options: { files?: Readonly<Record<string, Content>> } = {}): Promise<void> {
    const release = await world.release('v1.0.0', options.files);
    const { path, tree } = await world.record(release);
    await putAck(tree, path, world.people.ada);
    world.merge(tree);
    await lookAgain();
  }

  test('files that were added, that are missing, and sizes that jumped', async () => {
    await before();
    await propose('v1.1.0', {
      files: { 'tool-linux-amd64': { size: 90_000, seed: 4 }, 'tool-windows-amd64.exe': { size: 100, seed: 5 } },
    });
    expect((await review()).report.previous).toMatchObject({
      tag: 'v1.0.0',
      added: ['tool-windows-amd64.exe'],
      missing: ['tool-darwin-arm64'],
      jumps: [{ name: 'tool-linux-amd64', before: 40_000, now: 90_000 }],
      uploaders: { before: ['octocat'], changed: [] },
      signers: [],
    });
    expect((await review()).report.findings.map(({ name, level, files }) => [name, level, files])).toEqual([
      ['size-jump', 'look', ['tool-linux-amd64']],
      ['files-added', 'note', ['tool-windows-amd64.exe']],
      ['files-missing', 'note', ['tool-darwin-arm64']],
    ]);
  });

  test('a file that was replaced long after the release was published', async () => {
    await before();
    const { release } = await propose('v1.1.0');
    const published = release.publishedAt?.getTime() ?? 0;
    release.asset('tool-linux-amd64').updatedAt = new Date(published + 35 * 86_400_000);
    expect(named((await review()).report, 'late-upload')).toMatchObject({
      level: 'look',
      message: 'tool-linux-amd64 was replaced 35 days after the release was published',
    });
  });

  test('what is in an archive, against that of the release before; nothing of it is left on disk', async () => {
    const of = (version: string, ...more: string[]) =>
      zipOf(...['bin', ...more].map((name) => ({ name: `tool-${version}/${name}`, content: `${name}\n` })));
    await before({ files: { 'tool-1.0.0.zip': of('1.0.0') } });
    await propose('v1.1.0', { files: { 'tool-1.1.0.zip': of('1.1.0', 'setup.sh') } });
    // Other runs on this machine have folders of theirs.
    const temporary = mkdtempSync(join(tmpdir(), 'pullthrough-test-'));
    vi.stubEnv('TMPDIR', temporary);
    const { report, inspected } = await review().finally(() => vi.unstubAllEnvs());
    expect(report.findings).toMatchObject([
      { name: 'new-program', level: 'look', files: ['tool-1.1.0.zip'] },
      { name: 'members-added', level: 'note' },
    ]);
    expect(report.files[0]?.inside).toMatchObject({
      kind: 'zip',
      against: { tag: 'v1.0.0', name: 'tool-1.0.0.zip' },
      added: ['tool-1.1.0/setup.sh'],
      gone: [],
      changed: [],
    });
    const seen = inspected?.get('tool-1.1.0.zip');
    expect(seen && differenceLines(seen.contents, seen.changes)).toEqual([
      '+ tool-1.1.0/setup.sh 0644 9 B',
      '    @@ -0,0 +1,1 @@',
      '    +setup.sh',
      '    ',
    ]);
    expect(readdirSync(temporary)).toEqual([]);
    rmSync(temporary, { recursive: true });
  });

  test('a lower version is compared with the next higher one, and another series of tags says so', async () => {
    await before();
    await propose('v0.9.0');
    expect((await review()).report.previous).toMatchObject({ tag: 'v1.0.0', series: 'same' });
    await propose('other-2.0');
    const { report } = await review();
    expect(report.previous).toMatchObject({ tag: 'v1.0.0', series: 'other' });
    expect(named(report, 'new-series')).toMatchObject({ level: 'look' });
  });

  test('an uploader that the release before had not', async () => {
    await before();
    const { release } = await propose('v1.1.0');
    release.asset('tool-linux-amd64').uploader = 'mallory';
    expect((await review()).report.previous?.uploaders).toEqual({
      before: ['octocat'],
      changed: [{ name: 'tool-linux-amd64', uploader: 'mallory' }],
    });
    expect(named((await review()).report, 'new-uploader')).toMatchObject({
      level: 'look',
      message: 'mallory uploaded 1 file; those of v1.0.0 are by octocat',
      files: ['tool-linux-amd64'],
    });
  });

  test("another key on upstream's own checksums", async () => {
    const { ada, eve } = world.people;
    const signed = async (who: typeof ada) => ({ ...FILES, 'SHA256SUMS.asc': await who.sign(Buffer.from('x')) });
    await before({ files: await signed(ada) });
    await propose('v1.1.0', { files: await signed(eve) });
    expect((await review()).report.previous?.signers).toEqual([
      { name: 'SHA256SUMS.asc', before: [ada.fingerprint], now: [eve.fingerprint] },
    ]);
  });

  test("no key on upstream's own checksums any more", async () => {
    const { ada } = world.people;
    await before({ files: { ...FILES, 'SHA256SUMS.asc': await ada.sign(Buffer.from('x')) } });
    await propose('v1.1.0', { files: { ...FILES, 'SHA256SUMS.asc': 'no signature' } });
    const previous = (await review()).report.previous;
    expect(previous?.signers).toEqual([{ name: 'SHA256SUMS.asc', before: [ada.fingerprint], now: [] }]);
    expect(named((await review()).report, 'new-signer')).toMatchObject({
      level: 'look',
      message: expect.stringContaining('SHA256SUMS.asc names no key; in v1.0.0') as string,
    });
  });

  test("no signature of upstream's own checksums any more, though the record leaves it out", async () => {
    const { ada } = world.people;
    await before();
    const asc = { name: 'SHA256SUMS.asc', content: await ada.sign(Buffer.from('x')) };
    await world.tool.releases[0]?.addAsset(asc);
    await propose('v1.1.0');
    const { report } = await review();
    expect(report.previous?.signers).toEqual([{ name: asc.name, before: [ada.fingerprint], now: [], gone: true }]);
    expect(named(report, 'signature-gone')).toMatchObject({
      level: 'look',
      message: expect.stringContaining('SHA256SUMS.asc is missing; in v1.0.0') as string,
    });
  });

  test('a signature that names no key, as it named none before, is not worth a word', async () => {
    const files = { ...FILES, 'SHA256SUMS.sig': 'of another kind' };
    await before({ files });
    await propose('v1.1.0', { files });
    expect((await review()).report.previous?.signers).toEqual([]);
  });

  test('the same key on upstream’s own checksums is not worth a word', async () => {
    const { ada } = world.people;
    const files = { ...FILES, 'SHA256SUMS.asc': await ada.sign(Buffer.from('x')) };
    await before({ files });
    await propose('v1.1.0', { files });
    expect((await review()).report.previous?.signers).toEqual([]);
  });

  test('a record that nobody acknowledged is not a measure', async () => {
    const { tree } = await world.record(await world.release('v1.0.0'));
    world.merge(tree);
    await lookAgain();
    await propose('v1.1.0');
    expect((await review()).report.previous).toBeUndefined();
  });

  test('a release before that is gone upstream is compared by its record alone', async () => {
    await before();
    await propose('v1.1.0');
    world.tool.removeRelease('v1.0.0');
    expect((await review()).report).toMatchObject({ verdict: 'same', previous: { tag: 'v1.0.0', signers: [] } });
    const { report } = await review();
    expect(report.previous?.uploaders).toBeUndefined();
    expect(named(report, 'previous-unread')).toMatchObject({ level: 'look' });
  });
});
