import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { GitHubClient } from '../../github/client.ts';
import { getLatestRelease, getRelease } from '../../github/releases.ts';
import type { Asset } from '../../github/types.ts';
import { openDownload } from '../../io/http/download/download.ts';
import { downloadToFile } from '../../io/http/download/download-to-file.ts';
import type { DownloadRequest } from '../../io/http/download/download.ts';
import type { BytesFault, Content, GitHubServer } from '../servers/github/github.ts';
import { clientOf, collect, github, temporaryFolder } from './setup.ts';

const SIZE = 3 * 1024 * 1024 + 17;
const MADE_UP = { size: SIZE, seed: 7 };

interface Upstream {
  readonly server: GitHubServer;
  readonly client: GitHubClient;
  readonly asset: Asset;
  readonly request: DownloadRequest & { readonly sha256: string | undefined };
}

async function upstream(content: Content = MADE_UP): Promise<Upstream> {
  const server = await github({ tokens: { secret: { login: 'ada' } } });
  const repository = server.addRepository('acme/tool', { private: true });
  await repository.addRelease({ tag: 'v1', assets: [{ name: 'tool', content }] });
  const client = clientOf(server, { token: 'secret' });
  const [asset] = (await getLatestRelease(client, 'acme/tool'))?.assets ?? [];
  if (asset === undefined) throw new Error('no asset');
  server.takeRequests();
  const request = {
    url: asset.apiUrl,
    size: asset.size,
    accept: 'application/octet-stream',
    authorization: client.authorization,
    retry: { tries: 3, baseMs: 1, capMs: 5 },
    stallMs: 150,
    sha256: asset.sha256,
  };
  return { server, client, asset, request };
}

const download = async (request: Upstream['request']) => downloadToFile(request, join(await temporaryFolder(), 'file'));
const fromStorage = (server: GitHubServer) => server.requests.filter((request) => request.server === 'storage');

test('an asset comes from the storage host, which never sees the token', async () => {
  const { server, request } = await upstream();
  expect(await download(request)).toEqual({ size: SIZE, sha256: request.sha256 });
  expect(server.requests.map((one) => one.server)).toEqual(['api', 'storage']);
  expect(server.requests[0]?.headers.authorization).toBe('Bearer secret');
  expect(server.requests[1]?.headers.authorization).toBeUndefined();
  expect(new URL(server.storage).origin).not.toBe(new URL(server.api).origin);
});

test('a token that is sent to the storage host all the same is refused there', async () => {
  const { server, request, client } = await upstream();
  const headers = { accept: 'application/octet-stream', authorization: client.authorization?.value ?? '' };
  const { headers: answer } = await fetch(request.url, { headers, redirect: 'manual' });
  expect((await fetch(answer.get('location') ?? '', { headers })).status).toBe(400);
  expect((await fetch((answer.get('location') ?? '').replace('sig=', 'sig=x'))).status).toBe(403);
  expect((await fetch(`${server.storage}/nothing`)).status).toBe(404);
});

test.each<[string, () => Promise<Content>]>([
  ['bytes', async () => Buffer.from('some bytes')],
  ['a text', async () => 'a text: ä'],
  ['nothing at all', async () => ''],
  ['made up', async () => ({ size: 1024 * 1024 + 1 })],
  [
    'a file',
    async () => {
      const file = join(await temporaryFolder(), 'content');
      await writeFile(file, createHash('sha512').update('x').digest());
      return { file };
    },
  ],
])('content that is %s is served whole and in ranges', async (_, content) => {
  const { request, asset } = await upstream(await content());
  const whole = Buffer.concat(await collect(openDownload(request)));
  expect(whole).toHaveLength(asset.size);
  expect(createHash('sha256').update(whole).digest('hex')).toBe(asset.sha256);
  const headers = { accept: request.accept ?? '', authorization: 'Bearer secret' };
  const { headers: answer } = await fetch(request.url, { headers, redirect: 'manual' });
  const address = answer.get('location') ?? '';
  for (const start of [1, 9, 1024 * 1024 - 3]) {
    const part = await fetch(address, { headers: { range: `bytes=${String(start)}-` } });
    expect(part.status).toBe(start < whole.length ? 206 : 416);
    const bytes = Buffer.from(await part.arrayBuffer());
    if (part.status === 206) expect(bytes.equals(whole.subarray(start))).toBe(true);
  }
});

test.each<BytesFault>(['truncated', 'short', 'stalled', 'slow', 'reset', 'busy', 'no-range', 'gzip-claimed'])(
  'asset fault "%s", once: the bytes are right in the end',
  async (fault) => {
    const { server, request } = await upstream();
    server.faults.bytes(fault);
    expect(await download(request)).toEqual({ size: SIZE, sha256: request.sha256 });
  },
);

test.each<[BytesFault, string]>([
  ['truncated', 'E_NETWORK'],
  ['short', 'E_TRUNCATED'],
  ['stalled', 'E_TIMEOUT'],
  ['oversized', 'E_SIZE'],
  ['oversized-declared', 'E_SIZE'],
  ['wrong', 'E_DIGEST_MISMATCH'],
  ['gzip', 'E_SIZE'],
  ['reset', 'E_NETWORK'],
  ['missing', 'E_UPSTREAM_NOT_FOUND'],
  ['busy', 'E_HTTP'],
  ['expired', 'E_CREDENTIAL'],
  ['elsewhere', 'E_UPSTREAM_NOT_FOUND'],
])('asset fault "%s", always: %s, no file is left, no message holds the signature', async (fault, code) => {
  const { server, request } = await upstream();
  server.faults.bytes(fault, { times: Infinity, at: 1000 });
  const folder = await temporaryFolder();
  const error = await downloadToFile(request, join(folder, 'file')).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code });
  expect(await readdir(folder)).toEqual([]);
  expect(String(error) + String((error as { hint?: string }).hint)).not.toMatch(/sig=|secret/);
});

test('a download that broke goes on where it broke', async () => {
  const { server, request } = await upstream();
  server.faults.bytes('truncated', { at: 2 * 1024 * 1024 });
  await download(request);
  const ranges = fromStorage(server).map(({ headers }) => headers.range);
  expect(ranges[0]).toBeUndefined();
  expect(Number(/^bytes=(\d+)-$/.exec(String(ranges[1]))?.[1])).toBeGreaterThan(0);
});

test('a file that changed between the break and the rest is not sewn together', async () => {
  const { server, request } = await upstream();
  server.faults.bytes('truncated', { at: 1_500_000 });
  server.faults.bytes('changed');
  await expect(() => collect(openDownload(request))).toFailWith('E_UPSTREAM_CHANGED');
});

test('a host that the storage redirects to sees no token', async () => {
  const { server, request } = await upstream();
  server.faults.bytes('elsewhere');
  await expect(() => download(request)).toFailWith('E_UPSTREAM_NOT_FOUND');
  const [stolen] = server.requests.filter((one) => one.server === 'elsewhere');
  expect(stolen?.url).toContain('/stolen');
  expect(stolen?.headers.authorization).toBeUndefined();
});

test('an API that redirects an asset elsewhere shows the token to nobody there', async () => {
  const { server, request } = await upstream();
  server.faults.redirect({ match: /assets/, to: `${server.elsewhere}/x?sig=hush` });
  await expect(() => download(request)).toFailWith('E_UPSTREAM_NOT_FOUND');
  const [stolen] = server.requests.filter((one) => one.server === 'elsewhere');
  expect(stolen?.headers.authorization).toBeUndefined();
});

test('an asset that upstream replaces between two requests has another id and digest', async () => {
  const { server, client } = await upstream();
  const before = await getLatestRelease(client, 'acme/tool');
  server.faults.before(/releases\/\d+$/, async () => {
    await server.repository('acme/tool').releases[0]?.replaceAsset('tool', 'other');
  });
  const after = await getRelease(client, 'acme/tool', before?.id ?? 0);
  expect(after?.assets[0]?.id).not.toBe(before?.assets[0]?.id);
  expect(after?.assets[0]?.sha256).toBe(createHash('sha256').update('other').digest('hex'));
  expect(after?.assets[0]?.updatedAt.getTime()).toBeGreaterThanOrEqual(before?.assets[0]?.updatedAt.getTime() ?? NaN);
});

test('an asset that was never finished (starter) is seen as such, and has no bytes', async () => {
  const server = await github();
  const release = await server.addRepository('acme/tool').addRelease({ tag: 'v1' });
  await release.addAsset({ name: 'half', content: '', size: 0, state: 'starter', digest: null });
  const [asset] = (await getLatestRelease(clientOf(server), 'acme/tool'))?.assets ?? [];
  expect(asset).toMatchObject({ state: 'starter', sha256: undefined });
  const request = { url: asset?.apiUrl ?? '', accept: 'application/octet-stream' };
  await expect(() => collect(openDownload(request))).toFailWith('E_UPSTREAM_NOT_FOUND');
});

test('a digest that is null, or of another kind, is none', async () => {
  const server = await github();
  const release = await server.addRepository('acme/tool').addRelease({ tag: 'v1' });
  const digests = [null, 'sha512:aa', 'sha256:short', `SHA256:${'A'.repeat(64)}`];
  for (const [index, digest] of digests.entries())
    await release.addAsset({ name: `a${String(index)}`, content: '', digest });
  const assets = (await getLatestRelease(clientOf(server), 'acme/tool'))?.assets ?? [];
  expect(assets.map(({ sha256 }) => sha256)).toEqual([undefined, undefined, undefined, 'a'.repeat(64)]);
});

test("the web's own address gives the same bytes, a private one only with the token", async () => {
  const { asset, request } = await upstream('bytes');
  const { authorization } = request;
  expect(Buffer.concat(await collect(openDownload({ url: asset.browserUrl, authorization }))).toString()).toBe('bytes');
  await expect(() => collect(openDownload({ url: asset.browserUrl }))).toFailWith('E_UPSTREAM_NOT_FOUND');
});
