import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commonLine, jsonLine } from '../../../consumer/serve/access-log.ts';
import { ledgerExplainer } from '../../../consumer/serve/pages/explainer.ts';
import type { LedgerRepository } from '../../../ledger/git/repository.ts';
import { sha256Hex, utf8 } from '../../../ledger-schema/index.ts';
import { startGateway } from './gateway-fixture.ts';
import type { TestGateway } from './gateway-fixture.ts';
import { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { StoreServer } from '../../kit/store-server.ts';

let ledger: TestLedger;
let store: StoreServer;
let gateway: TestGateway;
let own: TestGateway;
const lines: string[] = [];

beforeAll(async () => {
  ledger = await TestLedger.create();
  store = await StoreServer.start(['one', 'two', 'three', 'four']);
  await ledger.addRecord({ repository: 'old/tool', repositoryId: 7, tag: 'v1.0.0', assets: { tool: 'one' } });
  await ledger.addRecord({ repository: 'new/tool', repositoryId: 7, tag: 'v2.0.0', assets: { tool: 'two' } });
  await ledger.addRecord({ repository: 'acme/other', tag: 'v1.0.0', assets: { other: 'three' } });
  const withdrawn = await ledger.addRecord({ repository: 'acme/other', tag: 'v0.1.0', assets: { other: 'four' } });
  await ledger.addRecord({ repository: 'acme/other', tag: 'v3.0.0', assets: { other: 'four' }, acks: [] });
  await ledger.nack(withdrawn, ledger.people.grace);
  await ledger.commit({ message: 'Nack acme/other v0.1.0\n\nit mines coins,\nand hides it\n' });
  const git = (...args: string[]) => execFileSync('git', args, { cwd: ledger.directory });
  git('branch', 'pullthrough/github.com/acme/other/v9.0.0', 'main');
  git('branch', 'pullthrough/github.com/acme/fresh/v1.0.0', 'main');
  gateway = await startGateway(ledger, [store], {
    aliases: [{ name: 'github.com/elsewhere/other', tool: 'github.com/acme/other' }],
    log: { format: 'json', write: (line) => lines.push(line) },
  });
  own = await startGateway(ledger, [store], { links: 'self' });
});
afterAll(async () => {
  await gateway.stop();
  await own.stop();
  await store.close();
});

const get = (path: string, init?: RequestInit) => fetch(gateway.url + path, init);
const text = async (path: string) => (await get(path)).text();

describe('a repository that was renamed', () => {
  test.each(['old/tool', 'new/tool', 'OLD/Tool'])('answers as %s with the records of all its names', async (name) => {
    expect(await text(`/${name}/releases/download/v1.0.0/tool`)).toBe('one');
    expect(await text(`/${name}/releases/download/v2.0.0/tool`)).toBe('two');
    expect(await text(`/${name}/releases/latest/download/tool`)).toBe('two');
    const list = (await (await get(`/repos/${name}/releases`)).json()) as { tag_name: string }[];
    expect(list.map(({ tag_name }) => tag_name)).toEqual(['v2.0.0', 'v1.0.0']);
  });

  test('answers under no other name, and others under theirs alone', async () => {
    expect((await get('/newer/tool/releases/download/v1.0.0/tool')).status).toBe(404);
    expect((await get('/acme/other/releases/download/v2.0.0/tool')).status).toBe(404);
  });
});

test('an alias answers with what the ledger has under the other name', async () => {
  expect(await text('/elsewhere/other/releases/download/v1.0.0/other')).toBe('three');
  expect(await (await get('/repos/elsewhere/other/releases/latest')).json()).toMatchObject({ tag_name: 'v1.0.0' });
});

describe('a refusal says why', () => {
  test.each([
    ['proposed, of a tool that is here', '/acme/other/releases/download/v9.0.0/x', 404, /is proposed, and not acknow/],
    ['proposed, of a new tool', '/acme/fresh/releases/download/v1.0.0/x', 404, /is proposed, and not acknowledged yet/],
    ['by the API', '/repos/acme/fresh/releases/tags/v1.0.0', 404, /is proposed, and not acknowledged yet/],
    ['merged without enough acks', '/acme/other/releases/download/v3.0.0/other', 404, /E_NOT_ACKNOWLEDGED/],
    ['nowhere', '/acme/other/releases/download/v8.0.0/x', 404, /E_NOT_FOUND/],
    [
      'withdrawn',
      '/acme/other/releases/download/v0.1.0/other',
      410,
      /withdrawn by grace: it mines coins, and hides it/,
    ],
  ])('%s', async (_what, path, status, words) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toMatch(words);
  });
});

test.each([
  ['the API', '/repos/acme/other/releases/tags/'],
  ['a download', '/acme/other/releases/download/'],
  ['a page', '/acme/other/releases/tag/'],
])('of a refusal by %s nothing acts on a terminal, whatever was asked for', async (_what, path) => {
  const answer = await get(`${path}${encodeURIComponent('v\u009b2J\u202e\u001b]0;x\u0007\u007f')}/x`);
  expect(answer.status).toBe(404);
  expect((await answer.text()).replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
});

describe('files by their digest, as Nix asks its mirrors', () => {
  test('are there where their record is acknowledged', async () => {
    expect(await text(`/sha256/${sha256Hex(utf8('three'))}`)).toBe('three');
  });

  test.each([
    ['withdrawn', sha256Hex(utf8('four')), /^(?:410|404)$/],
    ['unknown', '0'.repeat(64), /^404$/],
    ['no digest', 'x'.repeat(64), /^404$/],
  ])('are not where it is %s', async (_what, digest, status) => {
    expect(String((await get(`/sha256/${digest}`)).status)).toMatch(status);
  });
});

test('a mirror may be asked with the whole address behind it', async () => {
  expect(await text('/https://github.com/acme/other/releases/download/v1.0.0/other')).toBe('three');
});

describe('links', () => {
  const latest = async (from: TestGateway, headers = {}) =>
    (await (await fetch(`${from.url}/repos/acme/other/releases/latest`, { headers })).json()) as Record<string, string>;

  test("are GitHub's own unless told, whatever the request says of hosts", async () => {
    expect(await latest(gateway, { 'x-forwarded-host': 'mirror.example' })).toMatchObject({
      html_url: 'https://github.com/acme/other/releases/tag/v1.0.0',
    });
  });

  test('go where the client says it came by with --links self, and never where a Host header could break out', async () => {
    const through = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'mirror.example' };
    expect((await latest(own, through))['html_url']).toBe('https://mirror.example/acme/other/releases/tag/v1.0.0');
    const hostile = { 'x-forwarded-host': 'evil.example/"><script>' };
    expect((await latest(own, hostile))['html_url']).toBe(`${own.url}/acme/other/releases/tag/v1.0.0`);
  });
});

describe('the access log', () => {
  const access = {
    time: new Date('2026-11-29T12:34:56Z'),
    client: '127.0.0.1',
    method: 'GET',
    path: '/a"b\u202e\n/c',
    status: 200,
    bytes: 12,
    milliseconds: 3,
    agent: 'curl\u001b[31m',
  };

  test('has a line of the common format, in which nothing acts', () => {
    expect(commonLine(access)).toBe(
      '127.0.0.1 - - [29/Nov/2026:12:34:56 +0000] "GET /a\\x22b\\xe2\\x80\\xae\\x0a/c HTTP/1.1" 200 12',
    );
  });

  test('has a line of JSON that means the same, in which nothing acts', () => {
    const line = jsonLine(access);
    expect(line).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(line)).toMatchObject({ path: access.path, agent: access.agent, status: 200 });
  });

  test('holds no query, no token and no other header', async () => {
    const secret = 's3cret';
    await get(`/repos/acme/other/releases?access_token=${secret}`, { headers: { authorization: `Bearer ${secret}` } });
    await expect.poll(() => lines.some((line) => line.includes('/repos/acme/other/releases"'))).toBe(true);
    expect(lines.join('\n')).not.toContain(secret);
  });
});

test('whatever is asked of the gateway, it asks the ledger’s host about proposals a few times a minute alone', async () => {
  let asked = 0;
  const ledgerOf = { fetchBranch: async () => void asked++ } as unknown as LedgerRepository;
  const explainer = ledgerExplainer(ledgerOf);
  for (let at = 0; at < 100; at++) expect(await explainer.isProposed(`pullthrough/x/y/z/${at}`)).toBe(false);
  await explainer.isProposed('pullthrough/x/y/z/0');
  expect(asked).toBe(30);
});
