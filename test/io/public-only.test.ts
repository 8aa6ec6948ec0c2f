import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openDownload } from '../../io/http/download/download.ts';
import { isPublicAddress } from '../../io/http/public-address.ts';

const names = vi.hoisted(() => new Map<string, string[]>());
vi.mock('node:dns', async (original) => ({
  ...(await original<object>()),
  lookup: (name: string, _options: unknown, callback: (error: Error | null, found: unknown) => void) => {
    // Each look-up takes the next answer, as a name does that is bound to something else a moment later.
    const answers = names.get(name) ?? [];
    const address = (answers.length > 1 ? answers.shift() : answers[0]) ?? '127.0.0.1';
    callback(
      null,
      address.split(' ').map((one) => ({ address: one, family: one.includes(':') ? 6 : 4 })),
    );
  },
}));

test.each([
  '0.0.0.0', '0.1.2.3', '10.0.0.1', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.255.0.1', '169.254.169.254',
  '172.16.0.1', '172.31.255.255', '192.0.0.1', '192.0.2.1', '192.168.1.1', '198.18.0.1', '198.51.100.7', '203.0.113.9',
  '224.0.0.1', '255.255.255.255', '::', '::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:a9fe:a9fe', '::127.0.0.1',
  '64:ff9b::10.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::8.8.8.8', '2002:7f00:1::', '2002:a00:1::1', '2001::1',
  '2001:db8::1', '3fff::1', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', '100::1',
  '2606:4700::5efe:10.0.0.1', 'localhost', '', '1.2.3',
])('%s is not public', (address) => {
  expect(isPublicAddress(address)).toBe(false);
}); // prettier-ignore

test.each([
  '1.1.1.1', '8.8.8.8', '100.63.255.255', '100.128.0.1', '172.15.0.1', '172.32.0.1', '192.167.1.1', '223.255.255.255',
  '::ffff:8.8.8.8', '64:ff9b::8.8.8.8', '2002:808:808::1', '2606:4700:4700::1111', '2001:4860:4860::8888', '2a00:1450::1',
])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true);
}); // prettier-ignore

describe('a download of a file that lies elsewhere', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    names.clear();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  async function start(answer: (path: string) => { location?: string; body?: string }): Promise<string> {
    const server = createServer((request, response) => {
      const { location, body = 'an internal document' } = answer(request.url ?? '');
      response.writeHead(location === undefined ? 200 : 302, location === undefined ? {} : { location }).end(body);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function read(url: string, privateHosts: readonly string[] = [], size?: number): Promise<string> {
    const parts: Uint8Array[] = [];
    const onSource = (from: URL): void => void (last = from.host);
    const retry = { tries: 1, baseMs: 1, capMs: 1 };
    for await (const part of openDownload({ url, privateHosts, onSource, size, retry })) parts.push(part);
    return Buffer.concat(parts).toString();
  }
  let last: string | undefined;

  test('may lie on this machine where its URL says so', async () => {
    expect(await read(`${await start(() => ({}))}/f`)).toBe('an internal document');
  });

  test.each([undefined, 9_000_000])('is not led to another port of this machine (size %s)', async (size) => {
    const inside = await start(() => ({}));
    const outside = await start(() => ({ location: `${inside}/secret` }));
    await expect(() => read(`${outside}/f`, [], size)).toFailWith('E_HTTP');
    expect(await read(`${outside}/f`, ['127.0.0.1'])).toBe('an internal document');
    expect(`http://${last}`).toBe(inside);
  });

  test.each(['10.1.2.3', '[::1]', '[::ffff:7f00:1]', '169.254.169.254', '2130706433', '0x7f.1', '[64:ff9b::7f00:1]'])(
    'is not led to https://%s',
    async (host) => {
      const outside = await start(() => ({ location: `https://${host}/latest/meta-data` }));
      await expect(() => read(`${outside}/f`)).toFailWith('E_HTTP');
    },
  );

  test.each([undefined, 9_000_000])(
    'is refused by what its name means when it is connected to (size %s)',
    async (size) => {
      names.set('files.example', ['169.254.169.254']);
      await expect(() => read('https://files.example/f', [], size)).toFailWith('E_HTTP');
      names.set('files.example', ['93.184.216.34 10.0.0.1']);
      await expect(() => read('https://files.example/f', [], size)).toFailWith('E_HTTP');
    },
  );

  test('is refused where the name was public a moment ago', async () => {
    names.set('files.example', ['127.0.0.1']);
    const outside = await start(() => ({ location: 'https://files.example/f' }));
    await expect(() => read(`${outside}/f`)).toFailWith('E_HTTP');
  });

  test('goes to a private address where its host is allowed', async () => {
    names.set('files.example', ['127.0.0.1']);
    // Nothing listens there: the connection is tried, and not refused by its address.
    await expect(() => read('https://files.example:1/f', ['files.example'])).toFailWith('E_NETWORK');
  });
});
