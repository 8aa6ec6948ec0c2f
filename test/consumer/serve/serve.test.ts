import { readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256Hex, utf8 } from '../../../ledger-schema/index.ts';
import { metric, startGateway } from './gateway-fixture.ts';
import { StoreServer } from '../../kit/store-server.ts';
import { BIG, BODY, ETAG, FILE, gateway, get, ledger, store, useGateway } from './served-world.ts';

useGateway();

describe('a file', () => {
  test.each([
    [FILE, BODY],
    ['/ACME/Tool/releases/download/v1.0.0/tool-linux-amd64', BODY],
    ['/acme/tool/releases/download/v1.0.0/tool-big', BIG],
    ['/acme/tool/releases/latest/download/tool-linux-amd64', BODY],
    ['/acme/many/releases/download/cli/v1.0.0/cli', 'cli'],
    ['/acme/many/releases/download/cli%2Fv1.0.0/cli', 'cli'],
    ['/ghe.acme.example/team/inner/releases/download/v1/ghe', 'ghe'],
  ])('%s', async (path, body) => {
    const answer = await get(path);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe(body);
  });

  test('has a strong ETag, its length, its name, its digest and no encoding', async () => {
    const { headers } = await get(FILE, { headers: { 'accept-encoding': 'gzip, br' } });
    expect(Object.fromEntries(headers)).toMatchObject({
      etag: ETAG,
      'content-length': '100',
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment; filename="tool-linux-amd64"',
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
    });
    expect(headers.get('content-encoding')).toBeNull();
  });

  test('HEAD is the same without a body, and fetches nothing', async () => {
    const own = await startGateway(ledger, [store]);
    const before = store.requests.length;
    const head = await fetch(own.url + FILE, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([200, '100', ETAG]);
    expect(await head.text()).toBe('');
    expect(store.requests).toHaveLength(before);
    await own.stop();
  });

  test.each([
    ['bytes=10-14', 206, '01234', 'bytes 10-14/100'],
    ['bytes=-3', 206, '789', 'bytes 97-99/100'],
    ['bytes=95-', 206, '56789', 'bytes 95-99/100'],
    ['bytes=100-', 416, '', 'bytes */100'],
    ['bytes=0-1,3-4', 200, BODY, null],
  ])('Range: %s', async (range, status, body, contentRange) => {
    const answer = await get(FILE, { headers: { range } });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-range')).toBe(contentRange);
    expect(await answer.text()).toBe(body);
  });

  test('a range of a large file', async () => {
    const answer = await get('/acme/tool/releases/download/v1.0.0/tool-big', {
      headers: { range: 'bytes=2500000-2500004' },
    });
    expect(answer.status).toBe(206);
    expect(await answer.text()).toBe('abcde');
  });

  test('If-None-Match: 304 without a body; If-Range of another file: all of it', async () => {
    const same = await get(FILE, { headers: { 'if-none-match': ETAG } });
    expect([same.status, await same.text()]).toEqual([304, '']);
    const other = await get(FILE, { headers: { range: 'bytes=0-1', 'if-range': '"other"' } });
    expect([other.status, await other.text()]).toEqual([200, BODY]);
  });

  test.each([
    ['/acme/tool/releases/download/v9/tool-linux-amd64', 404],
    ['/acme/tool/releases/download/v1.0.0/none', 404],
    ['/acme/tool/releases/download/v1.0.0/checklist.json', 404],
    ['/acme/none/releases/download/v1.0.0/x', 404],
    ['/acme/tool/releases/download/v2.0.0/tool-linux-amd64', 404],
    ['/acme/tool/releases/download/v0.9.0/tool-linux-amd64', 410],
    ['/acme/tool/releases/download/../../../etc/passwd', 404],
    ['/acme/tool/releases/download/..%2f..%2f..%2fetc/passwd', 404],
    ['/acme/tool/releases/download/', 404],
    ['/acme/tool/releases/download/%ff/x', 400],
    ['/nothing/at/all/here', 404],
    ['//acme/tool/releases', 404],
    ['/acme//releases/latest', 404],
    [`/acme/${'a'.repeat(300)}/releases`, 404],
    [`/${'a'.repeat(300)}/acme/tool/releases`, 404],
  ])('%s: %i, and says why in a line', async (path, status) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('etag')).toBeNull();
  });

  test('an address that cannot be decoded is refused in the same form as all else', async () => {
    for (const [path, type] of [
      ['/%zz', 'text/plain'],
      ['/repos/acme/%zz/releases', 'application/json'],
    ] as const) {
      const answer = await get(path);
      expect(answer.status).toBe(400);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('content-type')).toContain(type);
      expect(await answer.text()).toContain('E_USAGE');
    }
    expect(await (await get('/%zz', { headers: { accept: 'text/html' } })).text()).toContain('Error 400');
  });

  test('a path that the gateway does not have is told from a request that cannot be read', async () => {
    const text = async (path: string) => (await get(path)).text();
    expect(await text('/acme/tool/archive/refs/tags/v1.0.0.tar.gz')).toMatch(
      /^there is nothing at this address .*\nhint/,
    );
    expect(await (await get('/repos/acme/tool/issues')).json()).toMatchObject({ code: 'E_NOT_FOUND', status: '404' });
  });
});

describe('bytes', () => {
  async function own(bodies: readonly string[], change?: (first: StoreServer) => void, options = {}) {
    const stores = await Promise.all([StoreServer.start(bodies), StoreServer.start()]);
    change?.(stores[0]);
    const started = await startGateway(ledger, stores, options);
    const done = async () => {
      await started.stop();
      await Promise.all(stores.map((each) => each.close()));
    };
    return { started, store: stores[0], done };
  }

  test.each([
    ['other bytes', (first: StoreServer) => first.corrupt(sha256Hex(utf8(BODY)), BODY.replace('0', 'X'))],
    ['more bytes', (first: StoreServer) => first.corrupt(sha256Hex(utf8(BODY)), `${BODY}!`)],
    ['nothing', (first: StoreServer) => first.objects.clear()],
  ])('a store that has %s: 502, and not one byte of it', async (_, change) => {
    const { started, done } = await own([BODY], change);
    const answer = await fetch(started.url + FILE);
    expect(answer.status).toBe(502);
    const text = await answer.text();
    expect(text).not.toContain('0123456789');
    expect(answer.headers.get('etag')).toBeNull();
    expect(await readdir(join(started.home, 'cache/gateway/files'))).toEqual([]);
    await done();
  });

  test('of one cold file for thirty clients are fetched once', async () => {
    const { started, store: first, done } = await own([BODY]);
    first.fault = (_, response, body) => {
      setTimeout(() => response.end(body), 100);
      return true;
    };
    const bodies = await Promise.all(Array.from({ length: 30 }, async () => (await fetch(started.url + FILE)).text()));
    expect(new Set(bodies)).toEqual(new Set([BODY]));
    expect(first.requests).toHaveLength(1);
    await done();
  });

  test('that another gateway removed from the same folder are fetched again, and called damaged by nobody', async () => {
    const { started, store: first, done } = await own([BIG]);
    const big = `${started.url}/acme/tool/releases/download/v1.0.0/tool-big`;
    expect(await (await fetch(big)).text()).toBe(BIG);
    await rm(join(started.home, 'cache/gateway/files', sha256Hex(utf8(BIG))));
    expect(await (await fetch(big)).text()).toBe(BIG);
    expect(first.requests).toHaveLength(2);
    expect(started.warnings.join()).not.toContain('damaged');
    await done();
  });

  test('that are here are served while the store is down, also by the next process, if they are still right; what another gateway is fetching stays', async () => {
    const { started, store: first, done } = await own([BODY, BIG]);
    await (await fetch(started.url + FILE)).text();
    await (await fetch(`${started.url}/acme/tool/releases/download/v1.0.0/tool-big`)).text();
    first.objects.clear();
    expect(await (await fetch(started.url + FILE)).text()).toBe(BODY);
    await done();
    const folder = join(started.home, 'cache/gateway/files');
    await truncate(join(folder, sha256Hex(utf8(BIG))), 1000);
    const left = join(folder, `.pullthrough-${'0'.repeat(24)}.part`);
    await writeFile(left, 'left behind');
    await utimes(left, 0, 0);
    const fetching = `.pullthrough-${'1'.repeat(24)}.part`;
    await writeFile(join(folder, fetching), 'of another gateway');
    const next = await startGateway(ledger, [], { home: started.home });
    expect(await (await fetch(next.url + FILE)).text()).toBe(BODY);
    expect((await fetch(`${next.url}/acme/tool/releases/download/v1.0.0/tool-big`)).status).toBe(502);
    expect(await readdir(folder)).toEqual([fetching, sha256Hex(utf8(BODY))]);
    await next.stop();
  });

  test('stay within the size of the cache, the longest unused go first', async () => {
    const { started, done } = await own([BODY, BIG, 'other'], undefined, { cacheBytes: 3_000_050 });
    for (const path of [
      FILE,
      '/acme/tool/releases/download/v1.0.0/tool-big',
      '/acme/tool/releases/download/v1.1.0-rc.1/tool-linux-amd64',
    ]) {
      expect((await fetch(started.url + path)).status).toBe(200);
    }
    expect(await metric(started, 'cache_bytes')).toBe(3_000_005);
    expect(await readdir(join(started.home, 'cache/gateway/files'))).toHaveLength(2);
    await done();
  });

  test('of a file larger than the cache are refused', async () => {
    const { started, done } = await own([BIG], undefined, { cacheBytes: 1000 });
    expect((await fetch(`${started.url}/acme/tool/releases/download/v1.0.0/tool-big`)).status).toBe(507);
    await done();
  });
});

test('health and metrics', async () => {
  expect(await (await get('/healthz')).json()).toMatchObject({
    status: 'ok',
    ledger: { failure: null },
    policy: { version: 1, expired: false },
  });
  expect(await metric(gateway, 'ledger_up')).toBe(1);
  expect(await metric(gateway, 'http_requests_in_flight')).toBe(1);
  expect(await metric(gateway, 'http_requests_total\\{route="download",code="200"\\}')).toBeGreaterThan(0);
});
