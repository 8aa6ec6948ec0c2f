import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { missingText } from '../../cli/screens/review/review-words.ts';
import { storeKey } from '../../store/store.ts';
import { openProposals } from '../../proposals/open-proposals.ts';
import { requireSame, reviewProposal } from '../../reviewer/review.ts';
import { compareFiles } from '../../reviewer/compare/compare-files.ts';
import { getReleaseByTag } from '../../github/releases.ts';
import { inTools, readTools } from '../../reviewer/review-tools.ts';
import type { Content } from '../servers/github/github.ts';
import { sha256Of, streamOf } from '../servers/github/github-bytes.ts';
import { FILES } from './world.ts';
import { expectVerdict, named, propose, review, shared, useWorld, world } from './one-proposal.ts';

useWorld();

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

test.each([
  [1, ['ada'], 'one more ack needed, from ada'],
  [2, ['ada', 'grace'], 'two more acks needed, from ada and grace'],
  [1, ['ada', 'grace'], 'one more ack needed, from ada or grace'],
  [2, ['ada', 'grace', 'linus'], 'two more acks needed, from ada, grace or linus'],
])('%i of %j who are missing are told in words that fit', (missing, owes, text) => {
  const standing = { state: 'proposed', signedBy: undefined, acks: [], nacks: [], threshold: 2 } as const;
  expect(missingText({ ...standing, missing, owes })).toBe(text);
});
