import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EtagCache, cacheIdentity } from '../../github/http/etag-cache.ts';
import { getLatestRelease, getRepository, listReleases } from '../../github/releases.ts';
import { clientOf, collect, github, temporaryFolder } from './setup.ts';

async function files(cacheDir: string): Promise<string[]> {
  const all = await readdir(join(cacheDir, 'github'), { recursive: true, withFileTypes: true });
  return all.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

test('what was read before costs one request, a 304', async () => {
  const server = await github();
  const repository = server.addRepository('cli/cli');
  await repository.addRelease({ tag: 'v1', assets: [{ name: 'a', content: 'a' }] });
  const cacheDir = await temporaryFolder();
  const first = await getLatestRelease(clientOf(server, { cacheDir }), 'cli/cli');
  server.takeRequests();
  const client = clientOf(server, { cacheDir });
  const again = await getLatestRelease(client, 'cli/cli');
  expect(server.takeRequests()).toMatchObject([{ status: 304 }]);
  expect(client.counts).toEqual({ requests: 1, unchanged: 1, waited: 0 });
  expect(first?.unchanged).toBe(false);
  expect(again).toEqual({ ...first, unchanged: true });

  await repository.addRelease({ tag: 'v2', createdAt: new Date(Date.now() + 1000) });
  expect(await getLatestRelease(clientOf(server, { cacheDir }), 'cli/cli')).toMatchObject({
    tag: 'v2',
    unchanged: false,
  });
});

test('a release whose paged assets changed is not unchanged, though its embedded list is', async () => {
  const server = await github();
  server.embedAssets(100);
  const assets = Array.from({ length: 150 }, (_, index) => ({ name: `a${String(index)}`, content: '', digest: null }));
  const release = await server.addRepository('cli/cli').addRelease({ tag: 'v1', assets });
  const cacheDir = await temporaryFolder();
  const read = () => getLatestRelease(clientOf(server, { cacheDir }), 'cli/cli');
  await read();
  expect(await read()).toMatchObject({ unchanged: true });
  await release.replaceAsset('a120', 'x');
  expect(await read()).toMatchObject({ unchanged: false });
});

test('a name that went to another repository is never unchanged', async () => {
  const server = await github();
  const repository = server.addRepository('cli/cli');
  await repository.addRelease({ tag: 'v1' });
  const cacheDir = await temporaryFolder();
  await getLatestRelease(clientOf(server, { cacheDir }), 'cli/cli');
  server.rename(repository, 'cli/elsewhere');
  const other = server.addRepository('cli/cli');
  await other.addRelease({ tag: 'v1', createdAt: repository.releases[0]?.createdAt });
  expect(await getLatestRelease(clientOf(server, { cacheDir }), 'cli/cli')).toMatchObject({ unchanged: false });
});

test('a renamed repository costs the redirect and a 304', async () => {
  const server = await github();
  const repository = server.addRepository('old/name');
  await repository.addRelease({ tag: 'v1' });
  server.rename(repository, 'new/name');
  const cacheDir = await temporaryFolder();
  await getLatestRelease(clientOf(server, { cacheDir }), 'old/name');
  server.takeRequests();
  await getLatestRelease(clientOf(server, { cacheDir }), 'old/name');
  expect(server.takeRequests().map(({ status }) => status)).toEqual([301, 304]);
});

test.each<[string, (path: string, bytes: Buffer) => Promise<void>]>([
  ['lost', (path) => rm(path)],
  ['emptied', (path) => writeFile(path, '')],
  ['cut off', (path, bytes) => writeFile(path, bytes.subarray(0, bytes.length - 1))],
  ['damaged in its body', (path, bytes) => writeFile(path, flip(bytes, bytes.length - 10))],
  ['damaged in its head', (path, bytes) => writeFile(path, flip(bytes, 80))],
  ['damaged in its checksum', (path, bytes) => writeFile(path, flip(bytes, 3))],
  ['longer', (path, bytes) => writeFile(path, Buffer.concat([bytes, Buffer.from('}')]))],
  ['a folder', async (path) => void (await rm(path), await mkdir(path))],
  ['random', (path) => writeFile(path, createHash('sha512').update('x').digest())],
  ['too large', (path) => writeFile(path, Buffer.alloc(65 * 1024 * 1024))],
])('a kept answer that is %s costs a request, and the answer is right', async (_, damage) => {
  const server = await github();
  const repository = server.addRepository('cli/cli');
  await repository.addRelease({ tag: 'v1', assets: [{ name: 'a', content: 'a' }] });
  const cacheDir = await temporaryFolder();
  const first = await getLatestRelease(clientOf(server, { cacheDir }), 'cli/cli');
  const [path = ''] = await files(cacheDir);
  await damage(path, await readFile(path));
  server.takeRequests();
  expect(await getLatestRelease(clientOf(server, { cacheDir }), 'cli/cli')).toEqual(first);
  const [request] = server.takeRequests();
  expect(request).toMatchObject({ status: 200 });
  expect(request?.headers).not.toHaveProperty('if-none-match');
});

function flip(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

test('kept answers that were swapped do not count', async () => {
  const server = await github();
  for (const name of ['cli/a', 'cli/b']) await server.addRepository(name).addRelease({ tag: name.replace('/', '-') });
  const cacheDir = await temporaryFolder();
  for (const name of ['cli/a', 'cli/b']) await getLatestRelease(clientOf(server, { cacheDir }), name);
  const [one = '', two = ''] = await files(cacheDir);
  const [first, second] = [await readFile(one), await readFile(two)];
  await writeFile(one, second);
  await writeFile(two, first);
  expect(await getLatestRelease(clientOf(server, { cacheDir }), 'cli/a')).toMatchObject({
    tag: 'cli-a',
    unchanged: false,
  });
  expect(await getLatestRelease(clientOf(server, { cacheDir }), 'cli/b')).toMatchObject({
    tag: 'cli-b',
    unchanged: false,
  });
});

test('without a token, what anybody else wrote into the cache is never confirmed', async () => {
  const server = await github();
  await server.addRepository('cli/cli').addRelease({ tag: 'v1' });
  const cacheDir = await temporaryFolder();
  const read = () => getLatestRelease(clientOf(server, { cacheDir }), 'cli/cli');
  await read();
  const [sent] = server.takeRequests();
  const cache = new EtagCache(cacheDir, cacheIdentity(server.api, undefined));
  const request = `GET ${server.api}/repos/cli/cli/releases/latest\n${String(sent?.headers.accept)}`;
  const kept = await cache.read(request);
  if (kept === undefined) throw new Error('nothing was kept');
  const body = Buffer.from(Buffer.from(kept.body).toString().replaceAll('"v1"', '"v6"'));
  await cache.write(request, { ...kept, body });
  expect(await read()).toMatchObject({ tag: 'v1', unchanged: false });
  expect(await read()).toMatchObject({ tag: 'v1', unchanged: true });
  expect(server.takeRequests().map(({ status }) => status)).toEqual([200, 304]);
});

test('a kept answer that fits no schema is asked for in full', async () => {
  const server = await github({ tokens: { one: { login: 'ada' } } });
  await server.addRepository('cli/cli').addRelease({ tag: 'v1' });
  const cacheDir = await temporaryFolder();
  const client = clientOf(server, { cacheDir, token: 'one' });
  await getLatestRelease(client, 'cli/cli');
  const [sent] = server.takeRequests();
  const cache = new EtagCache(cacheDir, cacheIdentity(server.api, 'one'));
  const request = `GET ${server.api}/repos/cli/cli/releases/latest\n${String(sent?.headers.accept)}`;
  const kept = await cache.read(request);
  expect(kept).toBeDefined();
  await cache.write(request, { etag: kept?.etag ?? '', link: undefined, body: Buffer.from('{"id":"none"}') });
  expect(await getLatestRelease(client, 'cli/cli')).toMatchObject({ tag: 'v1', unchanged: false });
  expect(server.takeRequests().map(({ status }) => status)).toEqual([304, 200]);
});

test('a cache that cannot be written costs requests, nothing else', async () => {
  const server = await github();
  server.addRepository('cli/cli');
  const folder = await temporaryFolder();
  // A file where the folder should be stops root as well.
  const cacheDir = join(folder, 'file');
  await writeFile(cacheDir, '');
  await chmod(cacheDir, 0o400);
  expect(await getRepository(clientOf(server, { cacheDir }), 'cli/cli')).toBeDefined();
  expect(await readdir(folder)).toEqual(['file']);
});

test("two users' answers never mix", async () => {
  const server = await github({
    tokens: { one: { login: 'ada' }, two: { login: 'eve', access: {} } },
  });
  const repository = server.addRepository('acme/private', { private: true });
  await repository.addRelease({ tag: 'v1' });
  const cacheDir = await temporaryFolder();
  await getLatestRelease(clientOf(server, { cacheDir, token: 'one' }), 'acme/private');
  server.takeRequests();
  expect(await getLatestRelease(clientOf(server, { cacheDir, token: 'two' }), 'acme/private')).toBeUndefined();
  expect(await getLatestRelease(clientOf(server, { cacheDir }), 'acme/private')).toBeUndefined();
  for (const { headers } of server.takeRequests()) expect(headers).not.toHaveProperty('if-none-match');
});

test('two APIs never mix', async () => {
  const [one, two] = [await github(), await github()];
  for (const server of [one, two]) server.addRepository('cli/cli');
  const cacheDir = await temporaryFolder();
  for (const server of [one, two, one, two]) await getRepository(clientOf(server, { cacheDir }), 'cli/cli');
  expect([...one.requests, ...two.requests].map(({ status }) => status)).toEqual([200, 304, 200, 304]);
});

test("an installation's next token finds what the last one kept, and gets a 304", async () => {
  const server = await github({
    tokens: {
      ghs_one: { login: 'bot[bot]', type: 'Installation' },
      ghs_two: { login: 'bot[bot]', type: 'Installation' },
    },
  });
  const repository = server.addRepository('cli/cli', { private: true });
  await repository.addRelease({ tag: 'v1' });
  const cacheDir = await temporaryFolder();
  await getLatestRelease(clientOf(server, { cacheDir, token: 'ghs_one' }), 'cli/cli');
  const kept = await getLatestRelease(clientOf(server, { cacheDir, token: 'ghs_two' }), 'cli/cli');
  expect(kept).toMatchObject({ tag: 'v1', unchanged: true });
  expect(server.takeRequests().map(({ status }) => status)).toEqual([200, 304]);
  await repository.addRelease({ tag: 'v2', createdAt: new Date(Date.now() + 1000) });
  expect(await getLatestRelease(clientOf(server, { cacheDir, token: 'ghs_one' }), 'cli/cli')).toMatchObject({
    tag: 'v2',
  });
});

test('another installation that may not read a repository gets nothing of what the first one kept', async () => {
  const server = await github({
    tokens: {
      ghs_one: { login: 'one[bot]', type: 'Installation' },
      ghs_two: { login: 'two[bot]', type: 'Installation', access: {} },
    },
  });
  await server.addRepository('acme/private', { private: true }).addRelease({ tag: 'v1' });
  const cacheDir = await temporaryFolder();
  await getLatestRelease(clientOf(server, { cacheDir, token: 'ghs_one' }), 'acme/private');
  expect(await getLatestRelease(clientOf(server, { cacheDir, token: 'ghs_two' }), 'acme/private')).toBeUndefined();
});

test('a full page that a 304 confirms does not hide a page that came after it', async () => {
  const server = await github();
  const repository = server.addRepository('cli/cli');
  const first = Date.now();
  for (let number = 0; number < 100; number += 1) {
    await repository.addRelease({ tag: `v${String(number)}`, createdAt: new Date(first - number * 1000) });
  }
  const cacheDir = await temporaryFolder();
  expect(await collect(listReleases(clientOf(server, { cacheDir }), 'cli/cli'))).toHaveLength(100);
  // An older release comes to light: the first page stays as it was.
  await repository.addRelease({ tag: 'oldest', createdAt: new Date(first - 1_000_000) });
  server.takeRequests();
  expect(await collect(listReleases(clientOf(server, { cacheDir }), 'cli/cli'))).toHaveLength(101);
  expect(server.takeRequests().map(({ status }) => status)).toEqual([304, 200]);
});

test('a 304 that nobody asked for is E_UPSTREAM_ANSWER', async () => {
  const server = await github();
  server.faults.answer({ status: 304, body: '' });
  await expect(() => getRepository(clientOf(server), 'a/b')).toFailWith('E_UPSTREAM_ANSWER');
});

test('the cache holds no token, and its files are for their owner alone', async () => {
  const server = await github({ tokens: { 'secret-token': { login: 'ada' } } });
  server.addRepository('cli/cli');
  const cacheDir = await temporaryFolder();
  await getRepository(clientOf(server, { cacheDir, token: 'secret-token' }), 'cli/cli');
  const paths = await files(cacheDir);
  expect(paths).toHaveLength(1);
  for (const path of paths) {
    expect(path).not.toContain('secret-token');
    expect((await readFile(path)).includes('secret-token')).toBe(false);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  }
});

test('what was not used for a month is removed, and what was stays', async () => {
  const server = await github();
  for (const name of ['cli/gone', 'cli/used', 'cli/new']) server.addRepository(name);
  const cacheDir = await temporaryFolder();
  const ask = (name: string) => getRepository(clientOf(server, { cacheDir }), name);
  await ask('cli/gone');
  await ask('cli/used');
  const [before, stamp] = [new Date(Date.now() - 31 * 86_400_000), join(cacheDir, 'github.pruned')];
  for (const path of [...(await files(cacheDir)), stamp]) await utimes(path, before, before);
  await ask('cli/used');
  expect(await files(cacheDir)).toHaveLength(2);
  await ask('cli/new');
  expect(await files(cacheDir)).toHaveLength(2);
  server.takeRequests();
  for (const name of ['cli/gone', 'cli/used', 'cli/new']) await ask(name);
  expect(server.takeRequests().map(({ status }) => status)).toEqual([200, 304, 304]);
});

test('many clients write the same answer at once and leave one whole file', async () => {
  const server = await github();
  await server.addRepository('cli/cli').addRelease({ tag: 'v1' });
  const cacheDir = await temporaryFolder();
  const all = Array.from({ length: 20 }, () => getLatestRelease(clientOf(server, { cacheDir }), 'cli/cli'));
  await Promise.all(all);
  expect(await files(cacheDir)).toHaveLength(1);
  expect(await getLatestRelease(clientOf(server, { cacheDir }), 'cli/cli')).toMatchObject({ unchanged: true });
});
