import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { Catalog } from '../../../consumer/serve/catalog.ts';
import { sha256Hex, utf8 } from '../../../ledger-schema/index.ts';
import { temporaryFolder } from '../../kit/readers.ts';
import { BODY, FILE, gateway, get, ledger, useGateway } from './served-world.ts';

useGateway();

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
