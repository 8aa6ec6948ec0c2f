import { chmod, open, readdir, stat, utimes } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FileBody } from '../../../consumer/serve/bytes/body.ts';
import type { OpenFile } from '../../../consumer/serve/bytes/cache-file.ts';
import { sha256Hex, utf8 } from '../../../ledger-schema/index.ts';
import { metric, startGateway } from './gateway-fixture.ts';
import type { TestGateway } from './gateway-fixture.ts';
import { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { StoreServer } from '../../kit/store-server.ts';

const SMALL = 'a small file';
const LARGE = 'large '.repeat(4_000_000);
const pace = { graceMs: 300, bytesPerSecond: 16_000_000 };

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await TestLedger.create();
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1', assets: { small: SMALL, large: LARGE } });
  await ledger.commit();
});

let stores: StoreServer[];
let gateway: TestGateway;
beforeEach(async () => {
  stores = await Promise.all([StoreServer.start([SMALL, LARGE]), StoreServer.start([SMALL, LARGE])]);
});
afterEach(async () => {
  await gateway.stop();
  await Promise.all(stores.map((store) => store.close()));
});

async function start(count: number, timeouts = {}): Promise<TestGateway> {
  gateway = await startGateway(ledger, stores.slice(0, count), { timeouts: { pace, ...timeouts } });
  return gateway;
}

const url = (name: string) => `${gateway.url}/acme/tool/releases/download/v1/${name}`;
const filesOf = (own: TestGateway) => join(own.home, 'cache/gateway/files');

/** Sends its head, and then a byte now and then; tells when its client has gone. */
function trickling(store: StoreServer): { readonly asked: Promise<void>; readonly left: Promise<void> } {
  let ask: () => void = () => undefined;
  let leave: () => void = () => undefined;
  store.fault = (_, response, body) => {
    response.writeHead(200, { 'content-length': body?.length ?? 9 });
    const timer = setInterval(() => response.write('x'), 100);
    response.once('close', () => {
      clearInterval(timer);
      leave();
    });
    ask();
    return true;
  };
  return {
    asked: new Promise<void>((resolve) => (ask = resolve)),
    left: new Promise<void>((resolve) => (leave = resolve)),
  };
}

describe('a store that trickles', () => {
  test('is left for the next one', async () => {
    await start(2);
    trickling(stores[0] as StoreServer);
    expect(await (await fetch(url('small'))).text()).toBe(SMALL);
    expect(await (await fetch(url('large'))).text()).toBe(LARGE);
    expect(gateway.warnings.join()).toContain('trying the next');
  });

  test('is told to its client where there is no other', async () => {
    await start(1);
    trickling(stores[0] as StoreServer);
    const answer = await fetch(url('small'));
    expect(answer.status).toBe(504);
    expect(await answer.text()).toContain('E_TIMEOUT');
  });

  test('is told in a warning that holds nothing but the path of what was asked', async () => {
    await start(1);
    trickling(stores[0] as StoreServer);
    const secret = 's3cret';
    await fetch(`${url('small')}?token=${secret}`, { headers: { authorization: `Bearer ${secret}` } });
    const warned = gateway.warnings.join('\n');
    expect(warned).toContain('GET /acme/tool/releases/download/v1/small: ');
    expect(warned).not.toContain(secret);
  });

  test('is let go when nobody waits for the file any more, and the next client is served', async () => {
    await start(1, { pace: { graceMs: 60_000, bytesPerSecond: 1 } });
    const { asked, left } = trickling(stores[0] as StoreServer);
    const leaving = new AbortController();
    const gone = fetch(url('small'), { signal: leaving.signal }).catch(() => 'gone');
    await asked;
    leaving.abort();
    expect(await gone).toBe('gone');
    await left;
    (stores[0] as StoreServer).fault = undefined;
    expect(await (await fetch(url('small'))).text()).toBe(SMALL);
    expect(await readdir(filesOf(gateway))).toEqual([sha256Hex(utf8(SMALL))]);
  });

  test('is kept for those who still wait when one goes', async () => {
    await start(1);
    const [store] = stores as [StoreServer];
    let ask: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (ask = resolve));
    store.fault = (_, response, body) => {
      ask();
      setTimeout(() => response.writeHead(200, { 'content-length': body?.length ?? 0 }).end(body), 150);
      return true;
    };
    const leaving = new AbortController();
    const gone = fetch(url('small'), { signal: leaving.signal }).catch(() => 'gone');
    await asked;
    const stays = fetch(url('small'));
    await expect.poll(() => metric(gateway, 'http_requests_in_flight')).toBeGreaterThanOrEqual(3);
    leaving.abort();
    expect(await gone).toBe('gone');
    expect(await (await stays).text()).toBe(SMALL);
    expect(store.requests).toHaveLength(1);
  });
});

test('a client that reads nothing is cut after its idle time, though its rate would leave it an hour', async () => {
  await start(1, { idle: 1500 });
  await (await fetch(url('large'))).arrayBuffer();
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.write(`GET ${new URL(url('large')).pathname} HTTP/1.1\r\nHost: x\r\n\r\n`);
  socket.pause();
  await expect.poll(() => metric(gateway, 'http_requests_in_flight')).toBe(2);
  await expect.poll(() => metric(gateway, 'http_requests_in_flight'), { timeout: 10_000 }).toBe(1);
  socket.resume();
  await ended;
});

describe('a cached file', () => {
  const place = () => join(filesOf(gateway), sha256Hex(utf8(LARGE)));

  async function overwrite(position: number): Promise<void> {
    const handle = await open(place(), 'r+');
    await handle.write('X', position);
    await handle.close();
  }

  test('that was changed in place, with its old dates, is thrown away and fetched again', async () => {
    await start(1);
    expect(await (await fetch(url('large'))).text()).toBe(LARGE);
    const { atime, mtime } = await stat(place());
    await overwrite(5);
    await utimes(place(), atime, mtime);
    expect(await (await fetch(url('large'))).text()).toBe(LARGE);
    expect(stores[0]?.requests).toHaveLength(2);
    expect(gateway.warnings.join()).toContain('damaged bytes');
  });

  test('that was only touched costs no fetch', async () => {
    await start(1);
    await (await fetch(url('large'))).arrayBuffer();
    await chmod(place(), 0o600);
    expect(await (await fetch(url('large'))).text()).toBe(LARGE);
    expect(stores[0]?.requests).toHaveLength(1);
  });

  test('lies in folders that nobody else may enter, also where they were open before', async () => {
    await start(1);
    await (await fetch(url('small'))).text();
    const mode = async () => (await stat(filesOf(gateway))).mode & 0o777;
    expect(await mode()).toBe(0o700);
    await gateway.stop();
    await chmod(filesOf(gateway), 0o777);
    gateway = await startGateway(ledger, stores.slice(0, 1), { home: gateway.home });
    expect(await mode()).toBe(0o700);
  });

  test.each([
    ['in the part that is still to come', 'bytes=0-', LARGE.length - 10],
    ['behind the reader', undefined, 5],
  ])('that changes while it is sent, %s, breaks the connection off before its end', async (_what, range, position) => {
    await start(1);
    await (await fetch(url('large'))).arrayBuffer();
    const headers: Record<string, string> = range === undefined ? {} : { range };
    const answer = await fetch(url('large'), { headers });
    expect(answer.ok).toBe(true);
    await overwrite(position);
    await expect(answer.arrayBuffer()).rejects.toThrow();
    expect(await (await fetch(url('large'))).text()).toBe(LARGE);
  });
});

test('bytes that differ from the digest are not sent whole, also where the system tells no change', async () => {
  const sha256 = sha256Hex(utf8(SMALL));
  const lying: OpenFile = {
    size: SMALL.length,
    read: async (buffer) => void buffer.set(utf8(SMALL.replace('s', 'S')).subarray(0, buffer.length)),
    unchanged: async () => true,
    damaged: () => (dropped = true),
    release: () => undefined,
  };
  let dropped = false;
  const body = new FileBody({ file: lying, sha256, start: 0, end: SMALL.length, chunk: 4, done: () => undefined });
  const got: Uint8Array[] = [];
  await expect(async () => {
    for await (const piece of body) got.push(piece as Uint8Array);
  }).rejects.toThrow('changed while it was sent');
  expect(Buffer.concat(got).length).toBeLessThan(SMALL.length);
  expect(dropped).toBe(true);
});
