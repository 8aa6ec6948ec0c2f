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
  await ledger.addRecord({ repository: 'acme/unversioned', tag: 'nightly', assets: { a: 'x' } });
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
    const good = ['/', '/?q=tool', '/?q=nosuchthing', '/acme/tool', '/acme/tool/releases/tag/v1.0.0'];
    const refused = ['/nobody/nothing', '/acme/tool/releases/tag/v0.9.0', '/acme/tool/releases/tag/v2.0.0'];
    for (const path of [...good, ...refused]) {
      await using visited = await visit(browser, gateway.url + path, { viewport: { width, height: 800 } });
      const { page, said } = visited;
      // The browser itself says on the console that a page's status is an error.
      expect(refused.includes(path) ? [] : said, path).toEqual([]);
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

test('a list shows a tool whose tags name no version by what was acknowledged last, and says that nothing was found', async () => {
  await using visited = await visit(browser, `${gateway.url}/?q=unversioned`);
  expect(await visited.page.locator('tbody').innerText()).toMatch(/acme\/unversioned\s+nightly/);
  await visited.page.goto(`${gateway.url}/?q=nosuchthing`);
  const text = await visited.page.locator('main').innerText();
  expect(text).toContain('No tool of this ledger has nosuchthing in its name.');
  expect(await visited.page.locator('table').count()).toBe(0);
});

test('a refusal is a page of whole sentences that says what to do', async () => {
  await using visited = await visit(browser, `${gateway.url}/nobody/nothing`);
  const text = await visited.page.locator('main').innerText();
  expect(text).toContain('The ledger has nothing of github.com/nobody/nothing.');
  await visited.page.goto(`${gateway.url}/acme/tool/releases/tag/v0.9.0`);
  expect(await visited.page.locator('main').innerText()).toMatch(
    /Withdrawn[^]*it mines coins\.[^]*Choose another release/,
  );
});

test.each(['/', '/?q=nosuchthing', '/acme/tool', '/acme/tool/releases/tag/v1.0.0', '/nobody/nothing'])(
  'a page of the gateway is small without its data: %s',
  async (path) => {
    const accept = { headers: { accept: 'text/html' } };
    const page = await (await fetch(gateway.url + path, accept)).text();
    const style = await (await fetch(`${gateway.url}/-/style.css`)).text();
    const bytes = Buffer.byteLength(page.replace(/<tbody[^]*?<\/tbody>/g, '')) + Buffer.byteLength(style);
    expect(bytes).toBeGreaterThan(5_000);
    expect(bytes).toBeLessThan(20_000);
  },
);
