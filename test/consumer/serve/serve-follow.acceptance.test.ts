import { rename } from 'node:fs/promises';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { metric, startGateway } from './gateway-fixture.ts';
import type { TestGateway } from './gateway-fixture.ts';
import { EXPIRES, TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { StoreServer } from '../../kit/store-server.ts';

let ledger: TestLedger;
let store: StoreServer;
let record: string;
const started: TestGateway[] = [];

const url = (gateway: TestGateway, tag = 'v1', name = 'tool') =>
  `${gateway.url}/acme/tool/releases/download/${tag}/${name}`;
const status = async (gateway: TestGateway, tag = 'v1') => {
  const answer = await fetch(url(gateway, tag));
  await answer.arrayBuffer();
  return answer.status;
};

async function start(options: Parameters<typeof startGateway>[2] = {}): Promise<TestGateway> {
  const gateway = await startGateway(ledger, [store], options);
  started.push(gateway);
  return gateway;
}

beforeEach(async () => {
  ledger = await TestLedger.create();
  store = await StoreServer.start(['one', 'two']);
  record = await ledger.addRecord({ repository: 'acme/tool', tag: 'v1', assets: { tool: 'one' } });
  await ledger.commit();
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((gateway) => gateway.stop()));
  await store.close();
});

describe('the gateway follows its ledger', () => {
  test('a new release appears, a withdrawn one goes, though its bytes are here', async () => {
    const gateway = await start();
    expect(await status(gateway)).toBe(200);
    expect(await status(gateway, 'v2')).toBe(404);
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v2', assets: { tool: 'two' } });
    await ledger.nack(record, ledger.people.grace);
    await ledger.commit();
    await gateway.look();
    expect(await status(gateway)).toBe(410);
    expect(await status(gateway, 'v2')).toBe(200);
  });

  test('by itself, every interval', async () => {
    const gateway = await start({ interval: 50 });
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v2', assets: { tool: 'two' } });
    await ledger.commit();
    await expect.poll(() => status(gateway, 'v2'), { timeout: 20_000, interval: 100 }).toBe(200);
  });

  test('while the ledger is down it serves by what it saw, and tells', async () => {
    const gateway = await start();
    expect(await status(gateway)).toBe(200);
    // It moves on, and is gone before anybody asked for anything of its new state.
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v2', assets: { tool: 'two' } });
    await ledger.commit();
    await gateway.look();
    await rename(ledger.directory, `${ledger.directory}.gone`);
    await gateway.look();
    await gateway.look();
    expect(await status(gateway)).toBe(200);
    expect(await metric(gateway, 'ledger_up')).toBe(0);
    expect(await (await fetch(`${gateway.url}/healthz`)).json()).toMatchObject({
      status: 'ok',
      ledger: { failure: 'E_LEDGER_UNREACHABLE' },
    });
    expect(gateway.warnings).toHaveLength(1);
    await rename(`${ledger.directory}.gone`, ledger.directory);
    await gateway.look();
    expect(await metric(gateway, 'ledger_up')).toBe(1);
  });

  test('that is down at the start is the one that was fetched last; a first start fails', async () => {
    const first = await start();
    expect(await status(first)).toBe(200);
    await first.stop();
    await rename(ledger.directory, `${ledger.directory}.gone`);
    const second = await start({ home: first.home });
    expect(await status(second)).toBe(200);
    expect(second.warnings[0]).toContain('serving by the copy');
    await expect(() => start({ neverRead: true })).toFailWith('E_LEDGER_UNREACHABLE');
  });

  test('an older or another state is not taken', async () => {
    const older = await ledger.head();
    await ledger.nack(record, ledger.people.grace);
    await ledger.commit();
    const gateway = await start();
    await ledger.reset(older!);
    await gateway.look();
    expect(await status(gateway)).toBe(410);
    expect(await (await fetch(`${gateway.url}/healthz`)).json()).toMatchObject({ ledger: { failure: 'E_ROLLBACK' } });
  });

  test('past the expiry of the policy what was verified is served, nothing new, and a nack still counts', async () => {
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v2', assets: { tool: 'two' } });
    await ledger.commit();
    const gateway = await start();
    expect(await status(gateway, 'v1')).toBe(200);
    gateway.now = Date.parse(EXPIRES);
    expect(await status(gateway, 'v1')).toBe(200);
    expect(await status(gateway, 'v2')).toBe(503);
    await gateway.look();
    expect(await status(gateway, 'v1')).toBe(200);
    expect(await status(gateway, 'v2')).toBe(503);
    await ledger.nack(record, ledger.people.grace);
    await ledger.commit();
    await gateway.look();
    expect(await status(gateway, 'v1')).toBe(410);
    await ledger.addPolicy({ expires: '2040-01-01T00:00:00Z' });
    await ledger.commit();
    await gateway.look();
    expect(await status(gateway, 'v2')).toBe(200);
  });
});

describe('clients', () => {
  /** Sends bytes on a plain connection; gives whether and when the other side ends it. */
  function raw(gateway: TestGateway, text: string) {
    const { hostname, port } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(text);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    return { socket, closed };
  }

  test('that send their request too slowly are let go', async () => {
    const gateway = await start({ timeouts: { headers: 200 } });
    const { socket, closed } = raw(gateway, 'GET / HTTP/1.1\r\nHost: x\r\n');
    socket.resume();
    await closed;
  });

  test('are served to the end when the gateway stops, and new ones are not', async () => {
    const gateway = await start();
    store.fault = (_, response, body) => {
      setTimeout(() => response.end(body), 300);
      return true;
    };
    const late = fetch(url(gateway)).then((answer) => answer.text());
    await expect.poll(() => store.requests.length, { timeout: 10_000 }).toBe(1);
    await gateway.stop();
    expect(await late).toBe('one');
    await expect(fetch(url(gateway))).rejects.toThrow();
  });

  test('that never end do not keep the gateway from stopping', async () => {
    const gateway = await start({ timeouts: { stop: 300 } });
    store.fault = () => true;
    const never = fetch(url(gateway)).catch(() => 'closed');
    await expect.poll(() => store.requests.length, { timeout: 10_000 }).toBe(1);
    await gateway.stop();
    expect(await never).toBe('closed');
  });
});
