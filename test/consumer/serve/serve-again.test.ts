import { afterAll, beforeAll, expect, test } from 'vitest';
import { Shortcuts } from '../../../consumer/serve/bytes/shortcuts.ts';
import type { ShortcutOptions } from '../../../consumer/serve/bytes/shortcuts.ts';
import { LIMITS } from '../../../consumer/serve/limits.ts';
import { Metrics } from '../../../consumer/serve/metrics.ts';
import { metric, startGateway } from './gateway-fixture.ts';
import type { TestGateway } from './gateway-fixture.ts';
import { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { StoreServer } from '../../kit/store-server.ts';

const BODY = '0123456789'.repeat(10);
const FILE = '/acme/tool/releases/download/v1/tool';

let ledger: TestLedger;
let store: StoreServer;
let gateway: TestGateway;
let record: string;
const lines: string[] = [];

beforeAll(async () => {
  ledger = await TestLedger.create();
  store = await StoreServer.start([BODY]);
  record = await ledger.addRecord({ repository: 'acme/tool', tag: 'v1', assets: { tool: BODY } });
  await ledger.commit();
  gateway = await startGateway(ledger, [store], { log: { format: 'json', write: (line) => lines.push(line) } });
});
afterAll(async () => {
  await gateway.stop();
  await store.close();
});

const get = (headers: Record<string, string> = {}, method = 'GET') => fetch(gateway.url + FILE, { method, headers });

/** All that an answer says, but for the moment. */
async function whole(answer: Response) {
  const { date, ...headers } = Object.fromEntries(answer.headers);
  expect(date).toBeDefined();
  return { status: answer.status, headers, body: await answer.text() };
}

test('a file is answered the fourth time as it was the first time, counted and logged', async () => {
  const before = lines.length;
  const first = await whole(await get());
  for (let time = 2; time <= 4; time++) expect(await whole(await get())).toEqual(first);
  expect(first).toMatchObject({ status: 200, body: BODY });
  expect(await metric(gateway, 'http_requests_total\\{route="download",code="200"\\}')).toBe(4);
  expect(await metric(gateway, 'http_requests_in_flight')).toBe(1);
  const logged = lines.slice(before).map((line) => JSON.parse(line) as Record<string, unknown>);
  const downloads = logged.filter(({ path }) => path === FILE);
  expect(downloads.map(({ status, bytes, method }) => [status, bytes, method])).toEqual(
    Array.from({ length: 4 }, () => [200, BODY.length, 'GET']),
  );
});

test('what asks for something else than the whole file gets that, however often the file was asked for', async () => {
  const etag = (await get()).headers.get('etag') ?? '';
  const range = await get({ range: 'bytes=2-4' });
  expect([range.status, await range.text()]).toEqual([206, '234']);
  expect((await get({ 'if-none-match': etag })).status).toBe(304);
  expect((await get({ 'if-match': '"other"' })).status).toBe(412);
  const head = await get({}, 'HEAD');
  expect([head.headers.get('content-length'), await head.text()]).toEqual([String(BODY.length), '']);
  expect((await get({}, 'POST')).status).toBe(405);
});

test('a nack refuses a file that was answered a moment before, as soon as the ledger was looked at', async () => {
  for (let time = 0; time < 3; time++) expect((await get()).status).toBe(200);
  await ledger.nack(record, ledger.people.grace);
  await ledger.commit();
  await gateway.look();
  expect((await get()).status).toBe(410);
});

/** What one answers to a request that was made by hand. */
function shortcuts(options: Partial<ShortcutOptions>) {
  const made: Shortcuts = new Shortcuts({
    files: { kept: () => Buffer.from('bytes') },
    catalog: () => made,
    now: () => 0,
    limits: LIMITS,
    metrics: new Metrics(),
    log: undefined,
    ...options,
  });
  /** How often it asked to be told of the end, where that isn't here yet: once to count, once more for a limit. */
  const told = { times: 0 };
  const asked = (
    waits: { readonly taken?: boolean; readonly bytes?: number; readonly broken?: boolean } = {},
  ): boolean => {
    told.times = 0;
    const response = {
      once: () => told.times++,
      writeHead: () => ({ end: () => undefined }),
      socket: waits.taken === false ? null : {},
    };
    const errored = waits.broken === true ? new Error('EPIPE') : null;
    const socket = { setTimeout: () => undefined, writableLength: waits.bytes ?? 0, errored };
    return made.answer({ method: 'GET', url: '/f', headers: {}, socket } as never, response as never);
  };
  return { made, asked, told };
}
const FETCHABLE = { name: 'f', size: 5, sha256: 'ab'.repeat(32) } as never;

test('what was judged is judged again after a second, or by another state of the ledger', () => {
  let now = 0;
  let catalog = {};
  const { made, asked } = shortcuts({ now: () => now, catalog: () => catalog });
  made.remember('/f', FETCHABLE, catalog);
  expect(asked()).toBe(true);
  now = 999;
  expect(asked()).toBe(true);
  now = 1000;
  expect(asked()).toBe(false);
  made.remember('/f', FETCHABLE, catalog);
  expect(asked()).toBe(true);
  catalog = {};
  expect(asked()).toBe(false);
});

test('what was judged by a state of the ledger that has gone meanwhile is not answered by it', () => {
  const { made, asked } = shortcuts({});
  made.remember('/f', FETCHABLE, {});
  expect(asked()).toBe(false);
});

test('an answer that its client has not taken yet, or that waits behind another on its connection, has a limit', () => {
  const { made, asked, told } = shortcuts({});
  made.remember('/f', FETCHABLE, made);
  expect([asked(), told.times]).toEqual([true, 0]);
  expect([asked({ broken: true }), told.times]).toEqual([true, 2]);
  expect([asked({ bytes: 9 }), told.times]).toEqual([true, 2]);
  expect([asked({ taken: false }), told.times]).toEqual([true, 2]);
});

test('a file that is not in memory any more, and any file once the gateway stops, is for the router', () => {
  let kept: Buffer | undefined = Buffer.from('bytes');
  const { made, asked } = shortcuts({ files: { kept: () => kept } });
  made.remember('/f', FETCHABLE, made);
  kept = undefined;
  expect(asked()).toBe(false);
  kept = Buffer.from('bytes');
  expect(asked()).toBe(true);
  made.stop();
  expect(asked()).toBe(false);
});
