import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Debian's Chromium, without a sandbox where root runs it. */
export function startBrowser(): Promise<Browser> {
  const found = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'chromium'));
  const executablePath = found.find((path) => existsSync(path));
  if (executablePath === undefined) throw new Error('chromium is not installed');
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}

/** A page, what it said on the console, and what it asked for. */
export interface Visit extends AsyncDisposable {
  readonly page: Page;
  readonly said: string[];
  readonly asked: { readonly method: string; readonly url: string }[];
}

export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const said: string[] = [];
  const asked: { method: string; url: string }[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  page.on('request', (request) => asked.push({ method: request.method(), url: request.url() }));
  await page.goto(url);
  return { page, said, asked, [Symbol.asyncDispose]: () => context.close() };
}

/** What axe finds wrong on a page; it is put there past the page's own policy. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(AXE, 'utf8'));
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
  });
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css',
  js: 'text/javascript',
  svg: 'image/svg+xml',
  json: 'application/json',
};

/** A static server that may lie: `lies` has what stands instead of a file. */
export interface StaticServer extends AsyncDisposable {
  readonly url: string;
  readonly lies: Map<string, string | Buffer>;
}

export async function serveFolder(folder: string): Promise<StaticServer> {
  const lies = new Map<string, string | Buffer>();
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname).slice(1) || 'index.html';
    const type = TYPES[path.split('.').pop() ?? ''] ?? 'application/octet-stream';
    const lie = lies.get(path);
    (lie === undefined ? readFile(join(folder, path)) : Promise.resolve(lie)).then(
      (body) => response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lies,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
