import { createHash, randomBytes } from 'node:crypto';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { lent, release } from '../../io/http/download/blocks.ts';
import { getDirect } from '../../io/http/download/direct.ts';
import { openDownload } from '../../io/http/download/download.ts';

let server: Server | undefined;
const sockets = new Set<Socket>();
afterEach(stop);

async function stop(): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
}

/** A server that sends exactly what it is told to, in these pieces. */
async function serve(...pieces: (string | Uint8Array)[]): Promise<URL> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      void (async () => {
        for (const piece of pieces) {
          await new Promise((resolve) => socket.write(piece, resolve));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        socket.end();
      })();
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/f?query`);
}

async function read(url: URL): Promise<{ status: number; body: Buffer } | undefined> {
  const answer = await getDirect(url, { headers: {}, stallMs: 300 });
  if (!answer) return undefined;
  const parts: Uint8Array[] = [];
  for await (const part of answer.body) parts.push(part);
  return { status: answer.status, body: Buffer.concat(parts) };
}

const OK = 'HTTP/1.1 200 OK\r\n';

describe('the direct way', () => {
  test('reads a head and body that come in pieces', async () => {
    const url = await serve('HTT', `P/1.1 200 OK\r\nContent-`, 'Length: 10\r\nX: a\r\nx: b\r\n\r', '\n12345', '67890');
    const answer = await getDirect(url, { headers: { a: 'b' }, stallMs: 300 });
    expect(answer?.header('x')).toBe('a, b');
    const parts: Uint8Array[] = [];
    for await (const part of answer?.body ?? []) parts.push(part);
    expect(Buffer.concat(parts).toString()).toBe('1234567890');
  });

  test('passes over 100 and 103', async () => {
    const url = await serve(
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n',
      `${OK}content-length: 2\r\n\r\nok`,
    );
    expect(await read(url)).toEqual({ status: 200, body: Buffer.from('ok') });
  });

  test('reads no byte past Content-Length', async () => {
    expect((await read(await serve(`${OK}content-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n`)))?.body.toString()).toBe(
      'ok',
    );
  });

  test('reads a head that comes with much of its body', async () => {
    const bytes = randomBytes(3 << 20);
    const whole = Buffer.concat([Buffer.from(`${OK}content-length: ${bytes.length}\r\n\r\n`), bytes]);
    for (let round = 0; round < 5; round++) {
      expect((await read(await serve(whole)))?.body.equals(bytes)).toBe(true);
      await stop();
    }
  });

  test('reads an empty body', async () => {
    expect((await read(await serve(`${OK}content-length: 0\r\n\r\n`)))?.body).toHaveLength(0);
  });

  test.each([
    ['without a length', `${OK}\r\nbody`],
    ['in chunks', `${OK}transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ['with a length and in chunks', `${OK}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\nok`],
    ['with two lengths', `${OK}content-length: 2\r\ncontent-length: 3\r\n\r\nok`],
    ['with a length that is not a number', `${OK}content-length: +2\r\n\r\nok`],
  ])('leaves a body %s to the general client', async (_what, text) => {
    expect(await read(await serve(text))).toBeUndefined();
  });

  test.each([
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2p1\r\n\r\n'],
    ['a status line of another version', 'HTTP/2 200 OK\r\n\r\n'],
    ['a folded header', `${OK}a: b\r\n c: d\r\ncontent-length: 2\r\n\r\nok`],
    ['a lone line feed', `${OK}a: b\ncontent-length: 2\r\n\r\nok`],
    ['a NUL', `${OK}a: \0\r\ncontent-length: 2\r\n\r\nok`],
    ['a space before the colon', `${OK}content-length : 2\r\n\r\nok`],
    ['a head without end', `${OK}a: ${'x'.repeat(700_000)}`],
    ['a head of 100 KiB', `${OK}a: ${'x'.repeat(100_000)}\r\ncontent-length: 2\r\n\r\nok`],
    ['nothing', ''],
    ['half a head', 'HTTP/1.1 200'],
    ['half a body', `${OK}content-length: 4\r\n\r\nok`],
  ])('refuses %s', async (_what, text) => {
    await expect(async () => read(await serve(text))).toFailWith('E_NETWORK');
  });

  test('hands on what came before a break', async () => {
    const url = await serve(`${OK}content-length: 100\r\n\r\nhello`);
    const parts: Uint8Array[] = [];
    const answer = await getDirect(url, { headers: {}, stallMs: 300 });
    await expect(async () => {
      for await (const part of answer?.body ?? []) parts.push(part);
    }).toFailWith('E_NETWORK');
    expect(Buffer.concat(parts).toString()).toBe('hello');
  });

  test('holds a server back while its reader is slow, and does not call that a stall', async () => {
    const bytes = randomBytes(30 << 20);
    const url = await serve(`${OK}content-length: ${bytes.length}\r\n\r\n`, bytes);
    const answer = await getDirect(url, { headers: {}, stallMs: 1000 });
    const hash = createHash('sha256');
    let first = true;
    if (!answer) throw new Error('no answer');
    for await (const part of lent(answer.body)) {
      if (first) await new Promise((resolve) => setTimeout(resolve, 1500));
      first = false;
      hash.update(part);
      release(part);
    }
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  test('a header with a line break is never sent', async () => {
    const url = await serve(`${OK}content-length: 0\r\n\r\n`);
    await expect(() => getDirect(url, { headers: { a: 'b\r\nc: d' }, stallMs: 300 })).toFailWith('E_INTERNAL');
  });

  test('keeps what a plain reader kept, though blocks are used again', async () => {
    const bytes = randomBytes(20 << 20);
    const url = await serve(`${OK}content-length: ${bytes.length}\r\n\r\n`, bytes);
    const kept: Uint8Array[] = [];
    for await (const part of openDownload({ url: url.href, size: bytes.length })) kept.push(part);
    expect(Buffer.concat(kept).equals(bytes)).toBe(true);
    expect(kept.every((part) => part.buffer instanceof ArrayBuffer)).toBe(true);
  });
});
