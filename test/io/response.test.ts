import { createHash, randomBytes } from 'node:crypto';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BLOCK } from '../../io/body/blocks.ts';
import { openDownload } from '../../io/http/download/download.ts';
import { get } from '../../io/http/transport.ts';

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

/** A proxy that is named, and that NO_PROXY goes around: then connections are made as behind any proxy. */
const PROXIED = { HTTP_PROXY: 'http://127.0.0.1:9', NO_PROXY: '*' };
const OK = 'HTTP/1.1 200 OK\r\n';
const STALL = { headers: {}, stallMs: 1000 };

async function read(url: URL): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of (await get(url, STALL)).body) parts.push(part);
  return Buffer.concat(parts);
}

describe.each([
  ['with memory that is used again', {}],
  ['behind a proxy', PROXIED],
])('a response %s', (_, env) => {
  beforeEach(() => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  });
  afterEach(() => void vi.unstubAllEnvs());

  test('is read from a head and body that come in pieces', async () => {
    const url = await serve('HTT', `P/1.1 200 OK\r\nContent-`, 'Length: 10\r\nX: a\r\nx: b\r\n\r', '\n12345', '67890');
    const answer = await get(url, { ...STALL, headers: { a: 'b' } });
    expect(answer.header('x')).toBe('a, b');
    const parts: Uint8Array[] = [];
    for await (const part of answer.body) parts.push(part);
    expect(Buffer.concat(parts).toString()).toBe('1234567890');
  });

  test('has no byte past Content-Length', async () => {
    const url = await serve(`${OK}content-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n`);
    expect((await read(url)).toString()).toBe('ok');
  });

  test('may bring much of its body with its head', async () => {
    const bytes = randomBytes(3 << 20);
    const whole = Buffer.concat([Buffer.from(`${OK}content-length: ${bytes.length}\r\n\r\n`), bytes]);
    for (let round = 0; round < 5; round++) {
      expect((await read(await serve(whole))).equals(bytes)).toBe(true);
      await stop();
    }
  });

  test('may be empty', async () => {
    expect(await read(await serve(`${OK}content-length: 0\r\n\r\n`))).toHaveLength(0);
  });

  test('hands on what came before a break', async () => {
    const parts: Uint8Array[] = [];
    const answer = await get(await serve(`${OK}content-length: 100\r\n\r\nhello`), STALL);
    await expect(async () => {
      for await (const part of answer.body) parts.push(part);
    }).toFailWith('E_NETWORK');
    expect(Buffer.concat(parts).toString()).toBe('hello');
  });

  test.each([
    ['large pieces', 30 << 20, 30 << 20],
    ['drips that wait in a queue', 600_000, 999],
  ])('holds a server back while its reader is slow, and mixes up nothing: %s', async (_what, size, piece) => {
    const bytes = randomBytes(size);
    const pieces = Array.from({ length: Math.ceil(size / piece) }, (_each, at) =>
      bytes.subarray(at * piece, (at + 1) * piece),
    );
    const answer = await get(await serve(`${OK}content-length: ${size}\r\n\r\n`, ...pieces), STALL);
    const hash = createHash('sha256');
    let first = true;
    await answer.body.each(async (part) => {
      // Longer than a server may be silent.
      if (first) await new Promise((resolve) => setTimeout(resolve, 1500));
      first = false;
      hash.update(part);
    });
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  // As many pieces as the reader has in hand and waiting: the connection is over just when it is held back.
  test.each([
    ['ended', (socket: Socket): unknown => socket.end()],
    ['reset', (socket: Socket): unknown => socket.resetAndDestroy()],
  ])('may be held back while its connection is %s', async (what, stop) => {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (request) => {
        socket.write(`${OK}connection: close\r\n\r\n`);
        const size = Number(/GET .(\d+)/.exec(request.toString())?.[1]);
        socket.write(Buffer.alloc(size), () => setTimeout(() => stop(socket), 100));
      });
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await Promise.all(
      [2, 3, 4, 5, 6].map(async (blocks) => {
        const size = blocks * BLOCK;
        const answer = await get(new URL(`http://127.0.0.1:${port}/${size}`), STALL);
        let total = 0;
        let error: unknown;
        await answer.body
          .each(async (part) => {
            if (total === 0) await new Promise((resolve) => setTimeout(resolve, 400));
            total += part.length;
          })
          .catch((thrown: unknown) => (error = thrown));
        // Of a reset while nothing is read, the system may tell as of an end.
        if (what === 'ended') expect([error, total]).toEqual([undefined, size]);
        else if (error !== undefined) expect(error).toMatchObject({ code: 'E_NETWORK' });
      }),
    );
  });

  test('without a length ends by a reset only with an error', async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(`${OK}connection: close\r\n\r\nhello`);
        setTimeout(() => socket.resetAndDestroy(), 50);
      });
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await expect(() => read(url)).toFailWith('E_NETWORK');
  });

  test('that is given up before its head ends with the reason', async () => {
    const controller = new AbortController();
    const silent = createServer((socket) => void sockets.add(socket));
    server = silent;
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${(silent.address() as AddressInfo).port}/`);
    setTimeout(() => controller.abort(new Error('enough')), 50);
    await expect(get(url, { ...STALL, stallMs: 60_000, signal: controller.signal })).rejects.toThrow('enough');
  });

  test('holds one block for many pieces of a slow sender', async () => {
    const pieces = Array.from({ length: 40 }, () => randomBytes(1000));
    const url = await serve(`${OK}Content-Length: 40000\r\n\r\n`, ...pieces);
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await get(url, STALL)).body.chunks) chunks.push(chunk);
    expect(chunks.length).toBeGreaterThan(10);
    expect(new Set(chunks.map(({ buffer }) => buffer)).size).toBe(1);
    expect(Buffer.concat(chunks).equals(Buffer.concat(pieces))).toBe(true);
  });

  test('keeps what a plain reader kept', async () => {
    const bytes = randomBytes(20 << 20);
    const url = await serve(`${OK}content-length: ${bytes.length}\r\n\r\n`, bytes);
    const kept: Uint8Array[] = [];
    for await (const part of openDownload({ url: url.href, size: bytes.length })) kept.push(part);
    expect(Buffer.concat(kept).equals(bytes)).toBe(true);
    expect(kept.every((part) => part.buffer instanceof ArrayBuffer)).toBe(true);
  });
});

test('a header with a line break is never sent', async () => {
  const url = await serve(`${OK}content-length: 0\r\n\r\n`);
  await expect(() => get(url, { ...STALL, headers: { a: 'b\r\nc: d' } })).toFailWith('E_NETWORK');
});
