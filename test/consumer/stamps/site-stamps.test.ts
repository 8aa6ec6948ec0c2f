import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { StampSigner } from '../../../consumer/stamps/signer.ts';
import { sha256Hex, utf8 } from '../../../ledger-schema/index.ts';
import { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { TestSite } from '../../kit/worlds/site-world.ts';
import { newStampSigner, releaseOf, statementOf } from '../../kit/stamps.ts';

const LIST = '.well-known/packslip/github.com/acme/tool.json';
const ISSUER = 'https://token.actions.githubusercontent.com';
const BASE = 'https://releases.acme.example';
const NOW_FAR = new Date('2031-01-01T00:00:00Z');

let ledger: TestLedger;
let site: TestSite;
let signer: StampSigner;
let again: () => Promise<void>;

beforeAll(async () => {
  ledger = await TestLedger.create();
  ({ signer } = await newStampSigner());
  const { grace } = ledger.people;
  const assets = { 'tool-linux-amd64': 'the tool', 'checksums.txt': 'sums' };
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets });
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v2.0.0', assets, acks: [] });
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v0.9.0', assets, nacks: [grace] });
  await ledger.addRecord({ repository: 'acme/tool', tag: 'nightly', assets });
  await ledger.commit({ message: 'Nack acme/tool v0.9.0\n\nit mines <coins>\n' });
  again = await ledger.keep();
});

beforeEach(async () => {
  await again();
  site = await TestSite.of(ledger, 'read');
});

const make = (changes: object = {}, consumer: object = {}) =>
  site.make({ baseUrl: BASE, stamps: signer, ...changes }, consumer);
const list = async () => statementOf(utf8(await site.read(LIST))).predicate;

describe('a site with stamps', () => {
  test('lists what is acknowledged, with the ledger’s height and the policy’s end; what is proposed is not there', async () => {
    await make();
    const predicate = await list();
    expect(predicate).toMatchObject({
      project: 'github.com/acme/tool',
      sequence: 1,
      expires_at: '2030-01-01T00:00:00Z',
    });
    expect(predicate.releases.map(({ version, tag, status }) => [version, tag, status])).toEqual([
      ['0.9.0', 'v0.9.0', 'yanked'],
      ['1.0.0', 'v1.0.0', undefined],
    ]);
    expect(predicate.releases[0]?.status_reason).toBe('it mines <coins> (withdrawn by grace)');
    expect(site.warnings.join('\n')).toContain('nightly is in no release list');
    const path = predicate.releases[1]?.packslip.slice(BASE.length + 1) ?? '';
    const release = releaseOf(utf8(await site.read(path)));
    expect(release.subject).toEqual([{ name: 'tool-linux-amd64', digest: { sha256: sha256Hex(utf8('the tool')) } }]);
    expect(release.predicate.artifacts[0]?.url).toBe(
      'https://github.com/acme/tool/releases/download/v1.0.0/tool-linux-amd64',
    );
    expect(release.predicate.published_at).toBe('2025-01-01T00:00:00Z');
  });

  test('takes away the packslip of what was nacked, and nothing else changes', async () => {
    await make();
    const before = await site.files();
    const [entry] = (await list()).releases.filter(({ tag }) => tag === 'v1.0.0');
    const { ada } = ledger.people;
    const assets = { 'tool-linux-amd64': 'the tool', 'checksums.txt': 'sums' };
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets, nacks: [ada] });
    await ledger.commit({ message: 'Nack acme/tool v1.0.0\n\nit was theirs\n' });
    await make();
    const after = await site.files();
    const path = entry?.packslip.slice(BASE.length + 1) ?? '';
    expect(before.has(path)).toBe(true);
    expect(after.has(path)).toBe(false);
    const predicate = await list();
    expect(predicate.sequence).toBe(2);
    expect(predicate.releases.map(({ status }) => status)).toEqual(['yanked', 'yanked']);
    expect(predicate.releases[1]?.packslip).toBe(entry?.packslip);
  });

  test('made again from the same ledger writes nothing', async () => {
    await make();
    const times = await site.times();
    expect((await make()).written).toBe(0);
    expect(await site.times()).toEqual(times);
  });

  test('says where files lie in the store, where anybody can read it', async () => {
    await make({}, { stores: ['file:./store', 'https://mirror.acme.example/files'] });
    const path = (await list()).releases[1]?.packslip.slice(BASE.length + 1) ?? '';
    const hex = sha256Hex(utf8('the tool'));
    expect(releaseOf(utf8(await site.read(path))).predicate.artifacts[0]?.url).toBe(
      `https://mirror.acme.example/files/sha256/${hex.slice(0, 2)}/${hex}`,
    );
  });

  test('leads to the store from the run on that knows one, with a higher number', async () => {
    await make({}, { stores: ['file:./store'] });
    const first = await list();
    await make({}, { stores: ['file:./store', 'https://mirror.acme.example'] });
    const second = await list();
    expect(second.sequence).toBe(first.sequence + 1);
    const path = second.releases[1]?.packslip.slice(BASE.length + 1) ?? '';
    expect(releaseOf(utf8(await site.read(path))).predicate.artifacts[0]?.url).toContain(
      'https://mirror.acme.example/sha256/',
    );
  });

  test('looks for the vendors’ own packslips once it knows a store', async () => {
    const evidence = [{ kind: 'sigstore' as const, sha256: 'a'.repeat(64), size: 9, signer: 'x', issuer: ISSUER }];
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.1.0', assets: { 'tool-linux-amd64': 'x' }, evidence });
    await ledger.commit();
    await make();
    expect(site.warnings.join('\n')).not.toContain('could not be read');
    await make({}, { stores: [`file:${site.folder}-store`] });
    expect(site.warnings.join('\n')).toContain('acme/tool v1.1.0: its evidence could not be read');
  });

  test('has a list for each tool of a repository that releases several', async () => {
    await ledger.addRecord({ repository: 'acme/tool', tag: 'cli/v3.0.0', assets: { 'cli-linux-amd64': 'cli' } });
    await ledger.commit();
    await make();
    expect((await list()).releases.map(({ tag }) => tag)).toEqual(['v0.9.0', 'v1.0.0']);
    const own = statementOf(utf8(await site.read(LIST.replace('tool.json', 'tool/cli.json')))).predicate;
    expect([own.project, ...own.releases.map(({ version }) => version)]).toEqual(['github.com/acme/tool/cli', '3.0.0']);
    expect((await make()).written).toBe(0);
  });

  test('has the lists of a renamed repository under both of its names', async () => {
    const aliases = [{ name: 'github.com/acme/renamed', tool: 'github.com/acme/tool' }];
    await make({ aliases });
    const renamed = statementOf(utf8(await site.read(LIST.replace('tool.json', 'renamed.json')))).predicate;
    expect(renamed.project).toBe('github.com/acme/renamed');
    expect(renamed.releases.map(({ tag }) => tag)).toEqual((await list()).releases.map(({ tag }) => tag));
    const path = renamed.releases[1]?.packslip.slice(BASE.length + 1) ?? '';
    expect(releaseOf(utf8(await site.read(path))).predicate.project).toBe('github.com/acme/renamed');
    // A tool of that very name has its own.
    await ledger.addRecord({ repository: 'acme/Renamed', tag: 'v7.0.0', assets: { 'renamed-linux-amd64': 'r' } });
    await ledger.commit();
    await make({ aliases });
    expect([...(await site.files()).keys()].filter((each) => each.endsWith('renamed.json'))).toEqual([]);
    const theirs = statementOf(utf8(await site.read(LIST.replace('tool.json', 'Renamed.json')))).predicate;
    expect(theirs.releases.map(({ tag }) => tag)).toEqual(['v7.0.0']);
  });

  test('offline, or where evidence can not be read, signs packslips of its own, and looks again when it is made again', async () => {
    const evidence = [{ kind: 'sigstore' as const, sha256: 'a'.repeat(64), size: 9, signer: 'x', issuer: ISSUER }];
    const assets = { 'tool-linux-amd64': 'the tool' };
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.1.0', assets, evidence });
    await ledger.commit();
    await make();
    await make({}, { stores: ['https://mirror.acme.example'], offline: true });
    expect((await list()).releases.map(({ tag }) => tag)).toContain('v1.1.0');
    expect(site.warnings.join('\n')).toContain('acme/tool v1.1.0: its evidence could not be read');
    site.warnings.length = 0;
    const before = await site.files();
    const again = await make({}, { stores: ['https://mirror.acme.example'], offline: true });
    expect(site.warnings.join('\n')).toContain('acme/tool v1.1.0: its evidence could not be read');
    expect(again.written).toBe(0);
    expect(await site.files()).toEqual(before);
  });

  test('leaves the lists as they are once the policy has expired: they expire with it', async () => {
    await make();
    const before = await site.read(LIST);
    await make({}, { now: NOW_FAR });
    expect(await site.read(LIST)).toBe(before);
  });

  test('without a signer any more has no stamps any more', async () => {
    await make();
    await site.make({ baseUrl: BASE });
    expect([...(await site.files()).keys()].filter((path) => /packslip/.test(path))).toEqual([]);
  });

  test('is not made where nobody said where it is served, and warns of a folder', async () => {
    await expect(make({ baseUrl: undefined })).toFailWith('E_USAGE');
    await make({ baseUrl: `${BASE}/ledger` });
    expect(site.warnings.join('\n')).toContain('root of a host');
  });
});
