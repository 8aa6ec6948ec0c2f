import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { SILENT } from '../../io/progress.ts';
import { fetchFrom } from '../../consumer/download/fetch-from.ts';

const MIB = 1 << 20;
vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');

/** A store over HTTP that sends one file, and stops in the middle of the first answer. */
async function interrupted() {
  const folder = await mkdtemp(join(tmpdir(), 'pt-partial-'));
  const content = randomBytes(4 * MIB);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const ranges: (string | undefined)[] = [];
  const answers: { next: (request: IncomingMessage, response: ServerResponse) => void } = { next: half };
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answers.next(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });
  const stop = new AbortController();
  function half(_: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { 'content-length': content.length, etag: '"1"' });
    response.write(content.subarray(0, 3 * MIB));
  }
  function rest({ headers }: IncomingMessage, response: ServerResponse): void {
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    const range = `bytes ${from}-${content.length - 1}/${content.length}`;
    response.writeHead(206, { 'content-range': range, 'content-length': content.length - from, etag: '"1"' });
    response.end(content.subarray(from));
  }
  let told = 0;
  const advance = (count: number): void => {
    told += count;
    if (told > 2 * MIB) stop.abort(new Error('interrupted'));
  };
  const progress = { ...SILENT, start: () => ({ advance, done: () => undefined }) };
  const output = join(folder, 'out');
  const cacheDir = join(folder, 'cache');
  const get = (signal?: AbortSignal, at = ['']) => {
    const { port } = server.address() as AddressInfo;
    const origin = `http://127.0.0.1:${port}`;
    const stores = at.map((path) => (path === 's3' ? `s3://bucket/store?endpoint=${origin}` : `${origin}/${path}`));
    const options = { stores, baseDir: folder, cacheDir, env: {}, signal, progress };
    return fetchFrom(options, [{ name: 'tool', size: content.length, sha256 }], { output });
  };
  await expect(get(stop.signal)).rejects.toThrow('interrupted');
  const partials = () => readdir(join(cacheDir, 'partial'));
  expect(await readdir(folder)).not.toContain('out');
  expect(await partials()).toEqual([`${sha256}.part`]);
  const partial = join(cacheDir, 'partial', `${sha256}.part`);
  return { content, ranges, answers, rest, output, get, partials, partial };
}

test('an interrupted download goes on where it was, and nothing unfinished lies where the file will', async () => {
  const { content, ranges, answers, rest, output, get, partials, partial } = await interrupted();
  const { length } = await readFile(partial);
  answers.next = rest;
  await get();
  expect(ranges).toEqual([undefined, `bytes=${length}-`]);
  expect((await readFile(join(output, 'tool'))).equals(content)).toBe(true);
  expect(await partials()).toEqual([]);
});

test('what an interrupted run began and was damaged since is fetched from its beginning', async () => {
  const { content, ranges, answers, rest, output, get, partial } = await interrupted();
  await writeFile(partial, randomBytes(2 * MIB));
  answers.next = (request, response) => {
    if (request.headers.range !== undefined) return rest(request, response);
    response.writeHead(200, { 'content-length': content.length }).end(content);
  };
  await get();
  expect(ranges.slice(1)).toEqual([`bytes=${2 * MIB}-`, undefined]);
  expect((await readFile(join(output, 'tool'))).equals(content)).toBe(true);
});

test('a store that can send no part sends the whole', async () => {
  const { content, answers, output, get } = await interrupted();
  answers.next = (_, response) => response.writeHead(200, { 'content-length': content.length }).end(content);
  await get();
  expect((await readFile(join(output, 'tool'))).equals(content)).toBe(true);
});

test('what one store gave before it broke off, the next one need not send, and what both gave is kept', async () => {
  const { content, ranges, answers, rest, output, get, partials } = await interrupted();
  answers.next = (_, response) => response.writeHead(429, { 'retry-after': '3600' }).end();
  await expect(get(undefined, ['first', 'second'])).rejects.toMatchObject({ code: 'E_RATE_LIMIT' });
  expect(await partials()).toHaveLength(1);
  const from = ranges[1];
  answers.next = (request, response) => {
    if (request.url?.startsWith('/second') === true) return rest(request, response);
    const begin = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const range = `bytes ${begin}-${content.length - 1}/${content.length}`;
    if (begin > 3.4 * MIB) return response.writeHead(429, { 'retry-after': '3600' }).end();
    response.writeHead(206, { 'content-range': range, 'content-length': content.length - begin, etag: '"1"' });
    return response.write(content.subarray(begin, 3.5 * MIB), () => setTimeout(() => response.destroy(), 50));
  };
  await get(undefined, ['first', 'second']);
  expect((await readFile(join(output, 'tool'))).equals(content)).toBe(true);
  expect(ranges.at(-1)).not.toBe(from);
  expect(ranges.at(-1)).toBe(`bytes=${3.5 * MIB}-`);
  expect(await partials()).toEqual([]);
});

test('an interrupted download from S3 goes on where it was', async () => {
  const { content, ranges, answers, rest, output, get, partial } = await interrupted();
  const { length } = await readFile(partial);
  answers.next = rest;
  await get(undefined, ['s3']);
  expect(ranges.slice(1)).toEqual([`bytes=${length}-`]);
  expect((await readFile(join(output, 'tool'))).equals(content)).toBe(true);
});

test('an S3 server that sends the whole where a part was asked for, or refuses to send one, loses nothing', async () => {
  for (const refuse of [false, true]) {
    const { content, answers, output, get } = await interrupted();
    answers.next = ({ headers }, response) => {
      if (refuse && headers.range !== undefined) response.writeHead(416, { 'content-type': 'application/xml' }).end();
      else response.writeHead(200, { 'content-length': content.length }).end(content);
    };
    await get(undefined, ['s3']);
    expect((await readFile(join(output, 'tool'))).equals(content)).toBe(true);
  }
});

test('other bytes are refused, whatever was begun', async () => {
  const { content, answers, output, get } = await interrupted();
  answers.next = (_, response) =>
    response.writeHead(200, { 'content-length': content.length }).end(randomBytes(4 * MIB));
  await expect(get()).rejects.toMatchObject({ code: 'E_DIGEST_MISMATCH' });
  await expect(readdir(output)).rejects.toThrow();
});
