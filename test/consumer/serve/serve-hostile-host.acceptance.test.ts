import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openGateway } from '../../../consumer/serve/gateway.ts';
import type { Limits } from '../../../consumer/serve/limits.ts';
import type { Gateway } from '../../../consumer/serve/serve.ts';
import { SILENT } from '../../../io/progress.ts';
import { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { NOW, temporaryFolder } from '../../kit/readers.ts';
import { StoreServer } from '../../kit/store-server.ts';
import { createGitHandler } from '../../servers/git.ts';
import { BLOCK, FLUSH, PACK, PORTALS, band, endless, page } from '../../servers/hostile-git.ts';
import type { GitAnswer } from '../../servers/hostile-git.ts';

const ENDLESS: readonly (readonly [string, GitAnswer])[] = [
  ['a host that talks without an end', endless(FLUSH.subarray(4), band(2, 'counting, counting\n'.repeat(1000)))],
  ['a host that sends without an end', endless(band(1, PACK), band(1, BLOCK))],
  ['a host that says nothing', endless(FLUSH.subarray(4), Buffer.alloc(0))],
];

let ledger: TestLedger;
let store: StoreServer;
let server: Server;
let answer: GitAnswer;
let honest: GitAnswer;
let home: string;
const started: Gateway[] = [];

beforeEach(async () => {
  ledger = await TestLedger.create();
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1', assets: { tool: 'one' } });
  await ledger.commit();
  store = await StoreServer.start(['one', 'two']);
  answer = honest = createGitHandler({ root: dirname(ledger.directory) });
  server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  home = await temporaryFolder();
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((gateway) => gateway.stop()));
  await store.close();
  server.closeAllConnections();
  server.close();
});

async function start(timeouts?: Partial<Limits>): Promise<Gateway> {
  const { port } = server.address() as AddressInfo;
  const consumer = {
    ledger: `http://127.0.0.1:${port}/ledger.git`,
    pin: ledger.pin(1),
    stores: [store.url],
    limits: { bytes: 20_000_000, ms: 15_000 },
    cacheDir: `${home}/cache`,
    stateDir: `${home}/state`,
    progress: SILENT,
  };
  const listen = { host: '127.0.0.1', port: 0 };
  const gateway = await openGateway(consumer, {
    listen,
    interval: 3_600_000,
    clock: () => NOW.getTime(),
    timeouts,
  });
  started.push(gateway);
  return gateway;
}

async function bytesOf(gateway: Gateway, tag: string): Promise<string> {
  const response = await fetch(`${gateway.url}/acme/tool/releases/download/${tag}/tool`);
  const text = await response.text();
  return response.ok ? text : String(response.status);
}

async function failure(gateway: Gateway): Promise<unknown> {
  const health = (await (await fetch(`${gateway.url}/healthz`)).json()) as { ledger: { failure: unknown } };
  return health.ledger.failure;
}

test.each([...PORTALS, ...ENDLESS])('a gateway goes on by what it saw, and recovers: %s', async (_, hostile) => {
  const gateway = await start();
  expect(await bytesOf(gateway, 'v1')).toBe('one');
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v2', assets: { tool: 'two' } });
  await ledger.commit();
  answer = hostile;
  await gateway.look();
  expect(await failure(gateway)).toBe('E_LEDGER_UNREACHABLE');
  expect(await bytesOf(gateway, 'v1')).toBe('one');
  expect(await bytesOf(gateway, 'v2')).toBe('404');
  answer = honest;
  await gateway.look();
  expect(await failure(gateway)).toBeNull();
  expect(await bytesOf(gateway, 'v2')).toBe('two');
});

test.each([...PORTALS, ...ENDLESS])(
  'what nobody asked for yet is answered without it, and what was asked for is served: %s',
  async (_, hostile) => {
    await ledger.addRecord({ repository: 'other/tool', tag: 'v1', assets: { tool: 'two' } });
    await ledger.commit();
    const gateway = await start({ ledger: 3000 });
    expect(await bytesOf(gateway, 'v1')).toBe('one');
    let requests = 0;
    answer = (request, response) => {
      requests++;
      hostile(request, response);
    };
    const other = await fetch(`${gateway.url}/other/tool/releases/download/v1/tool`);
    expect(other.status).toBe(502);
    expect(await other.text()).toContain('E_LEDGER_UNREACHABLE');
    expect(await bytesOf(gateway, 'v1')).toBe('one');
    // Git asks a few times, and no git starts another.
    expect(requests).toBeLessThan(30);
  },
);

const TRICKLING: GitAnswer = (request, response) => {
  response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
  const timer = setInterval(() => response.write('0'), 200);
  request.socket.on('close', () => clearInterval(timer));
};

test.each<[string, GitAnswer]>([
  ['answers with a page', page('text/html', '<html>Log in here</html>')],
  ['says nothing', () => undefined],
  ['trickles', TRICKLING],
])('a gateway that starts while its host %s serves by the copy that is here', async (_, hostile) => {
  const first = await start();
  expect(await bytesOf(first, 'v1')).toBe('one');
  await first.stop();
  answer = hostile;
  const second = await start({ ledger: 3000 });
  expect(await bytesOf(second, 'v1')).toBe('one');
  expect(await failure(second)).toBe('E_LEDGER_UNREACHABLE');
});
