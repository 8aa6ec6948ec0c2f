import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { missingText } from '../../cli/screens/review/review-words.ts';
import { storeKey } from '../../store/store.ts';
import { openProposals } from '../../proposals/open-proposals.ts';
import { requireSame, reviewProposal } from '../../reviewer/review.ts';
import type { Review } from '../../reviewer/review.ts';
import type { Finding, FindingName } from '../../inspect/finding.ts';
import type { ReviewReport } from '../../reviewer/report.ts';
import { compareFiles } from '../../reviewer/compare/compare-files.ts';
import { getReleaseByTag } from '../../github/releases.ts';
import { inTools, readTools } from '../../reviewer/review-tools.ts';
import type { ReviewerContext } from '../../reviewer/context.ts';
import { proposalBranch } from '../../ledger-schema/names/branches.ts';
import { verifyRecord } from '../../ledger-schema/record.ts';
import type { Proposal } from '../../proposals/read-proposal.ts';
import type { Content, TestRelease } from '../servers/github/github.ts';
import type { ErrorCode } from '../../ledger-schema/error.ts';
import { putAck } from '../kit/ledger/ledger-tree.ts';
import { sha256Of, streamOf } from '../servers/github/github-bytes.ts';
import { differenceLines } from '../../inspect/show-difference.ts';
import { zipOf } from '../inspect/files.ts';
import { openView } from '../../ledger/view/view.ts';
import type { LedgerView } from '../../ledger/view/view.ts';
import { FILES, World } from './world.ts';

let world: World;
let shared: ReviewerContext;
let view: LedgerView;
let proposal: Proposal;
beforeAll(async () => {
  world = await World.start();
  shared = await world.context();
  view = await openView(shared);
});
beforeEach(() => {
  world.newTool();
  world.upstream.faults.clear();
});
afterAll(() => world[Symbol.asyncDispose]());

/** A release and its record, judged as a proposal's is; what git has to do with it, other tests look at. */
async function propose(
  tag: string,
  options: { files?: Readonly<Record<string, Content>>; source?: string } = {},
): Promise<{ release: TestRelease }> {
  const release = await world.release(tag, options.files);
  const { path, tree } = await world.record(release, options);
  const names = [...tree.keys()]
    .filter((file) => file.startsWith(`${path}/`))
    .map((file) => file.slice(path.length + 1));
  const record = await verifyRecord(
    {
      path,
      entries: names.map((name) => ({ name, mode: '100644', oid: '' })),
      read: (name) => Promise.resolve(tree.get(`${path}/${name}`)),
    },
    view.trust,
  );
  proposal = { kind: 'proposal', branch: proposalBranch(path), commit: 'e'.repeat(40), adds: 'record', record };
  return { release };
}

/** Reviews what was proposed last. */
async function review(changes: Partial<ReviewerContext> = {}): Promise<Review> {
  const context = { ...shared, ...changes, view };
  world.upstream.takeRequests();
  return reviewProposal(context, proposal, await readTools(context));
}

async function expectVerdict(
  verdict: string,
  code: ErrorCode,
  changes: Partial<ReviewerContext> = {},
): Promise<Review> {
  const reviewed = await review(changes);
  expect(reviewed.report.verdict).toBe(verdict);
  expect(reviewed.report.findings[0]).toMatchObject({ level: 'stop', code });
  await expect(() => requireSame(reviewed)).toFailWith(code);
  return reviewed;
}

function named({ findings }: ReviewReport, name: FindingName): Finding | undefined {
  return findings.find((each) => each.name === name);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('what is compared', () => {
  test('every file is fetched again from upstream and from the store, and no byte lands on disk', async () => {
    const { path, branch, commit } = await world.propose('v1.0.0');
    const opened = await openProposals(shared, branch);
    const [found] = opened.proposals;
    if (found === undefined) throw new Error('there is no proposal');
    world.upstream.takeRequests();
    const reviewed = await reviewProposal(opened.context, found, await readTools(shared));
    expect(reviewed.report).toMatchObject({
      verdict: 'same',
      findings: [{ name: 'first-record', level: 'note', files: [] }],
      record: path,
      branch,
      head: commit,
      adds: 'record',
      files: [
        { name: 'tool-darwin-arm64', size: 30_000, upstream: 'same', store: 'same', uploader: 'octocat' },
        { name: 'tool-linux-amd64', size: 40_000, upstream: 'same', store: 'same', statements: ['GitHub (sha256)'] },
      ],
      signedBy: { holder: 'bot' },
      acks: [],
      missing: 1,
      owes: ['ada', 'grace'],
      checks: ["GitHub's digest (sha256): equal for 2 of 2 files"],
    });
    expect(requireSame(reviewed).report.verdict).toBe('same');
    expect(world.takeDownloads()).toHaveLength(2);
    const outside = filesBelow(world.folder).filter((file) => !file.startsWith(join(world.folder, 'store')));
    expect(outside.filter((file) => statSync(file).size >= 30_000)).toEqual([]);
  });

  test('without a store only upstream is asked, and the report says so', async () => {
    await propose('v1.0.0');
    const { report } = await review({ store: undefined });
    expect(report.verdict).toBe('same');
    expect(report.files.map(({ store }) => store)).toEqual([undefined, undefined]);
  });

  test('a replaced file of the same size differs, also where GitHub gives no digest', async () => {
    const { release } = await propose('v1.0.0');
    await release.replaceAsset('tool-linux-amd64', { size: 40_000, seed: 9 }, { digest: null });
    const { report } = await expectVerdict('differs', 'E_DIGEST_MISMATCH');
    expect(report.files.map(({ upstream }) => upstream)).toEqual(['same', 'differs']);
  });

  test('bytes that are wrong on their way differ, whatever the API says of them', async () => {
    await propose('v1.0.0');
    world.upstream.faults.bytes('wrong', { asset: 'tool-darwin-arm64' });
    await expectVerdict('differs', 'E_DIGEST_MISMATCH');
  });

  test('a digest of GitHub that is not that of its bytes differs', async () => {
    const { release } = await propose('v1.0.0');
    release.asset('tool-linux-amd64').digest = `sha256:${'0'.repeat(64)}`;
    await expectVerdict('differs', 'E_DIGEST_MISMATCH');
  });

  test('another size differs without a download of that file', async () => {
    const { release } = await propose('v1.0.0');
    await release.replaceAsset('tool-linux-amd64', { size: 50_000, seed: 1 });
    await expectVerdict('differs', 'E_UPSTREAM_DIFFERS');
    expect(world.takeDownloads()).toHaveLength(1);
  });

  test('a body that goes on after the declared end differs', async () => {
    await propose('v1.0.0');
    world.upstream.faults.bytes('oversized', { asset: 'tool-linux-amd64' });
    await expectVerdict('differs', 'E_SIZE');
  });

  test('a broken connection is resumed', async () => {
    await propose('v1.0.0');
    world.upstream.faults.bytes('truncated', { asset: 'tool-linux-amd64' });
    expect((await review()).report.verdict).toBe('same');
  });

  test('wrong bytes in the store differ', async () => {
    await propose('v1.0.0');
    const sha256 = await sha256Of({ size: 40_000, seed: 1 });
    writeFileSync(join(world.folder, 'store', storeKey(sha256)), Buffer.alloc(40_000));
    const { report } = await expectVerdict('differs', 'E_DIGEST_MISMATCH');
    expect(report.files[1]).toMatchObject({ upstream: 'same', store: 'differs' });
  });

  test('a file that the store lost cannot be compared', async () => {
    await propose('v1.0.0');
    rmSync(join(world.folder, 'store', storeKey(await sha256Of({ size: 40_000, seed: 1 }))));
    const { report } = await expectVerdict('incomparable', 'E_STORE_MISSING');
    expect(report.files[1]).toMatchObject({ upstream: 'same', store: 'gone' });
  });

  test('a release that is gone upstream cannot be compared, and nothing is downloaded', async () => {
    await propose('v1.0.0');
    world.tool.removeRelease('v1.0.0');
    const { report } = await expectVerdict('incomparable', 'E_UPSTREAM_NOT_FOUND');
    expect(report.files.map(({ upstream }) => upstream)).toEqual(['gone', 'gone']);
    expect(report.release).toBeUndefined();
    expect(world.takeDownloads()).toEqual([]);
  });

  test('a file that is gone upstream cannot be compared; the others are', async () => {
    const { release } = await propose('v1.0.0');
    release.removeAsset('tool-linux-amd64');
    const { report } = await expectVerdict('incomparable', 'E_UPSTREAM_NOT_FOUND');
    expect(report.files.map(({ upstream }) => upstream)).toEqual(['same', 'gone']);
  });

  test('a tag that was moved differs', async () => {
    await propose('v1.0.0');
    world.tool.setTag('v1.0.0', 'd'.repeat(40), 1);
    await expectVerdict('differs', 'E_UPSTREAM_DIFFERS');
  });

  test('an annotated tag is peeled to its commit', async () => {
    const { commit } = (await propose('v1.0.0'), { commit: world.tool.tags.get('v1.0.0')?.sha });
    world.tool.setTag('v1.0.0', commit, 2);
    expect((await review()).report.verdict).toBe('same');
  });

  test('another repository under the recorded name differs, and nothing of it is downloaded', async () => {
    await propose('v1.0.0');
    world.upstream.removeRepository(world.tool);
    const other = world.upstream.addRepository(world.tool.fullName);
    await other.addRelease({
      tag: 'v1.0.0',
      assets: Object.entries(FILES).map(([name, content]) => ({ name, content })),
    });
    await expectVerdict('differs', 'E_REPOSITORY_CHANGED');
    expect(world.takeDownloads()).toEqual([]);
  });

  test('a renamed repository is the same one, with a warning', async () => {
    await propose('v1.0.0');
    world.upstream.rename(world.tool, 'other/name');
    const { report } = await review();
    expect(report.verdict).toBe('same');
    expect(named(report, 'repository-renamed')?.message).toContain('other/name');
  });

  test('an API that says no is not a verdict on the bytes', async () => {
    await propose('v1.0.0');
    world.upstream.faults.forbidden({ match: /GET \/repos\/[^/]+\/[^/]+$/ });
    const { report } = await expectVerdict('incomparable', 'E_CREDENTIAL');
    expect(report.files.map(({ upstream }) => upstream)).toEqual(['failed', 'failed']);
  });

  test('a source that nothing is known of cannot be compared', async () => {
    await propose('v1.0.0', { source: 'ghe.acme.example' });
    await expectVerdict('incomparable', 'E_CONFIG');
  });

  test('the token for the source goes to the API and not to where the bytes lie', async () => {
    await propose('v1.0.0');
    world.upstream.addToken('source-token', { login: 'grace' });
    expect((await review({ env: { GITHUB_TOKEN: 'source-token' } })).report.verdict).toBe('same');
    const requests = world.upstream.takeRequests();
    const seen = (server: string) =>
      requests.filter((one) => one.server === server).map((one) => one.headers.authorization);
    expect(new Set(seen('api'))).toEqual(new Set(['Bearer source-token']));
    expect(new Set(seen('storage'))).toEqual(new Set([undefined]));
  });

  test('an interruption ends the review', async () => {
    await propose('v1.0.0');
    const controller = new AbortController();
    controller.abort(new Error('stop'));
    await expect(review({ signal: controller.signal })).rejects.toThrow('stop');
  });
});

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

describe('a file that lies elsewhere', () => {
  const URL = 'https://dl.example/v1.0.0/helm.tgz';
  const GOOD = { size: 900, seed: 3 };
  const EVIL = { size: 900, seed: 4 };

  /** Compares a record that says `recorded`, where the release has `inRelease` and the address has `there`. */
  async function compareUrl(options: { own: boolean; recorded: Content; inRelease?: Content; there?: Content }) {
    const { own, recorded, inRelease, there = recorded } = options;
    await world.release('v1.0.0', inRelease === undefined ? {} : { 'helm.tgz': inRelease });
    const client = world.client();
    const release = await getReleaseByTag(client, world.tool.fullName, 'v1.0.0');
    if (release === undefined) throw new Error('there is no release');
    const asked: string[] = [];
    const [file] = await compareFiles({
      client,
      release,
      assets: [{ name: 'helm.tgz', size: 900, sha256: await sha256Of(recorded), url: URL }],
      statements: { required: new Map(), observed: new Map(), findings: [] },
      store: undefined,
      urls: new Map(own ? [['helm.tgz', URL]] : [['other.tgz', URL]]),
      openUrl: ({ url }) => {
        asked.push(url);
        return streamOf(there, 0, 900) as AsyncIterable<Uint8Array>;
      },
      onBytes: () => undefined,
      signal: undefined,
    });
    if (file === undefined) throw new Error('nothing was compared');
    return { upstream: file.upstream, names: file.findings.map(({ name }) => name), asked, file };
  }

  test('is the same where the own tool.ini gives its address and the bytes there are the recorded ones', async () => {
    expect(await compareUrl({ own: true, recorded: GOOD })).toMatchObject({
      upstream: 'same',
      names: [],
      asked: [URL],
    });
    const other = await compareUrl({ own: true, recorded: GOOD, there: EVIL });
    expect(other).toMatchObject({ upstream: 'differs', names: ['upstream-differs'] });
  });

  test('is never the same by the address that the record names alone: nothing is asked, and the host is named', async () => {
    const { file, ...found } = await compareUrl({ own: false, recorded: EVIL });
    expect(found).toMatchObject({ upstream: 'failed', names: ['url-not-yours'], asked: [] });
    expect(file.findings[0]).toMatchObject({ level: 'stop', message: expect.stringContaining('dl.example') as string });
  });

  test('is compared with the release’s own file of that name as well', async () => {
    for (const own of [true, false]) {
      const evil = await compareUrl({ own, recorded: EVIL, inRelease: GOOD });
      expect(evil.upstream).toBe('differs');
      expect(evil.names).toContain('upstream-differs');
    }
    const good = await compareUrl({ own: true, recorded: GOOD, inRelease: GOOD });
    expect(good).toMatchObject({ upstream: 'same', names: [] });
    expect(await compareUrl({ own: false, recorded: GOOD, inRelease: GOOD })).toMatchObject({ upstream: 'failed' });
  });
});

describe('whose tool definitions count', () => {
  const write = (root: string, source: string, ...lines: string[]): void => {
    const folder = join(root, 'packages', source, ...world.tool.fullName.split('/'));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'tool.ini'), lines.map((line) => `${line}\n`).join(''));
  };
  const id = (source: string) => ({ source, repository: world.tool.fullName, tag: 'v1.0.0' });
  const address = 'https://dl.example/v1.0.0/t';
  const lines = (api: string) => ['[assets]', 'url[] = https://dl.example/{tag}/t', '[source]', `api = ${api}`];

  test('those beside mirror.ini may be the executor’s: neither their api nor their url[] counts', async () => {
    write(world.folder, 'ghe.acme.example', ...lines('https://ghe.acme.example/api/v3'));
    const { client, urls } = inTools(await readTools(shared), id('ghe.acme.example'));
    expect(client).toBeUndefined();
    expect([...urls]).toEqual([]);
  });

  test('those of --tools are the reviewer’s own', async () => {
    const tools = join(world.folder, 'mine');
    write(tools, 'ghe.acme.example', ...lines('https://ghe.acme.example/api/v3'));
    const { client, urls } = inTools(await readTools({ ...shared, tools }), id('ghe.acme.example'));
    expect(client?.api).toBe('https://ghe.acme.example/api/v3');
    expect([...urls]).toEqual([['t', address]]);
  });

  test.each([
    ['github.com', 'https://evil.example/api/v3'],
    ['github.com', 'http://127.0.0.1:9/'],
    ['github.com', 'https://api.github.com.evil.example/'],
    ['ghe.acme.example', 'https://evil.example/api/v3'],
    ['ghe.acme.example', 'https://xghe.acme.example/api/v3'],
  ])('even there an api below packages/%s can’t be %s', async (source, api) => {
    const tools = mkdtempSync(join(world.folder, 'mine-'));
    write(tools, source, '[source]', `api = ${api}`);
    const { client, why } = inTools(await readTools({ ...shared, tools }), id(source));
    expect(client).toBeUndefined();
    expect(why?.message).toContain(`is not that of ${source}`);
  });

  test('an api at the host’s own name, or at api. before it, is that of the source', async () => {
    const tools = mkdtempSync(join(world.folder, 'mine-'));
    for (const api of ['https://acme.ghe.example/api/v3', 'https://api.acme.ghe.example']) {
      write(tools, 'acme.ghe.example', '[source]', `api = ${api}`);
      expect(inTools(await readTools({ ...shared, tools }), id('acme.ghe.example')).client?.api).toBe(api);
    }
  });
});

describe('what is new', () => {
  /** An acknowledged v1.0.0 on main. */
  async function before(options: { files?: Readonly<Record<string, Content>> } = {}): Promise<void> {
    const release = await world.release('v1.0.0', options.files);
    const { path, tree } = await world.record(release);
    await putAck(tree, path, world.people.ada);
    world.merge(tree);
    view = await openView(shared);
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
    view = await openView(shared);
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

test.each([
  [1, ['ada'], 'one more ack needed, from ada'],
  [2, ['ada', 'grace'], 'two more acks needed, from ada and grace'],
  [1, ['ada', 'grace'], 'one more ack needed, from ada or grace'],
  [2, ['ada', 'grace', 'linus'], 'two more acks needed, from ada, grace or linus'],
])('%i of %j who are missing are told in words that fit', (missing, owes, text) => {
  const standing = { state: 'proposed', signedBy: undefined, acks: [], nacks: [], threshold: 2 } as const;
  expect(missingText({ ...standing, missing, owes })).toBe(text);
});
