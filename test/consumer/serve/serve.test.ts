import { execFile } from 'node:child_process';
import { readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Catalog } from '../../../consumer/serve/catalog.ts';
import { sha256Hex, utf8 } from '../../../ledger-schema/index.ts';
import { metric, startGateway } from './gateway-fixture.ts';
import type { TestGateway } from './gateway-fixture.ts';
import { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { temporaryFolder } from '../../kit/readers.ts';
import { StoreServer } from '../../kit/store-server.ts';

const BODY = '0123456789'.repeat(10);
const BIG = 'abcdefghij'.repeat(300_000);
const ETAG = `"${sha256Hex(utf8(BODY))}"`;

let ledger: TestLedger;
let store: StoreServer;
let gateway: TestGateway;

beforeAll(async () => {
  ledger = await TestLedger.create();
  store = await StoreServer.start([BODY, BIG, 'other', 'cli', 'ghe', 'new']);
  const assets = { 'tool-linux-amd64': BODY, 'tool-big': BIG };
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets });
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.1.0-rc.1', assets: { 'tool-linux-amd64': 'other' } });
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v2.0.0', assets, acks: [] });
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v0.9.0', assets, nacks: [ledger.people.grace] });
  await ledger.addRecord({ repository: 'acme/odd', tag: 'v1.0.0', assets: { 'a+b.tgz': 'other' } });
  await ledger.addRecord({ repository: 'acme/many', tag: 'cli/v1.0.0', assets: { cli: 'cli' } });
  await ledger.addRecord({ source: 'ghe.acme.example', repository: 'team/inner', tag: 'v1', assets: { ghe: 'ghe' } });
  await ledger.commit();
  gateway = await startGateway(ledger, [store]);
});

afterAll(async () => {
  await gateway.stop();
  await store.close();
});

const get = (path: string, init?: RequestInit) => fetch(gateway.url + path, init);
const FILE = '/acme/tool/releases/download/v1.0.0/tool-linux-amd64';

describe('a file', () => {
  test.each([
    [FILE, BODY],
    ['/ACME/Tool/releases/download/v1.0.0/tool-linux-amd64', BODY],
    ['/acme/tool/releases/download/v1.0.0/tool-big', BIG],
    ['/acme/tool/releases/latest/download/tool-linux-amd64', BODY],
    ['/acme/many/releases/download/cli/v1.0.0/cli', 'cli'],
    ['/acme/many/releases/download/cli%2Fv1.0.0/cli', 'cli'],
    ['/ghe.acme.example/team/inner/releases/download/v1/ghe', 'ghe'],
  ])('%s', async (path, body) => {
    const answer = await get(path);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe(body);
  });

  test('has a strong ETag, its length, its name, its digest and no encoding', async () => {
    const { headers } = await get(FILE, { headers: { 'accept-encoding': 'gzip, br' } });
    expect(Object.fromEntries(headers)).toMatchObject({
      etag: ETAG,
      'content-length': '100',
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment; filename="tool-linux-amd64"',
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
    });
    expect(headers.get('content-encoding')).toBeNull();
  });

  test('HEAD is the same without a body, and fetches nothing', async () => {
    const own = await startGateway(ledger, [store]);
    const before = store.requests.length;
    const head = await fetch(own.url + FILE, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([200, '100', ETAG]);
    expect(await head.text()).toBe('');
    expect(store.requests).toHaveLength(before);
    await own.stop();
  });

  test.each([
    ['bytes=10-14', 206, '01234', 'bytes 10-14/100'],
    ['bytes=-3', 206, '789', 'bytes 97-99/100'],
    ['bytes=95-', 206, '56789', 'bytes 95-99/100'],
    ['bytes=100-', 416, '', 'bytes */100'],
    ['bytes=0-1,3-4', 200, BODY, null],
  ])('Range: %s', async (range, status, body, contentRange) => {
    const answer = await get(FILE, { headers: { range } });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-range')).toBe(contentRange);
    expect(await answer.text()).toBe(body);
  });

  test('a range of a large file', async () => {
    const answer = await get('/acme/tool/releases/download/v1.0.0/tool-big', {
      headers: { range: 'bytes=2500000-2500004' },
    });
    expect(answer.status).toBe(206);
    expect(await answer.text()).toBe('abcde');
  });

  test('If-None-Match: 304 without a body; If-Range of another file: all of it', async () => {
    const same = await get(FILE, { headers: { 'if-none-match': ETAG } });
    expect([same.status, await same.text()]).toEqual([304, '']);
    const other = await get(FILE, { headers: { range: 'bytes=0-1', 'if-range': '"other"' } });
    expect([other.status, await other.text()]).toEqual([200, BODY]);
  });

  test.each([
    ['/acme/tool/releases/download/v9/tool-linux-amd64', 404],
    ['/acme/tool/releases/download/v1.0.0/none', 404],
    ['/acme/tool/releases/download/v1.0.0/checklist.json', 404],
    ['/acme/none/releases/download/v1.0.0/x', 404],
    ['/acme/tool/releases/download/v2.0.0/tool-linux-amd64', 404],
    ['/acme/tool/releases/download/v0.9.0/tool-linux-amd64', 410],
    ['/acme/tool/releases/download/../../../etc/passwd', 404],
    ['/acme/tool/releases/download/..%2f..%2f..%2fetc/passwd', 404],
    ['/acme/tool/releases/download/', 404],
    ['/acme/tool/releases/download/%ff/x', 400],
    ['/nothing/at/all/here', 404],
    ['//acme/tool/releases', 404],
    ['/acme//releases/latest', 404],
    [`/acme/${'a'.repeat(300)}/releases`, 404],
    [`/${'a'.repeat(300)}/acme/tool/releases`, 404],
  ])('%s: %i, and says why in a line', async (path, status) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('etag')).toBeNull();
  });

  test('an address that cannot be decoded is refused in the same form as all else', async () => {
    for (const [path, type] of [
      ['/%zz', 'text/plain'],
      ['/repos/acme/%zz/releases', 'application/json'],
    ] as const) {
      const answer = await get(path);
      expect(answer.status).toBe(400);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('content-type')).toContain(type);
      expect(await answer.text()).toContain('E_USAGE');
    }
    expect(await (await get('/%zz', { headers: { accept: 'text/html' } })).text()).toContain('Error 400');
  });

  test('a path that the gateway does not have is told from a request that cannot be read', async () => {
    const text = async (path: string) => (await get(path)).text();
    expect(await text('/acme/tool/archive/refs/tags/v1.0.0.tar.gz')).toMatch(
      /^there is nothing at this address .*\nhint/,
    );
    expect(await (await get('/repos/acme/tool/issues')).json()).toMatchObject({ code: 'E_NOT_FOUND', status: '404' });
  });
});

describe('the API', () => {
  const json = async (path: string, init?: RequestInit) =>
    (await get(path, init)).json() as Promise<Record<string, unknown>>;
  /** Where GitHub's own addresses lead, through a client that rewrites hosts. */
  const here = (url: unknown) => String(url).replace(/^https:\/\/(?:api\.)?github\.com/, gateway.url);

  test.each(['', '/api/v3'])('%s/repos/…/releases/tags/TAG is a release with digests', async (base) => {
    const release = await json(`${base}/repos/acme/tool/releases/tags/v1.0.0`);
    expect(release).toMatchObject({
      tag_name: 'v1.0.0',
      draft: false,
      prerelease: false,
      assets: [
        { name: 'tool-big', size: 3_000_000 },
        {
          name: 'tool-linux-amd64',
          size: 100,
          state: 'uploaded',
          digest: `sha256:${sha256Hex(utf8(BODY))}`,
          browser_download_url: `https://github.com${FILE}`,
        },
      ],
    });
    expect(release['url']).toContain('https://api.github.com/repos/acme/tool/releases/');
    const [, asset] = release['assets'] as { url: string; id: number }[];
    const as = (accept: string) => fetch(here(asset!.url), { headers: { accept } });
    expect(await (await as('application/octet-stream')).text()).toBe(BODY);
    expect(await (await as('*/*')).text()).toBe(BODY);
    expect(await (await as('application/vnd.github+json')).json()).toMatchObject({
      name: 'tool-linux-amd64',
      id: asset!.id,
    });
    expect(await (await fetch(here(release['url']))).json()).toEqual(release);
    expect(await (await fetch(here(release['assets_url']))).json()).toEqual(release['assets']);
    expect(Date.parse(String(release['published_at']))).toBeGreaterThan(Date.parse('2020-01-01'));
  });

  test('by number judges the one record that has it, not all of the tool', async () => {
    const release = await json('/repos/acme/tool/releases/tags/v1.0.0');
    const [asset] = release['assets'] as { id: number; name: string }[];
    const all = vi.spyOn(Catalog.prototype, 'releases');
    const asJson = { headers: { accept: 'application/json' } };
    const one = vi.spyOn(Catalog.prototype, 'release');
    try {
      expect(await json(`/repos/acme/tool/releases/assets/${asset!.id}`, asJson)).toMatchObject({ name: asset!.name });
      expect(await json(`/repos/acme/tool/releases/${String(release['id'])}`)).toMatchObject({ tag_name: 'v1.0.0' });
      expect(await json(`/repos/acme/tool/releases/assets/${asset!.id + 2}`)).toMatchObject({ status: '404' });
      expect(one.mock.calls.map(([, tag]) => tag)).toEqual(['v1.0.0', 'v1.0.0', 'v1.0.0']);
      expect(all).not.toHaveBeenCalled();
    } finally {
      vi.restoreAllMocks();
    }
  });

  test('latest is the newest that is not a prerelease and is acknowledged', async () => {
    expect(await json('/repos/acme/tool/releases/latest')).toMatchObject({ tag_name: 'v1.0.0' });
  });

  test('the list holds acknowledged releases alone, in pages with links', async () => {
    const first = await get('/repos/acme/tool/releases?per_page=1');
    expect(await first.json()).toMatchObject([{ tag_name: 'v1.1.0-rc.1', prerelease: true }]);
    expect(first.headers.get('link')).toContain(
      `<${gateway.url}/repos/acme/tool/releases?per_page=1&page=2>; rel="next"`,
    );
    expect(await json('/repos/acme/tool/releases?per_page=1&page=2')).toMatchObject([{ tag_name: 'v1.0.0' }]);
    expect(await json('/repos/acme/tool/releases?per_page=1&page=3')).toEqual([]);
  });

  test.each([
    ['/repos/acme/none/releases', 404],
    [`/repos/acme/${'a'.repeat(300)}/releases`, 404],
    ['/repos/acme/tool/releases/tags/v2.0.0', 404],
    ['/repos/acme/tool/releases/tags/v0.9.0', 410],
    ['/repos/acme/tool/releases/assets/1', 404],
    ['/repos/acme/tool/releases/1', 404],
    ['/api/v3/repos/acme', 404],
  ])('%s: %i as JSON', async (path, status) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ status: String(status) });
  });

  test('answers with an ETag, and 304 to who has it', async () => {
    const first = await get('/repos/acme/tool/releases');
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    const again = await get('/repos/acme/tool/releases', { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
  });

  test.each(['', '/api/v3'])('%s/repos/O/R and %s/rate_limit are there, and attestations are none', async (base) => {
    expect(await json(`${base}/repos/acme/tool`)).toMatchObject({ full_name: 'acme/tool', private: false });
    expect(await json(`${base}/rate_limit`)).toMatchObject({ rate: { remaining: 5000 } });
    expect(await json(`${base}/repos/acme/tool/attestations/sha256:${'0'.repeat(64)}`)).toEqual({ attestations: [] });
    expect((await get(`${base}/repos/acme/none`)).status).toBe(404);
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('%s is 405, in JSON, with what is allowed', async (method) => {
    const answer = await get('/repos/acme/tool/releases', { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
    expect(await answer.json()).toMatchObject({ status: '405' });
  });
});

describe('the GraphQL', () => {
  const ask = async (query: string, variables: Record<string, unknown> = {}, path = '/api/graphql') => {
    const headers = { 'content-type': 'application/json' };
    const answer = await get(path, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    return (await answer.json()) as { data: { repository: Record<string, unknown> } | null; errors?: unknown[] };
  };

  test.each(['/graphql', '/api/graphql', '/api/v3/graphql'])('of gh release list, at %s', async (path) => {
    const query = `query RepositoryReleaseList($endCursor:String$name:String!$owner:String!$perPage:Int!){repository(owner:
      $owner, name: $name){releases(first: $perPage, orderBy: {field: CREATED_AT, direction: DESC}, after: $endCursor){nodes{
      name,tagName,isDraft,isLatest,isPrerelease,createdAt,publishedAt},pageInfo{hasNextPage,endCursor}}}}`;
    const first = await ask(query, { owner: 'acme', name: 'tool', perPage: 1 }, path);
    const { nodes, pageInfo } = first.data?.repository['releases'] as {
      nodes: { tagName: string; publishedAt: string }[];
      pageInfo: { hasNextPage: boolean; endCursor: string };
    };
    expect(nodes).toMatchObject([{ tagName: 'v1.1.0-rc.1', isPrerelease: true, isLatest: false, isDraft: false }]);
    expect(Date.parse(nodes[0]?.publishedAt ?? '')).toBeGreaterThan(Date.parse('2020-01-01'));
    expect(pageInfo.hasNextPage).toBe(true);
    const variables = { owner: 'acme', name: 'tool', perPage: 1, endCursor: pageInfo.endCursor };
    expect((await ask(query, variables, path)).data?.repository['releases']).toMatchObject({
      nodes: [{ tagName: 'v1.0.0', isLatest: true }],
      pageInfo: { hasNextPage: false },
    });
  });

  test('for more than an answer can hold is refused before anything is looked for', async () => {
    const lists = Array.from({ length: 20 }, (_, at) => `a${at}:releases{nodes{releaseAssets{nodes{id}}}}`).join(' ');
    const { data, errors } = await ask(`{repository(owner:"acme",name:"tool"){${lists}}}`);
    expect(data).toBeNull();
    expect(JSON.stringify(errors)).toContain('ask for less at once');
  });

  test("of Renovate's github-releases, under the names that it gives", async () => {
    const query = `query($owner: String!, $name: String!, $cursor: String, $count: Int!) {
      repository(owner: $owner, name: $name) { isRepoPrivate: isPrivate payload: releases(first: $count, after: $cursor,
      orderBy: {field: CREATED_AT, direction: DESC}) { nodes { version: tagName releaseTimestamp: publishedAt isDraft
      isPrerelease updatedAt url id: databaseId name description } pageInfo { hasNextPage endCursor } } } }`;
    const { data } = await ask(query, { owner: 'acme', name: 'tool', count: 100 });
    expect(data?.repository).toMatchObject({
      isRepoPrivate: false,
      payload: {
        nodes: [
          { version: 'v1.1.0-rc.1' },
          { version: 'v1.0.0', url: 'https://github.com/acme/tool/releases/tag/v1.0.0' },
        ],
      },
    });
  });

  test.each([
    ['something else than releases', 'query{viewer{login}}'],
    ['a change', 'mutation{addStar(input:{starrableId:"x"}){clientMutationId}}'],
    ['no query', ''],
    ['nonsense', '{{{'],
    ['more than anybody asks', `{${'repository(owner:"a",name:"b"){id}'.repeat(300)}}`],
  ])('refuses %s, clearly', async (_what, query) => {
    expect(await ask(query)).toMatchObject({ data: null, errors: [{ message: expect.any(String) as string }] });
  });

  test('says of what is not acknowledged that it is not there', async () => {
    const draft = 'query($t:String!){repository(owner:"acme",name:"tool"){release(tagName:$t){databaseId,isDraft}}}';
    expect(await ask(draft, { t: 'v2.0.0' })).toEqual({ data: { repository: { release: null } } });
    expect(await ask('{repository(owner:"acme",name:"none"){id}}')).toMatchObject({
      data: { repository: null },
      errors: [{ message: expect.stringContaining('Could not resolve') as string }],
    });
  });
});

describe('the pages', () => {
  const html = async (path: string) => (await get(path, { headers: { accept: 'text/html' } })).text();

  test('list tools, releases, files, and who vouches for them', async () => {
    expect(await html('/')).toContain('<a href="/acme/tool">acme/tool</a>');
    expect(await html('/')).toContain('<a href="/ghe.acme.example/team/inner">ghe.acme.example/team/inner</a>');
    const tool = await html('/acme/tool');
    expect(tool).toContain('href="/acme/tool/releases/tag/v1.0.0"');
    expect(tool).toMatch(/v2\.0\.0<[^]*Waiting for acks<[^]*has 0 of the 1 acks/);
    expect(tool).toMatch(/v0\.9\.0<[^]*Withdrawn<[^]*was withdrawn by grace/);
    expect(tool).not.toContain('href="/acme/tool/releases/tag/v2.0.0"');
    expect(tool).not.toContain('href="/acme/tool/releases/tag/v0.9.0"');
    const release = await html('/acme/tool/releases/tag/v1.0.0');
    expect(release).toContain(ledger.people.ada.fingerprint);
    expect(release).toContain(`curl -fLO ${gateway.url}${FILE}`);
    expect(release).toContain('pullthrough get acme/tool@v1.0.0 tool-linux-amd64');
  });

  test('give a curl line that writes the very name of a file', async () => {
    const release = await html('/acme/odd/releases/tag/v1.0.0');
    const line = `curl -fL -o a+b.tgz ${gateway.url}/acme/odd/releases/download/v1.0.0/a%2Bb.tgz`;
    expect(release).toContain(line);
    const cwd = await temporaryFolder();
    await promisify(execFile)('sh', ['-c', line], { cwd });
    expect(await readdir(cwd)).toEqual(['a+b.tgz']);
  });

  test('find a tool by a part of its name, and show what was typed as text', async () => {
    const found = await html('/?q=MANY');
    expect(found).toContain('acme/many');
    expect(found).not.toContain('acme/tool');
    expect(await html(`/?q=${encodeURIComponent('"><script>alert(1)</script>')}`)).not.toContain('<script>');
  });

  test('allow nothing but their own style', async () => {
    const policy = (await get('/')).headers.get('content-security-policy');
    expect(policy).toBe(
      "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect((await get('/-/style.css')).headers.get('content-type')).toContain('text/css');
  });

  test('an error is a page for a browser', async () => {
    expect(await html('/acme/none')).toContain('Not acknowledged');
  });
});

describe('bytes', () => {
  async function own(bodies: readonly string[], change?: (first: StoreServer) => void, options = {}) {
    const stores = await Promise.all([StoreServer.start(bodies), StoreServer.start()]);
    change?.(stores[0]);
    const started = await startGateway(ledger, stores, options);
    const done = async () => {
      await started.stop();
      await Promise.all(stores.map((each) => each.close()));
    };
    return { started, store: stores[0], done };
  }

  test.each([
    ['other bytes', (first: StoreServer) => first.corrupt(sha256Hex(utf8(BODY)), BODY.replace('0', 'X'))],
    ['more bytes', (first: StoreServer) => first.corrupt(sha256Hex(utf8(BODY)), `${BODY}!`)],
    ['nothing', (first: StoreServer) => first.objects.clear()],
  ])('a store that has %s: 502, and not one byte of it', async (_, change) => {
    const { started, done } = await own([BODY], change);
    const answer = await fetch(started.url + FILE);
    expect(answer.status).toBe(502);
    const text = await answer.text();
    expect(text).not.toContain('0123456789');
    expect(answer.headers.get('etag')).toBeNull();
    expect(await readdir(join(started.home, 'cache/gateway/files'))).toEqual([]);
    await done();
  });

  test('of one cold file for thirty clients are fetched once', async () => {
    const { started, store: first, done } = await own([BODY]);
    first.fault = (_, response, body) => {
      setTimeout(() => response.end(body), 100);
      return true;
    };
    const bodies = await Promise.all(Array.from({ length: 30 }, async () => (await fetch(started.url + FILE)).text()));
    expect(new Set(bodies)).toEqual(new Set([BODY]));
    expect(first.requests).toHaveLength(1);
    await done();
  });

  test('that another gateway removed from the same folder are fetched again, and called damaged by nobody', async () => {
    const { started, store: first, done } = await own([BIG]);
    const big = `${started.url}/acme/tool/releases/download/v1.0.0/tool-big`;
    expect(await (await fetch(big)).text()).toBe(BIG);
    await rm(join(started.home, 'cache/gateway/files', sha256Hex(utf8(BIG))));
    expect(await (await fetch(big)).text()).toBe(BIG);
    expect(first.requests).toHaveLength(2);
    expect(started.warnings.join()).not.toContain('damaged');
    await done();
  });

  test('that are here are served while the store is down, also by the next process, if they are still right; what another gateway is fetching stays', async () => {
    const { started, store: first, done } = await own([BODY, BIG]);
    await (await fetch(started.url + FILE)).text();
    await (await fetch(`${started.url}/acme/tool/releases/download/v1.0.0/tool-big`)).text();
    first.objects.clear();
    expect(await (await fetch(started.url + FILE)).text()).toBe(BODY);
    await done();
    const folder = join(started.home, 'cache/gateway/files');
    await truncate(join(folder, sha256Hex(utf8(BIG))), 1000);
    const left = join(folder, `.pullthrough-${'0'.repeat(24)}.part`);
    await writeFile(left, 'left behind');
    await utimes(left, 0, 0);
    const fetching = `.pullthrough-${'1'.repeat(24)}.part`;
    await writeFile(join(folder, fetching), 'of another gateway');
    const next = await startGateway(ledger, [], { home: started.home });
    expect(await (await fetch(next.url + FILE)).text()).toBe(BODY);
    expect((await fetch(`${next.url}/acme/tool/releases/download/v1.0.0/tool-big`)).status).toBe(502);
    expect(await readdir(folder)).toEqual([fetching, sha256Hex(utf8(BODY))]);
    await next.stop();
  });

  test('stay within the size of the cache, the longest unused go first', async () => {
    const { started, done } = await own([BODY, BIG, 'other'], undefined, { cacheBytes: 3_000_050 });
    for (const path of [
      FILE,
      '/acme/tool/releases/download/v1.0.0/tool-big',
      '/acme/tool/releases/download/v1.1.0-rc.1/tool-linux-amd64',
    ]) {
      expect((await fetch(started.url + path)).status).toBe(200);
    }
    expect(await metric(started, 'cache_bytes')).toBe(3_000_005);
    expect(await readdir(join(started.home, 'cache/gateway/files'))).toHaveLength(2);
    await done();
  });

  test('of a file larger than the cache are refused', async () => {
    const { started, done } = await own([BIG], undefined, { cacheBytes: 1000 });
    expect((await fetch(`${started.url}/acme/tool/releases/download/v1.0.0/tool-big`)).status).toBe(507);
    await done();
  });
});

test('health and metrics', async () => {
  expect(await (await get('/healthz')).json()).toMatchObject({
    status: 'ok',
    ledger: { failure: null },
    policy: { version: 1, expired: false },
  });
  expect(await metric(gateway, 'ledger_up')).toBe(1);
  expect(await metric(gateway, 'http_requests_in_flight')).toBe(1);
  expect(await metric(gateway, 'http_requests_total\\{route="download",code="200"\\}')).toBeGreaterThan(0);
});
