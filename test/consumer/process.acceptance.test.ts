import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestLedger } from '../kit/ledger/ledger-maker.ts';
import * as program from '../kit/processes/program.ts';
import { temporaryFolder } from '../kit/readers.ts';
import { StoreServer } from '../kit/store-server.ts';

let ledger: TestLedger;
let store: StoreServer;
let home: string;

beforeAll(async () => {
  ledger = await TestLedger.create();
  store = await StoreServer.start(['body']);
  home = await temporaryFolder();
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets: { tool: 'body' } });
  await ledger.commit();
});

afterAll(() => store.close());

function start(argv: readonly string[], more: Record<string, string> = {}, nodeOptions: readonly string[] = []) {
  const env = { PATH: process.env['PATH'], HOME: home, ...more };
  const trust = ['--ledger', ledger.directory, '--pin', `sha256:${ledger.pin()}`];
  const { child, ended } = program.start([...argv, ...trust], { cwd: home, env, nodeOptions });
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => (stderr += String(data)));
  return { child, exit: ended, stderr: () => stderr };
}

describe('a process', () => {
  test('that verifies loads neither the AWS SDK nor Octokit, nor what downloads and serves', async () => {
    const list = join(home, 'loaded');
    const register = new URL('../fixtures/loaded/register.js', import.meta.url).href;
    const argv = ['verify', 'acme/tool@v1.0.0'];
    const { exit, stderr } = start(argv, { PULLTHROUGH_TEST_LOADED: list }, ['--import', register]);
    expect(await exit, stderr()).toBe(0);
    const loaded = await readFile(list, 'utf8');
    expect(loaded).toContain('consumer/resolve.js');
    expect(loaded).not.toMatch(/node_modules\/(?:@aws-sdk|@octokit|undici|fastify)\//);
  }, 120_000);

  test('that serves ends at SIGTERM with 0, when what it sends is sent', async () => {
    const { child, exit, stderr } = start([
      'serve',
      '--listen',
      '127.0.0.1:0',
      '--store',
      store.url,
      '--cache',
      join(home, 'files'),
    ]);
    await expect.poll(stderr, { timeout: 60_000 }).toMatch(/serving acknowledged files at http\S+/);
    const [url = ''] = /http\S+/.exec(stderr()) ?? [];
    store.fault = (_, response, body) => {
      setTimeout(() => response.end(body), 500);
      return true;
    };
    const late = fetch(`${url}/acme/tool/releases/download/v1.0.0/tool`).then((answer) => answer.text());
    await expect.poll(() => store.requests.length, { timeout: 10_000 }).toBeGreaterThan(0);
    child.kill('SIGTERM');
    expect(await late).toBe('body');
    expect(await exit, stderr()).toBe(0);
  }, 120_000);
});
