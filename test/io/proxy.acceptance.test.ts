import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openDownload } from '../../io/http/download/download.ts';
import { httpFetch, readBounded } from '../../io/http/http.ts';
import type { RetryRules } from '../../io/http/retry.ts';
import { file, startFlaky } from '../servers/flaky.ts';
import type { FlakyServer } from '../servers/flaky.ts';
import { startTinyproxy } from '../servers/tinyproxy.ts';
import type { Proxy } from '../servers/tinyproxy.ts';

const VARIABLES = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY'];
const retry = { tries: 1, baseMs: 1, capMs: 1 };
const bytes = randomBytes(9_000_000);

let server: FlakyServer;
let proxy: Proxy | undefined;
beforeEach(async () => {
  for (const name of VARIABLES) vi.stubEnv(name, undefined);
  server = await startFlaky();
  server.answer(file(bytes));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
  await proxy?.close();
  proxy = undefined;
});

async function download(rules: RetryRules = retry): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of openDownload({ url: `${server.origin}/f`, size: bytes.length, retry: rules }))
    hash.update(chunk);
  expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
}

const target = (): string => new URL(server.origin).host;

describe('through a real proxy', () => {
  test.each(['HTTP_PROXY', 'http_proxy'])('%s is used for downloads and for the API', async (name) => {
    proxy = await startTinyproxy();
    vi.stubEnv(name, proxy.url);
    await download();
    const response = await httpFetch(`${server.origin}/api`);
    expect(await readBounded(response, bytes.length)).toHaveLength(bytes.length);
    const targets = await proxy.targets();
    expect(targets.length).toBeGreaterThanOrEqual(1);
    expect(new Set(targets)).toEqual(new Set([target()]));
  });

  test('a proxy without a scheme is one of http, as curl has it', async () => {
    proxy = await startTinyproxy();
    vi.stubEnv('HTTP_PROXY', `127.0.0.1:${proxy.port}`);
    await download();
    expect(await proxy.targets()).toContain(target());
  });

  test.each(['127.0.0.1', '*', 'other.example,127.0.0.1'])('NO_PROXY=%s goes around it', async (exception) => {
    proxy = await startTinyproxy();
    vi.stubEnv('HTTP_PROXY', proxy.url);
    vi.stubEnv('NO_PROXY', exception);
    await download();
    expect(await proxy.targets()).toEqual([]);
  });

  test('its user and password are given to it, and shown to nobody', async () => {
    proxy = await startTinyproxy({ name: 'user', password: 'passw0rd' });
    vi.stubEnv('HTTP_PROXY', proxy.url);
    await download();
    expect(server.seen[0]?.headers['proxy-authorization']).toBeUndefined();
    vi.stubEnv('HTTP_PROXY', proxy.url.replace('passw0rd', 'wr0ng'));
    const error: unknown = await download().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'E_NETWORK', hint: expect.stringContaining('HTTPS_PROXY') as string });
    expect(String(error)).not.toContain('wr0ng');
  });

  test.each([
    [403, 1],
    [407, 1],
    [502, 3],
  ])('one that answers %i is asked %i times: a no is one', async (code, times) => {
    let asked = 0;
    const gate = createServer().on('connect', (_request, socket) => {
      asked += 1;
      socket.end(`HTTP/1.1 ${code} No\r\ncontent-length: 0\r\n\r\n`);
    });
    await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
    try {
      vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${(gate.address() as AddressInfo).port}`);
      const failed: unknown = await download({ ...retry, tries: 3 }).catch((thrown: unknown) => thrown);
      const message = expect.stringContaining(
        code === 407 ? 'asks for a user and password (407)' : `(${code})`,
      ) as string;
      expect(failed).toMatchObject({ code: 'E_NETWORK', message });
      expect(asked).toBe(times);
    } finally {
      gate.close();
    }
  });

  test('one that is not there is E_NETWORK', async () => {
    vi.stubEnv('HTTP_PROXY', server.origin);
    const { origin } = server;
    await server.close();
    server = await startFlaky();
    expect(server.origin).not.toBe(origin);
    await expect(() => download()).toFailWith('E_NETWORK');
    await expect(() => httpFetch(server.origin)).toFailWith('E_NETWORK');
  });

  test('one that is not a URL is E_CONFIG, and its variable is named', async () => {
    vi.stubEnv('HTTPS_PROXY', 'http://user:s3cret@[nonsense');
    const error: unknown = await download().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'E_CONFIG', message: expect.stringContaining('HTTPS_PROXY') as string });
    expect(String(error)).not.toContain('s3cret');
  });
});
