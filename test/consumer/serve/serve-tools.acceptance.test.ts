import { execFile } from 'node:child_process';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasProgram } from '../../servers/programs.ts';
import { startGateway } from './gateway-fixture.ts';
import type { TestGateway } from './gateway-fixture.ts';
import { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { temporaryFolder } from '../../kit/readers.ts';
import { StoreServer } from '../../kit/store-server.ts';

const run = promisify(execFile);
const BODY = 'the bytes of the tool';

const hasGh = hasProgram('gh');

let gateway: TestGateway;
let store: StoreServer;
let folder: string;
let proxy: Server;
let certificate: string;

beforeAll(async () => {
  const ledger = await TestLedger.create();
  store = await StoreServer.start([BODY, 'signature']);
  const assets = { 'tool-linux-amd64': BODY, 'tool-linux-amd64.sig': 'signature' };
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets });
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v2.0.0', assets, acks: [] });
  await ledger.commit();
  // gh can't rewrite hosts.
  gateway = await startGateway(ledger, [store], { links: 'self' });
  folder = await temporaryFolder();
  await startProxy();
});

afterAll(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await gateway.stop();
  await store.close();
});

/** TLS in front of the gateway, as a reverse proxy has it, by a certificate that only these tests trust. */
async function startProxy(): Promise<void> {
  certificate = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  const openssl = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  await run('openssl', [...openssl, ...names, '-keyout', key, '-out', certificate]);
  const tls = { key: await readFile(key), cert: await readFile(certificate) };
  proxy = createServer(tls, (incoming, outgoing) => {
    const headers = { ...incoming.headers, 'x-forwarded-proto': 'https' };
    const inner = request(gateway.url + incoming.url, { method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    inner.on('error', () => outgoing.destroy());
    incoming.pipe(inner);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
}

const port = () => (proxy.address() as AddressInfo).port;

describe('curl', () => {
  const curl = async (...args: string[]) => (await run('curl', ['-sS', ...args], { cwd: folder })).stdout;
  const url = () => `${gateway.url}/acme/tool/releases/download/v1.0.0/tool-linux-amd64`;

  test('-fLO of the latest release saves the file under its name', async () => {
    await curl('-fLO', `${gateway.url}/acme/tool/releases/latest/download/tool-linux-amd64`);
    expect(await readFile(join(folder, 'tool-linux-amd64'), 'utf8')).toBe(BODY);
  });

  test('-C - goes on where a download stopped', async () => {
    await writeFile(join(folder, 'part'), BODY.slice(0, 7));
    await curl('-fL', '-C', '-', '-o', 'part', url());
    expect(await readFile(join(folder, 'part'), 'utf8')).toBe(BODY);
  });

  test('--etag-compare gets nothing twice', async () => {
    await curl('-f', '--etag-save', 'etag', '-o', 'first', url());
    const args = ['-f', '--etag-compare', 'etag', '-o', 'second', '-w', '%{http_code} %{size_download}'];
    expect(await curl(...args, url())).toBe('304 0');
  });

  test('--compressed gets the same bytes, not compressed', async () => {
    expect(await curl('--compressed', '-D', '-', url())).not.toMatch(/content-encoding/i);
  });

  test('-f of what is not acknowledged fails, and leaves no file', async () => {
    const none = curl('-fLo', 'none', `${gateway.url}/acme/tool/releases/download/v2.0.0/tool-linux-amd64`);
    await expect(none).rejects.toMatchObject({ code: 22 });
    expect(await readdir(folder)).not.toContain('none');
  });
});

describe.skipIf(!hasGh)('gh by GH_HOST through TLS (needs gh: apt-get install gh)', () => {
  const gh = (cwd: string, ...args: string[]) => {
    const env = {
      PATH: process.env['PATH'],
      HOME: folder,
      GH_HOST: `localhost:${port()}`,
      GH_ENTERPRISE_TOKEN: 'none',
      SSL_CERT_FILE: certificate,
      GH_NO_UPDATE_NOTIFIER: '1',
    };
    return run('gh', args, { cwd, env });
  };
  const repository = () => `localhost:${port()}/acme/tool`;

  test.each([
    ['a tag', ['v1.0.0']],
    ['the latest, by a pattern', ['-p', '*amd64']],
  ])('release download of %s', async (_, args) => {
    const own = await temporaryFolder();
    await gh(own, 'release', 'download', ...args, '-p', '*amd64', '-R', repository());
    expect(await readdir(own)).toEqual(['tool-linux-amd64']);
    expect(await readFile(join(own, 'tool-linux-amd64'), 'utf8')).toBe(BODY);
  });

  test('release download of what is not acknowledged fails, and leaves no file', async () => {
    const own = await temporaryFolder();
    await expect(gh(own, 'release', 'download', 'v2.0.0', '-R', repository())).rejects.toThrow();
    expect(await readdir(own)).toEqual([]);
  });

  test('release list and view show what is acknowledged, and when', async () => {
    const list = await gh(folder, 'release', 'list', '-R', repository());
    expect(list.stdout).toMatch(/^v1\.0\.0\tLatest\tv1\.0\.0\t20\d\d-/);
    expect(list.stdout.trim().split('\n')).toHaveLength(1);
    const view = await gh(folder, 'release', 'view', '-R', repository(), '--json', 'tagName,assets');
    expect(JSON.parse(view.stdout)).toMatchObject({ tagName: 'v1.0.0', assets: [{}, {}] });
  });

  test('api shows the digest', async () => {
    const { stdout } = await gh(folder, 'api', 'repos/acme/tool/releases/latest', '--jq', '.assets[0].digest');
    expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  });
});

test('gh is there where CI runs', () => {
  expect(hasGh || process.env['CI'] !== 'true').toBe(true);
});
