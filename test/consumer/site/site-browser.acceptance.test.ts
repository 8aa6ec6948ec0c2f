import { digestFile } from '../../../consumer/site/machine/digest-files.ts';
import { sha256Hex, utf8 } from '../../../ledger-schema/index.ts';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { axeFindings, serveFolder, startBrowser, visit } from '../../kit/browser.ts';
import type { StaticServer } from '../../kit/browser.ts';
import { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { TestSite } from '../../kit/worlds/site-world.ts';

const BODY = 'the very bytes of a tool\n'.repeat(5000);
const TOOL = 'tools/github.com/acme/tool';
const RELEASE = `${TOOL}/releases/v1.0.0`;
const LONG = `${'a-very-long-name-'.repeat(12)}linux-amd64`;

let ledger: TestLedger;
let site: TestSite;
let browser: Browser;
let server: StaticServer;
let pin: string;

beforeAll(async () => {
  ledger = await TestLedger.create();
  const { ada, grace } = ledger.people;
  const many = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`tool-${i}-linux-amd64.tar.gz`, `${i}`]));
  const evidence = [{ kind: 'list' as const, sha256: 'ab'.repeat(32), size: 10 }];
  await ledger.addRecord({
    repository: 'acme/tool',
    tag: 'v1.0.0',
    assets: { tool: BODY },
    acks: [ada, grace],
    evidence,
  });
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.1.0', assets: { tool: 'other bytes' } });
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v2.0.0', assets: { tool: 'two' }, acks: [] });
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v0.9.0', assets: { tool: 'nine' }, nacks: [grace] });
  await ledger.addRecord({ repository: 'acme/many', tag: 'v1', assets: many });
  await ledger.addRecord({
    repository: `acme/${'long-name-'.repeat(9)}`,
    tag: `v${'1'.repeat(180)}`,
    assets: { [LONG]: 'x' },
  });
  for (let i = 0; i < 110; i++) await ledger.addRecord({ repository: `acme/t${i}`, tag: 'v1', assets: { a: `${i}` } });
  await ledger.addPolicy();
  await ledger.commit({ message: 'Nack acme/tool v0.9.0\n\nit mines coins\n' });
  site = await TestSite.of(ledger);
  await site.make();
  pin = `sha256:${ledger.pin(1)}`;
  browser = await startBrowser();
  server = await serveFolder(site.folder);
});

afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

beforeEach(() => server.lies.clear());

const PAGES = [
  'index.html',
  'page-2.html',
  `${TOOL}/index.html`,
  `${RELEASE}.html`,
  `${TOOL}/releases/v0.9.0.html`,
  'tools/github.com/acme/many/releases/v1.html',
  `tools/github.com/acme/${'long-name-'.repeat(9)}/index.html`,
  `tools/github.com/acme/${'long-name-'.repeat(9)}/releases/v${'1'.repeat(180)}.html`,
];

test.each([1280, 375])(
  'at %d pixels, in light and in dark, axe finds nothing, nothing is cut off, and the console is silent',
  async (width) => {
    for (const path of PAGES) {
      await using visited = await visit(browser, `${server.url}/${path}`, { viewport: { width, height: 800 } });
      const { page, said } = visited;
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await axeFindings(page), `${path}, ${colorScheme}`).toEqual([]);
        const wide = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
        expect(wide, `${path}, ${colorScheme}`).toBeLessThanOrEqual(0);
      }
      expect(said, path).toEqual([]);
    }
  },
);

test('without JavaScript every page has its text, and no form that does nothing', async () => {
  for (const path of PAGES) {
    await using visited = await visit(browser, `${server.url}/${path}`, { javaScriptEnabled: false });
    const { page } = visited;
    expect(await page.getByRole('heading', { level: 1 }).count(), path).toBe(1);
    expect(await page.locator('#check').isVisible(), path).toBe(false);
  }
});

test('the keyboard reaches the content first, then each link', async () => {
  await using visited = await visit(browser, `${server.url}/${TOOL}/index.html`);
  const { page } = visited;
  await page.keyboard.press('Tab');
  const focused = () => page.evaluate('document.activeElement.textContent.trim()');
  expect(await focused()).toBe('Skip to content');
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('Tools');
});

test.each(PAGES)('a page is small without its data: %s', async (path) => {
  await using visited = await visit(browser, `${server.url}/${path}`);
  await visited.page.waitForLoadState('networkidle');
  let bytes = 0;
  for (const { url } of visited.asked) {
    const text = await (await fetch(url)).text();
    bytes += Buffer.byteLength(url.endsWith('.html') ? text.replace(/<tbody[^]*?<\/tbody>/g, '') : text);
  }
  expect(bytes).toBeGreaterThan(5_000);
  // What a page has besides its rows is a fifth of what it may have.
  expect(bytes).toBeLessThan(20_000);
});

async function check(body: string, typed = '', path = `${RELEASE}.html`) {
  const visited = await visit(browser, `${server.url}/${path}`);
  try {
    const { page } = visited;
    if (typed !== '') await page.getByLabel('Pin', { exact: true }).fill(typed);
    await page
      .locator('#file')
      .setInputFiles({ name: 'mine', mimeType: 'application/octet-stream', buffer: Buffer.from(body) });
    const answer = page.getByRole('status');
    await answer.locator('.banner:not(.wait)').waitFor();
    const good = (await answer.locator('.banner.good').count()) === 1;
    return { good, text: await answer.innerText(), said: visited.said, asked: visited.asked };
  } finally {
    await visited[Symbol.asyncDispose]();
  }
}

describe('a file that is checked in the browser', () => {
  test('is recognised by its bytes, from the pin that was typed; nothing is uploaded, nothing else is asked', async () => {
    const { good, text, said, asked } = await check(BODY, pin);
    expect(text).toContain('This is tool of acme/tool v1.0.0');
    expect(text).toContain('Acknowledged by ada, grace, verified here from the pin to policy 2');
    expect(text).toContain('From the pin that you typed');
    expect({ good, said }).toEqual({ good: true, said: [] });
    expect(asked.filter(({ method, url }) => method !== 'GET' || !url.startsWith(server.url))).toEqual([]);
  });

  test("by the site's own pin comes with a plain warning", async () => {
    const { good, text } = await check(BODY);
    expect(good).toBe(true);
    expect(text).toContain('The pin came from this site too. A site that lies would lie about that as well');
  });

  test('can be dropped on the page', async () => {
    await using visited = await visit(browser, `${server.url}/${RELEASE}.html`);
    const { page } = visited;
    await page.evaluate(`{
      const transfer = new DataTransfer();
      transfer.items.add(new File([${JSON.stringify(BODY)}], 'dropped'));
      document.getElementById('drop').dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }`);
    await page.getByRole('status').getByText('This is tool of acme/tool v1.0.0').waitFor();
  });

  test.each([
    ['other bytes', () => ['x', pin, `${RELEASE}.html`], 'is not a file of acme/tool v1.0.0'],
    ['a wrong pin', () => [BODY, `sha256:${'0'.repeat(64)}`, `${RELEASE}.html`], 'E_PIN'],
    ['no pin at all', () => [BODY, 'hello', `${RELEASE}.html`], 'The pin is not a SHA-256'],
    ['a withdrawn release', () => ['nine', pin, `${TOOL}/releases/v0.9.0.html`], 'E_WITHDRAWN'],
    ['a release that waits', () => ['two', pin, `${TOOL}/releases/v2.0.0.html`], 'E_NOT_ACKNOWLEDGED'],
  ] as const)('%s: is refused', async (_, args, why) => {
    const { good, text, said } = await check(...(args() as [string, string, string]));
    expect(text).toContain(why);
    expect({ good, said }).toEqual({ good: false, said: [] });
  });
});

describe('a file that is checked on the list of tools', () => {
  test.each(['index.html', 'page-2.html'])('is found by its bytes, and its release is verified: %s', async (path) => {
    const { good, text, said, asked } = await check(BODY, pin, path);
    expect({ good, said }).toEqual({ good: true, said: [] });
    expect(text).toContain('This is tool of acme/tool v1.0.0');
    expect(text).toContain('Acknowledged by ada, grace, verified here from the pin to policy 2');
    expect(asked.filter(({ method, url }) => method !== 'GET' || !url.startsWith(server.url))).toEqual([]);
  });

  test('leads to the page of its release', async () => {
    await using visited = await visit(browser, `${server.url}/index.html`);
    const { page } = visited;
    await page.getByRole('link', { name: 'Check a file of yours' }).click();
    await page.locator('#file').setInputFiles({ name: 'x', mimeType: 'a/b', buffer: Buffer.from(BODY) });
    await page.getByRole('link', { name: 'The release’s page' }).click();
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('acme/tool v1.0.0');
  });

  test('that several releases list is named with them', async () => {
    expect((await check('1', pin, 'index.html')).text).toMatch(/The same bytes are in acme\/\S+ v1\./);
  });

  test.each([
    ['bytes that no release lists', 'nobody has these', 'is in no release that this site knows'],
    ['a withdrawn release', 'nine', 'E_WITHDRAWN'],
    ['a release that waits', 'two', 'E_NOT_ACKNOWLEDGED'],
  ])('%s: is refused', async (_, body, why) => {
    const { good, text, said } = await check(body, pin, 'index.html');
    expect(text).toContain(why);
    // The browser itself says on the console that a document is not there.
    expect({ good, said: said.filter((line) => !line.includes('404')) }).toEqual({ good: false, said: [] });
  });

  const digest = sha256Hex(utf8('evil'));
  const list = digestFile(digest);
  test.each([
    ['that another release lists it', { [digest]: [RELEASE] }],
    ['that a page elsewhere lists it', { [digest]: ['tools/../../../evil/a/b', '//evil.example/a/b/c/d', 7] }],
    ['something else', []],
  ])('a server that lies of it is refused: %s', async (_, files) => {
    server.lies.set(list, JSON.stringify({ format: 1, files }));
    const { good, asked } = await check('evil', pin, 'index.html');
    expect(good).toBe(false);
    expect(asked.filter(({ url }) => url.includes('evil'))).toEqual([]);
  });
});

describe('a server that lies is refused', () => {
  interface Document {
    path: string;
    files: Record<string, string>;
  }
  const lie = async (path: string, change: (document: Document) => unknown): Promise<void> => {
    const document = (await site.json(path)) as Document;
    const changed = change(document);
    const instead = changed === '[]' || changed === '<html>' ? changed : JSON.stringify(document);
    expect(instead).not.toBe(JSON.stringify(await site.json(path)));
    server.lies.set(path, instead);
  };
  const record = `${RELEASE}.json`;
  const ack = (): string => `checklist.sha256.${ledger.people.ada.fingerprint}.ack`;
  const other = async (): Promise<Document> => (await site.json(`${TOOL}/releases/v1.1.0.json`)) as Document;

  test.each([
    [
      "about the record's digests",
      (d: Document) => (d.files['checklist.sha256'] = d.files['checklist.sha256']!.replace(/^./, 'f')),
    ],
    [
      "about the record's description",
      (d: Document) => (d.files['checklist.json'] = d.files['checklist.json']!.replace('v1.0.0', 'v1.0.1')),
    ],
    ["about the executor's sign", (d: Document) => delete d.files['checklist.sha256.sign']],
    [
      'about its acks',
      (d: Document) =>
        Object.keys(d.files)
          .filter((name) => name.endsWith('.ack'))
          .forEach((name) => delete d.files[name]),
    ],
    ["about the record's path", (d: Document) => (d.path = 'packages/github.com/acme/tool/v1.1.0')],
    ['by something that is no document', () => '[]'],
    ['by something that is not JSON', () => '<html>'],
  ])('%s', async (_, change) => {
    await lie(record, change);
    expect(await check(BODY, pin)).toMatchObject({ good: false, said: [] });
  });

  test('by the record of another release, in its place or by its signatures', async () => {
    server.lies.set(record, JSON.stringify(await other()));
    expect(await check('other bytes', pin)).toMatchObject({ good: false });
    const { files } = await other();
    await lie(record, (document) => void (document.files[ack()] = files[ack()]!));
    expect((await check(BODY, pin)).text).not.toContain('ada');
  });

  test.each([
    [
      'the newest policy',
      (d: Document) =>
        (d.files['2.policy.json'] = d.files['2.policy.json']!.replace('"expires": "2030', '"expires": "2040')),
    ],
    ['the pinned policy', (d: Document) => delete d.files['1.policy.json']],
    [
      'the signature of a policy',
      (d: Document) =>
        Object.keys(d.files)
          .filter((name) => /^2.*\.sign$/.test(name))
          .forEach((name) => delete d.files[name]),
    ],
    [
      "people's keys",
      (d: Document) =>
        Object.keys(d.files)
          .filter((name) => name.startsWith('keys/'))
          .forEach((name) => (d.files[name] = d.files[name]!.replace('BEGIN', 'BEGUN'))),
    ],
    ['everything', (d: Document) => (d.files = {})],
  ])('about %s', async (_, change) => {
    await lie('trust.json', (document) => void change(document));
    expect(await check(BODY, pin)).toMatchObject({ good: false, said: [] });
  });

  test('by a ledger of its own, where the pin was typed', async () => {
    const forged = await TestLedger.create();
    await forged.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets: { tool: 'evil' } });
    await forged.commit();
    const theirs = await TestSite.of(forged);
    await theirs.make();
    for (const [path, text] of await theirs.files()) server.lies.set(path, text);
    const evil = await check('evil');
    expect(evil.good).toBe(true);
    expect(evil.text).toContain('A site that lies would lie about that as well');
    expect((await check('evil', pin)).text).toContain('E_PIN');
  });
});
