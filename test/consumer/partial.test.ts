import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fetchFrom } from '../../consumer/download/fetch-from.ts';

const MIB = 1 << 20;

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
    setTimeout(() => stop.abort(new Error('interrupted')), 400);
  }
  function rest({ headers }: IncomingMessage, response: ServerResponse): void {
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    const range = `bytes ${from}-${content.length - 1}/${content.length}`;
    response.writeHead(206, { 'content-range': range, 'content-length': content.length - from, etag: '"1"' });
    response.end(content.subarray(from));
  }
  const output = join(folder, 'out');
  const cacheDir = join(folder, 'cache');
  const get = (signal?: AbortSignal) => {
    const { port } = server.address() as AddressInfo;
    const options = { stores: [`http://127.0.0.1:${port}`], baseDir: folder, cacheDir, env: {}, signal };
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

test('other bytes are refused, whatever was begun', async () => {
  const { content, answers, output, get } = await interrupted();
  answers.next = (_, response) =>
    response.writeHead(200, { 'content-length': content.length }).end(randomBytes(4 * MIB));
  await expect(get()).rejects.toMatchObject({ code: 'E_DIGEST_MISMATCH' });
  await expect(readdir(output)).rejects.toThrow();
});
