import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { executorFiles } from '../../executor/init.ts';
import { ledgerExtras } from '../../owner/templates.ts';
import { programSource } from '../../io/program-source.ts';
import { TestLedger } from '../kit/ledger/ledger-maker.ts';
import { StoreServer } from '../kit/store-server.ts';
import { startGitHub } from '../servers/github/github.ts';
import { bundle, temporaryFolder } from './runner.ts';

const LARGE = new Uint8Array(9 * 1024 * 1024).fill(7);

let ledger: TestLedger;
let store: StoreServer;
let main: string;

beforeAll(async () => {
  main = join(await bundle(), 'cli/main.js');
  ledger = await TestLedger.create();
  store = await StoreServer.start([LARGE, 'small']);
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1', assets: { large: LARGE, small: 'small' } });
  await ledger.commit();
});
afterAll(async () => {
  await store.close();
});

const folder = temporaryFolder();
const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  HOME: folder,
  ...more,
});

/** Runs the bundled program; what it says on stderr, warnings of node among it, is a part of what is judged. */
async function run(args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  const { cwd = folder, env } = options;
  return promisify(execFile)(process.execPath, [main, ...args], { cwd, env: environment(env), maxBuffer: 1 << 26 });
}

const trust = () => ['--ledger', ledger.directory, '--pin', `sha256:${ledger.pin()}`];

test('the bundle has the licences of what is in it, and no package beside it', async () => {
  const notices = readFileSync(join(await bundle(), 'NOTICES.txt'), 'utf8');
  for (const name of ['openpgp', '@aws-sdk/client-s3', '@octokit/rest', 'fastify', 'zod']) {
    expect(notices).toMatch(new RegExp(`^${name} \\d.*: \\S`, 'm'));
  }
  expect(existsSync(join(await bundle(), '../node_modules'))).toBe(false);
});

test('nothing in it is loaded from elsewhere than node', async () => {
  const files = readdirSync(await bundle(), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.js'),
  );
  for (const file of files) {
    const text = readFileSync(join(await bundle(), file), 'utf8');
    const imported = Array.from(text.matchAll(/^(?:import|export) .*? from "([^"]+)";$|^import "([^"]+)";$/gm));
    for (const [, from, bare] of imported) expect(from ?? bare, file).toMatch(/^(?:node:|\.\.?\/|module$)/);
  }
});

/** A bot's key, Ada's, and a ledger of theirs in a folder. */
async function initLedger(cwd: string, ...args: readonly string[]): Promise<void> {
  await run(['key', 'new', '--user-id', 'Ada <ada@acme.example>', '--output', 'ada.key'], { cwd });
  await run(['key', 'new', '--user-id', 'Bot <bot@acme.example>', '--output', 'bot.key'], { cwd });
  const ada = ['--root', 'ada=ada.key.pub.asc', '--reviewer', 'ada=ada.key.pub.asc', '--key', 'ada.key'];
  await run(['ledger', 'init', 'ledger', ...args, ...ada, '--executor', 'bot=bot.key.pub.asc'], { cwd });
}

test('its templates are those of the sources', async () => {
  const cwd = temporaryFolder();
  const mirror = { ledger: 'acme/ledger', store: 'file:./store' };
  await run(['init', 'mirror', '--ledger', mirror.ledger, '--store', mirror.store], { cwd });
  for (const [path, text] of executorFiles({ directory: '', ...mirror, program: programSource() })) {
    expect(readFileSync(join(cwd, 'mirror', path), 'utf8'), path).toBe(text);
  }
  await initLedger(cwd);
  for (const [path, text] of ledgerExtras({ program: programSource() })) {
    expect(readFileSync(join(cwd, 'ledger', path), 'utf8'), path).toBe(text);
  }
});

test('mirrors from GitHub into a ledger and a store', async () => {
  const github = await startGitHub();
  try {
    await github.addRepository('acme/new').addRelease({
      tag: 'v1',
      createdAt: new Date('2026-01-01T00:00:00Z'),
      publishedAt: new Date('2026-01-01T00:00:00Z'),
      assets: [{ name: 'new', content: 'new bytes', updatedAt: new Date('2026-01-01T00:00:00Z') }],
    });
    const cwd = temporaryFolder();
    await initLedger(cwd, '--bare');
    const ini = [
      '[ledger]',
      'repository = ./ledger',
      'author = Bot <bot@acme.example>',
      '[store]',
      'url = file:./store',
      '[source]',
      `api = ${github.api}`,
      'host = github.com',
    ];
    writeFileSync(join(cwd, 'mirror.ini'), ini.join('\n'));
    await run(['add', 'acme/new'], { cwd });
    const mirrored = await run(['mirror', '--json'], { cwd, env: { PULLTHROUGH_SIGNING_KEY_FILE: 'bot.key' } });
    expect(JSON.parse(mirrored.stdout)).toMatchObject({ releases: [{ action: 'proposed', files: [{ name: 'new' }] }] });
  } finally {
    await github.close();
  }
});

test('reads a store in S3, and hashes a large file on a thread of its own', async () => {
  const endpoint = new URL(store.url).origin;
  const env = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };
  const output = temporaryFolder();
  const s3 = ['--store', `s3://store?endpoint=${endpoint}&region=here`];
  // The SDK says in the query which operation it is.
  store.fault = ({ url = '' }, response) => {
    const found = url.includes('?x-id=GetObject') ? store.objects.get(url.replace(/\?.*/, '')) : undefined;
    if (found !== undefined) response.writeHead(200, { 'content-length': found.length }).end(found);
    return found !== undefined;
  };
  const small = await run(['get', 'acme/tool@v1', 'small', '--output', output, ...s3, ...trust()], { env });
  store.fault = undefined;
  expect(small.stderr).not.toContain('arning');
  await run(['get', 'acme/tool@v1', 'large', '--output', output, '--store', store.url, ...trust()]);
  expect(readFileSync(join(output, 'small'), 'utf8')).toBe('small');
  expect(readFileSync(join(output, 'large')).equals(LARGE)).toBe(true);
});

test('serves', async () => {
  const args = ['serve', '--listen', '127.0.0.1:0', '--store', store.url, ...trust()];
  const child = spawn(process.execPath, [main, ...args], { env: environment(), stdio: ['ignore', 'ignore', 'pipe'] });
  let url: string | undefined;
  for await (const line of createInterface(child.stderr)) {
    url = /serving acknowledged files at (\S+)/.exec(line)?.[1];
    if (url !== undefined) break;
  }
  expect(await (await fetch(`${url ?? ''}/acme/tool/releases/download/v1/small`)).text()).toBe('small');
  child.kill('SIGTERM');
  expect(await once(child, 'close')).toEqual([0, null]);
});

test('checks a ledger of many records', async () => {
  const many = await TestLedger.create();
  for (let i = 0; i < 800; i++) {
    await many.addRecord({ repository: 'acme/tool', tag: `v${i}`, assets: { tool: String(i) } });
  }
  await many.commit();
  const { stdout } = await run(['ledger', 'check', '--json'], { cwd: many.directory });
  const { problems, records } = JSON.parse(stdout) as { problems: unknown[]; records: { state: string }[] };
  expect(problems).toEqual([]);
  expect(records).toHaveLength(800);
  expect(new Set(records.map(({ state }) => state))).toEqual(new Set(['acknowledged']));
});
