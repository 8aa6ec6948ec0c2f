import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openDownload } from '../../io/http/download/download.ts';
import type { DownloadRequest } from '../../io/http/download/download.ts';
import { Pace } from '../../io/http/download/pace.ts';

const LARGE = 9_000_000;
/** 16 bytes in a millisecond. */
const pace = { graceMs: 250, bytesPerSecond: 16_000 };
const retry = { tries: 3, baseMs: 1, capMs: 1 };

let server: Server | undefined;
const sockets = new Set<Socket>();
let asked = 0;
afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
});

/**
 * A server that writes `first` and then, every 20 ms of a clock of its own, the next byte of `drip` (round and round).
 * That clock is the one that the reader sees, so that a busy machine slows both alike.
 */
async function drip(first: string | Uint8Array, drops: string): Promise<string> {
  asked = 0;
  let now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      asked += 1;
      let at = 0;
      const drop = (): void => {
        now += 20;
        socket.write(drops[at++ % drops.length] ?? '');
      };
      socket.write(first, () => {
        const timer = setInterval(drop, 2);
        socket.once('close', () => clearInterval(timer));
      });
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/f`;
}

async function read(request: DownloadRequest): Promise<number> {
  let bytes = 0;
  for await (const part of openDownload({ pace, retry, ...request })) bytes += part.length;
  return bytes;
}

const head = (size: number) => `HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`;

describe.each([
  ['a small file', 2000],
  ['a large one', LARGE],
])('a server that trickles %s', (_what, size) => {
  test('a byte now and then, is left at its grace and not asked again', async () => {
    const url = await drip(head(size), 'x');
    await expect(() => read({ url, size })).toFailWith('E_TIMEOUT');
    expect(asked).toBe(1);
  });

  test('in its head, is left as well', async () => {
    const url = await drip('HTTP/1.1 200 OK\r\nx: ', 'y');
    await expect(() => read({ url, size })).toFailWith('E_TIMEOUT');
  });

  test('after it was fast, is left too: what it was ahead is not saved up', async () => {
    const first = Math.floor(size * 0.9);
    const url = await drip(Buffer.concat([Buffer.from(head(size)), Buffer.alloc(first)]), 'x');
    let bytes = 0;
    await expect(async () => {
      for await (const part of openDownload({ url, size, pace, retry })) bytes += part.length;
    }).toFailWith('E_TIMEOUT');
    expect(bytes).toBeGreaterThanOrEqual(first);
    expect(asked).toBe(1);
  });
});

describe('a pace', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));

  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  async function* chunks(count: number, bytes: number, ms: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; at < count; at++) {
      await wait(ms);
      yield new Uint8Array(bytes);
    }
  }

  /** How much comes through in so much time; the reader takes `slow` milliseconds for each chunk. */
  async function through(kept: Pace, body: AsyncIterable<Uint8Array>, ms: number, slow = 0): Promise<number> {
    let bytes = 0;
    const reading = (async () => {
      for await (const part of kept.through(body)) {
        bytes += part.length;
        if (slow > 0) await wait(slow);
      }
    })();
    reading.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(ms);
    kept.stop();
    return bytes;
  }

  test('lets anyone who keeps it take all the time that the size needs', async () => {
    const kept = new Pace('x', { graceMs: 100, bytesPerSecond: 10_000 });
    expect(await through(kept, chunks(100, 1000, 99), 9900)).toBe(100_000);
    expect(kept.problem).toBeUndefined();
  });

  test('ends for one who falls behind by more than the grace, however often bytes come', async () => {
    const kept = new Pace('x', { graceMs: 1000, bytesPerSecond: 10_000 });
    expect(await through(kept, chunks(100, 100, 50), 1000)).toBe(2000);
    expect(kept.problem).toBeUndefined();
    const late = new Pace('x', { graceMs: 1000, bytesPerSecond: 10_000 });
    await through(late, chunks(100, 100, 50), 2100);
    expect([late.problem?.code, late.trickles, late.signal.aborted]).toEqual(['E_TIMEOUT', true, true]);
  });

  test('does not run while the reader is slow', async () => {
    const kept = new Pace('x', { graceMs: 80, bytesPerSecond: 1 });
    expect(await through(kept, chunks(3, 1, 1), 10_000, 1000)).toBe(3);
    expect(kept.problem).toBeUndefined();
  });

  test('tells one that trickles from one that stopped', async () => {
    const never = new Promise<never>(() => undefined);
    const stopped = new Pace('x', { graceMs: 20, bytesPerSecond: 1 });
    stopped.waitFor(never).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(20);
    expect([stopped.problem?.code, stopped.trickles]).toEqual(['E_TIMEOUT', false]);
  });

  test('passes on the signal of who asked', () => {
    const outer = new AbortController();
    const kept = new Pace('x', undefined, outer.signal);
    outer.abort(new Error('enough'));
    kept.stop();
    expect(kept.signal.reason).toEqual(new Error('enough'));
    expect(kept.problem).toBeUndefined();
  });
});
