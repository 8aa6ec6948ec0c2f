import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { httpFetch, readBounded } from '../../io/http/http.ts';
import { backoff, pause, retryAfter } from '../../io/http/retry.ts';
import { isLoopback, redirectTarget, shownUrl } from '../../io/http/url.ts';
import { file, redirect, startFlaky } from '../servers/flaky.ts';
import type { FlakyServer } from '../servers/flaky.ts';

let server: FlakyServer;
beforeEach(async () => {
  server = await startFlaky();
});
afterEach(() => server.close());

describe('a fetch', () => {
  test('never follows a redirect, whatever is asked for', async () => {
    server.answer(redirect('/secret'));
    const response = await httpFetch(`${server.origin}/f`, { redirect: 'follow' });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/secret');
    expect(server.seen).toHaveLength(1);
  });

  test('of a body that is too long stops', async () => {
    server.answer(file(Buffer.alloc(1001)));
    const answer = await httpFetch(server.origin);
    await expect(() => readBounded(answer, 1000)).toFailWith('E_UPSTREAM_ANSWER');
    expect(await readBounded(await httpFetch(server.origin), 1001)).toHaveLength(1001);
  });

  test('of a body that breaks off is E_NETWORK', async () => {
    server.answer(file(Buffer.alloc(100_000), { cutAfter: 1000 }));
    const answer = await httpFetch(server.origin);
    await expect(() => readBounded(answer, 1_000_000)).toFailWith('E_NETWORK');
  });

  test('that is aborted ends with the reason given', async () => {
    server.answer(() => undefined);
    const reason = new Error('enough');
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 50);
    await expect(httpFetch(server.origin, { signal: controller.signal })).rejects.toBe(reason);
  });

  test.each(['http://example.com', 'file:///etc/passwd', 'https://u:p@example.com', ''])(
    '%j is E_CONFIG',
    async (url) => {
      await expect(() => httpFetch(url)).toFailWith('E_CONFIG');
    },
  );
});

describe('a URL', () => {
  test.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['127.255.3.4', true],
    ['[::1]', true],
    ['localhost.example.com', false],
    ['127.0.0.1.example.com', false],
    ['a.localhost', false],
    ['128.0.0.1', false],
    ['0.0.0.0', false],
    ['[::ffff:7f00:1]', false],
  ])('%s is of this machine: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });

  test.each([
    ['https://user:secret@host:8443/a/b?token=x#y', 'https://host:8443/a/b'],
    ['https://host/a@b', 'https://host/a@b'],
    ['https:\\\\user:secret@host/a', 'https://host/a'],
    ['https:user:secret@host/a', 'https://host/a'],
    [' https://user:\nsecret@host/a', 'https://host/a'],
    ['https://a@b@host/', 'https://host/'],
    ['ssh://git@host/a.git', 'ssh://host/a.git'],
    ['s3://bucket/prefix?endpoint=https://u:p@x', 's3://bucket/prefix'],
    ['mysql:user:secret@host', 'mysql:…'],
    ['nonsense secret', 'a URL that cannot be read'],
  ])('%j is shown as %j: nothing that could be secret', (url, shown) => {
    expect(shownUrl(url)).toBe(shown);
  });

  test.each([
    ['https://a.example/x', 'https://b.example/y', 'https://b.example/y'],
    ['https://a.example/x/y', 'z', 'https://a.example/x/z'],
    ['http://127.0.0.1:1/x', 'http://localhost:2/y', 'http://localhost:2/y'],
    ['http://127.0.0.1:1/x', 'https://b.example/', 'https://b.example/'],
  ])('%s may redirect to %s', (from, location, target) => {
    expect(redirectTarget(new URL(from), location).href).toBe(target);
  });

  test.each([
    ['https://a.example/', 'http://a.example/'],
    ['https://a.example/', 'http://127.0.0.1:8080/admin'],
    ['https://a.example/', 'http://localhost/'],
    ['https://a.example/', 'https://u:p@b.example/'],
    ['https://a.example/', 'https://['],
    ['http://127.0.0.1/', 'http://example.com/'],
    ['https://a.example/', 'data:,x'],
  ])('%s may not redirect to %s', async (from, location) => {
    await expect(() => redirectTarget(new URL(from), location)).toFailWith('E_HTTP');
  });
});

describe('trying again', () => {
  const rules = { tries: 9, baseMs: 100, capMs: 1000 };

  test('waits longer each time, up to a limit, and never the same', () => {
    for (const [attempt, longest] of [
      [2, 100],
      [3, 200],
      [4, 400],
      [9, 1000],
    ] as const) {
      const waits = Array.from({ length: 50 }, () => backoff(attempt, rules));
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(longest / 2);
      expect(Math.max(...waits)).toBeLessThanOrEqual(longest);
      expect(new Set(waits).size).toBeGreaterThan(10);
    }
  });

  test('reads Retry-After in seconds and as a date', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    expect(retryAfter('7', now)).toBe(7000);
    expect(retryAfter('Thu, 01 Jan 2026 00:00:30 GMT', now)).toBe(30_000);
    expect(retryAfter('Wed, 31 Dec 2025 00:00:30 GMT', now)).toBe(0);
    expect(retryAfter('soon', now)).toBeUndefined();
    expect(retryAfter(undefined, now)).toBeUndefined();
  });

  test('ends its wait when it is aborted', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 20);
    await expect(pause(60_000, controller.signal)).rejects.toBe(reason);
  });
});
