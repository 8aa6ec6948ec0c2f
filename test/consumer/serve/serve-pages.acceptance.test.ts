import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeFindings, startBrowser, visit } from '../../kit/browser.ts';
import { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { StoreServer } from '../../kit/store-server.ts';
import { startGateway } from './gateway-fixture.ts';
import type { TestGateway } from './gateway-fixture.ts';

let browser: Browser;
let gateway: TestGateway;
let store: StoreServer;

beforeAll(async () => {
  const ledger = await TestLedger.create();
  store = await StoreServer.start(['one']);
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets: { 'tool-linux-amd64': 'one' } });
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v2.0.0', assets: { tool: 'two' }, acks: [] });
  await ledger.addRecord({
    repository: 'acme/tool',
    tag: 'v0.9.0',
    assets: { t: 'nine' },
    nacks: [ledger.people.grace],
  });
  await ledger.addRecord({ repository: `acme/${'long-name-'.repeat(9)}`, tag: 'v1', assets: { a: 'x' } });
  await ledger.commit({ message: 'Nack acme/tool v0.9.0\n\nit mines coins\n' });
  gateway = await startGateway(ledger, [store]);
  browser = await startBrowser();
});

afterAll(async () => {
  await browser.close();
  await gateway.stop();
  await store.close();
});

test.each([1280, 375])(
  'at %d pixels axe finds nothing on the pages of the gateway, and nothing is cut off',
  async (width) => {
    for (const path of ['/', '/?q=tool', '/acme/tool', '/acme/tool/releases/tag/v1.0.0']) {
      await using visited = await visit(browser, gateway.url + path, { viewport: { width, height: 800 } });
      const { page, said } = visited;
      expect(said, path).toEqual([]);
      expect(await axeFindings(page), path).toEqual([]);
      const wide = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
      expect(wide, path).toBeLessThanOrEqual(0);
    }
  },
);

test('a tool shows why a release was withdrawn, and what one waits for', async () => {
  await using visited = await visit(browser, `${gateway.url}/acme/tool`);
  const text = await visited.page.locator('main').innerText();
  expect(text).toContain('was withdrawn by grace: it mines coins');
  expect(text).toContain('has 0 of the 1 acks');
});
