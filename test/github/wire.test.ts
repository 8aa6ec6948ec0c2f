import { expect, test } from 'vitest';
import { getLatestRelease, getRepository, listReleases } from '../../github/releases.ts';
import type { ApiFetch } from '../../github/http/fetch.ts';
import { clientOf, collect, fakeClock, github } from './setup.ts';

test('5xx bursts are tried again with growing waits, and then answered', async () => {
  const server = await github();
  server.addRepository('cli/cli');
  const clock = fakeClock();
  server.faults.serverErrors({ status: 500 });
  server.faults.serverErrors({ status: 503 });
  server.faults.serverErrors({ status: 502 });
  await getRepository(clientOf(server, { clock }), 'cli/cli');
  expect(server.requests).toHaveLength(4);
  expect(clock.slept).toHaveLength(3);
  expect(Math.max(...clock.slept)).toBeLessThanOrEqual(8000);
});

test('5xx without end is E_HTTP after five tries', async () => {
  const server = await github();
  server.addRepository('cli/cli');
  server.faults.serverErrors({ times: Infinity });
  await expect(() => getRepository(clientOf(server), 'cli/cli')).toFailWith('E_HTTP');
  expect(server.requests).toHaveLength(5);
});

test('503 with Retry-After waits that long, within reason', async () => {
  const server = await github();
  server.addRepository('cli/cli');
  const clock = fakeClock();
  server.faults.serverErrors({ status: 503, retryAfter: 9 });
  server.faults.serverErrors({ status: 503, retryAfter: 9999 });
  await getRepository(clientOf(server, { clock }), 'cli/cli');
  expect(clock.slept).toEqual([9000, 15_000]);
});

test('connection resets are tried again, without end E_NETWORK', async () => {
  const server = await github();
  server.addRepository('cli/cli');
  server.faults.reset({ times: 3 });
  await getRepository(clientOf(server), 'cli/cli');
  server.takeRequests();
  server.faults.reset({ times: Infinity });
  await expect(() => getRepository(clientOf(server), 'cli/cli')).toFailWith('E_NETWORK');
  expect(server.requests).toHaveLength(5);
});

test('an API answer that is cut off is asked for again', async () => {
  const server = await github();
  const repository = server.addRepository('cli/cli');
  await repository.addRelease({ tag: 'v1', body: 'x'.repeat(100_000) });
  server.faults.cutOff({ times: 2 });
  expect(await getLatestRelease(clientOf(server), 'cli/cli')).toMatchObject({ tag: 'v1' });
  expect(server.requests).toHaveLength(3);
});

test('an API that stalls is E_TIMEOUT', async () => {
  const server = await github();
  server.addRepository('cli/cli');
  server.faults.stall({ times: Infinity });
  await expect(() => getRepository(clientOf(server, { timeout: 200 }), 'cli/cli')).toFailWith('E_TIMEOUT');
  expect(server.requests).toHaveLength(2);
});

test('an API that nobody listens at is E_NETWORK', async () => {
  const server = await github();
  const client = clientOf(server);
  await server.close();
  await expect(() => getRepository(client, 'cli/cli')).toFailWith('E_NETWORK');
});

test('an answer without end is E_UPSTREAM_ANSWER, and is not read to its end', async () => {
  const server = await github();
  let read = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      read += 1 << 20;
      yield Buffer.alloc(1 << 20, ' ');
    }
  }
  const fetch: ApiFetch = async () => ({ status: 200, headers: new Headers(), body: endless() });
  await expect(() => getRepository(clientOf(server, { fetch }), 'cli/cli')).toFailWith('E_UPSTREAM_ANSWER');
  expect(read).toBeLessThan(70 * (1 << 20));
});

test.each([
  ['no JSON', '<html>'],
  ['nothing', ''],
  ['another shape', '[]'],
  ['null', 'null'],
  [
    'an id that is not one',
    '{"id":-1,"full_name":"a/b","private":false,"clone_url":"https://x/","default_branch":"m"}',
  ],
  [
    'an id past 2^53',
    '{"id":9007199254740993,"full_name":"a/b","private":false,"clone_url":"https://x/","default_branch":"m"}',
  ],
  [
    'a name that is not one',
    '{"id":1,"full_name":"a/b/c","private":false,"clone_url":"https://x/","default_branch":"m"}',
  ],
  [
    'a plain http address',
    '{"id":1,"full_name":"a/b","private":false,"clone_url":"http://x.example/","default_branch":"m"}',
  ],
  ['a file address', '{"id":1,"full_name":"a/b","private":false,"clone_url":"file:///etc","default_branch":"m"}'],
  ['a password', '{"id":1,"full_name":"a/b","private":false,"clone_url":"https://u:p@x/","default_branch":"m"}'],
  [
    'a branch too long',
    `{"id":1,"full_name":"a/b","private":false,"clone_url":"https://x/","default_branch":"${'m'.repeat(300)}"}`,
  ],
])('a repository that is %s is E_UPSTREAM_ANSWER', async (_, body) => {
  const server = await github();
  server.faults.answer({ status: 200, body });
  await expect(() => getRepository(clientOf(server), 'a/b')).toFailWith('E_UPSTREAM_ANSWER');
});

test('302, 307 and 308 inside the API are followed, with the token', async () => {
  const server = await github({ tokens: { secret: { login: 'ada' } } });
  server.addRepository('cli/cli', { private: true });
  const client = clientOf(server, { token: 'secret' });
  for (const status of [302, 307, 308] as const) {
    server.faults.redirect({ match: /old\/name/, to: '/repos/cli/cli', status });
    expect(await getRepository(client, 'old/name')).toMatchObject({ fullName: 'cli/cli' });
  }
});

test('301 after a rename is followed, and the new name is told', async () => {
  const server = await github({ tokens: { secret: { login: 'ada' } } });
  const repository = server.addRepository('old/name', { private: true });
  await repository.addRelease({ tag: 'v1' });
  server.rename(repository, 'new/name');
  const client = clientOf(server, { token: 'secret' });
  expect(await getRepository(client, 'old/name')).toMatchObject({ id: repository.id, fullName: 'new/name' });
  expect(await getLatestRelease(client, 'old/name')).toMatchObject({ tag: 'v1' });
  expect(await collect(listReleases(client, 'old/name'))).toHaveLength(1);
});

test('a name that was given up and taken is another repository, by its id', async () => {
  const server = await github();
  const repository = server.addRepository('old/name');
  server.rename(repository, 'new/name');
  const other = server.addRepository('old/name');
  expect((await getRepository(clientOf(server), 'old/name')).id).toBe(other.id);
});

test('a redirect out of the API is refused: nobody there sees the token, and no message its query', async () => {
  const server = await github({ tokens: { secret: { login: 'ada' } } });
  const client = clientOf(server, { token: 'secret' });
  const port = new URL(server.api).port;
  for (const to of [
    `${server.elsewhere}/repos?sig=hush`,
    `http://localhost:${port}/repos?sig=hush`,
    '//evil.example/?sig=hush',
  ]) {
    server.faults.redirect({ to });
    const error = await getRepository(client, 'cli/cli').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'E_UPSTREAM_ANSWER' });
    expect(JSON.stringify([String(error), (error as { hint?: string }).hint])).not.toMatch(/hush|secret/);
  }
  expect(server.requests.filter((request) => request.server === 'elsewhere')).toEqual([]);
});

test('redirects in a circle, or to nowhere, are E_UPSTREAM_ANSWER', async () => {
  const server = await github();
  server.faults.redirect({ to: '/repos/a/b', times: 20 });
  await expect(() => getRepository(clientOf(server), 'a/b')).toFailWith('E_UPSTREAM_ANSWER');
  expect(server.requests.length).toBeLessThan(8);
  server.faults.clear();
  server.faults.answer({ status: 302 });
  await expect(() => getRepository(clientOf(server), 'a/b')).toFailWith('E_UPSTREAM_ANSWER');
});

test('paging shift: a release that is published between two pages makes no other come twice', async () => {
  const server = await github();
  const repository = server.addRepository('cli/cli');
  for (let number = 0; number < 150; number += 1) await repository.addRelease({ tag: `v${String(number)}` });
  const publish = async () =>
    void (await repository.addRelease({ tag: 'newer', createdAt: new Date(Date.now() + 9000) }));
  server.faults.before(/page=2/, publish);
  const tags = (await collect(listReleases(clientOf(server), 'cli/cli'))).map(({ tag }) => tag);
  expect(new Set(tags).size).toBe(tags.length);
  expect(tags).toHaveLength(150);
});

test('a list whose next page is gone is E_UPSTREAM_ANSWER, not the end of it', async () => {
  const server = await github();
  const repository = server.addRepository('cli/cli');
  for (let number = 0; number < 150; number += 1) await repository.addRelease({ tag: `v${String(number)}` });
  server.faults.before(/page=2/, () => server.removeRepository(repository));
  await expect(() => collect(listReleases(clientOf(server), 'cli/cli'))).toFailWith('E_UPSTREAM_ANSWER');
});

test('a next page outside of the API is refused', async () => {
  const server = await github({ tokens: { secret: { login: 'ada' } } });
  const client = clientOf(server, { token: 'secret' });
  server.faults.answer({ status: 200, headers: { link: `<${server.elsewhere}/x>; rel="next"` }, body: '[]' });
  await expect(() => collect(listReleases(client, 'a/b'))).toFailWith('E_UPSTREAM_ANSWER');
  expect(server.requests.map((request) => request.server)).toEqual(['api']);
});

test('pages that lead in a circle are E_UPSTREAM_ANSWER', async () => {
  const server = await github();
  const link = `<${server.api}/repos/a/b/releases?page=2>; rel="next"`;
  server.faults.answer({ status: 200, headers: { link }, body: '[]', times: Infinity });
  await expect(() => collect(listReleases(clientOf(server), 'a/b'))).toFailWith('E_UPSTREAM_ANSWER');
  expect(server.requests.length).toBeLessThan(4);
});

test('GitHub Enterprise Server answers below /api/v3, renames and pages too', async () => {
  const server = await github({ enterprise: true, tokens: { secret: { login: 'ada' } } });
  const repository = server.addRepository('old/name', { private: true });
  for (let number = 0; number < 101; number += 1) await repository.addRelease({ tag: `v${String(number)}` });
  server.rename(repository, 'new/name');
  const client = clientOf(server, { token: 'secret', api: `${server.api}/` });
  expect(server.api.endsWith('/api/v3')).toBe(true);
  expect(await getRepository(client, 'old/name')).toMatchObject({ cloneUrl: `${server.web}/new/name.git` });
  expect(await collect(listReleases(client, 'old/name'))).toHaveLength(101);
  expect(client.authorization).toEqual({ origin: new URL(server.api).origin, value: 'Bearer secret' });
});

test('the token goes to the API with every request, and is not there without one', async () => {
  const server = await github({ tokens: { secret: { login: 'ada' } } });
  server.addRepository('cli/cli');
  await getRepository(clientOf(server, { token: 'secret' }), 'cli/cli');
  await getRepository(clientOf(server), 'cli/cli');
  expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer secret', undefined]);
  expect(clientOf(server).authorization).toBeUndefined();
  expect(server.requests.map(({ headers }) => headers['user-agent'])).toEqual(['pullthrough', 'pullthrough']);
});

test('an API over plain http elsewhere is refused before any request', async () => {
  const server = await github();
  for (const api of ['http://github.example', 'ftp://127.0.0.1', 'nothing', 'https://user:password@github.example']) {
    await expect(() => clientOf(server, { api })).toFailWith('E_CONFIG');
  }
});
