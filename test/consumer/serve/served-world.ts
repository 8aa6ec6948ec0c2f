import { afterAll, beforeAll } from 'vitest';
import { sha256Hex, utf8 } from '../../../ledger-schema/index.ts';
import { startGateway } from './gateway-fixture.ts';
import type { TestGateway } from './gateway-fixture.ts';
import { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { StoreServer } from '../../kit/store-server.ts';

export const BODY = '0123456789'.repeat(10);
export const BIG = 'abcdefghij'.repeat(300_000);
export const ETAG = `"${sha256Hex(utf8(BODY))}"`;

export let ledger: TestLedger;
export let store: StoreServer;
export let gateway: TestGateway;

/** One ledger, one store and one gateway for all tests of a file. */
export function useGateway(): void {
  beforeAll(async () => {
    ledger = await TestLedger.create();
    store = await StoreServer.start([BODY, BIG, 'other', 'cli', 'ghe', 'new']);
    const assets = { 'tool-linux-amd64': BODY, 'tool-big': BIG };
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets });
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.1.0-rc.1', assets: { 'tool-linux-amd64': 'other' } });
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v2.0.0', assets, acks: [] });
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v0.9.0', assets, nacks: [ledger.people.grace] });
    await ledger.addRecord({ repository: 'acme/odd', tag: 'v1.0.0', assets: { 'a+b.tgz': 'other' } });
    await ledger.addRecord({ repository: 'acme/many', tag: 'cli/v1.0.0', assets: { cli: 'cli' } });
    await ledger.addRecord({ source: 'ghe.acme.example', repository: 'team/inner', tag: 'v1', assets: { ghe: 'ghe' } });
    await ledger.commit();
    gateway = await startGateway(ledger, [store]);
  });

  afterAll(async () => {
    await gateway.stop();
    await store.close();
  });
}

export const get = (path: string, init?: RequestInit) => fetch(gateway.url + path, init);
export const FILE = '/acme/tool/releases/download/v1.0.0/tool-linux-amd64';
