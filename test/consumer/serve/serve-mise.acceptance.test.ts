import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256Hex, utf8 } from '../../../ledger-schema/index.ts';
import { startGateway } from './gateway-fixture.ts';
import type { TestGateway } from './gateway-fixture.ts';
import { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { StoreServer } from '../../kit/store-server.ts';
import { keptProgram } from '../../servers/kept-programs.ts';

const run = promisify(execFile);
const BODY = '#!/bin/sh\necho tool 1.0.0\n';

const folder = await mkdtemp(join(tmpdir(), 'pullthrough-mise-'));
const program = keptProgram('mise');

describe.skipIf(program === undefined)('mise by url_replacements (npm has it for x64 Linux)', () => {
  let gateway: TestGateway;
  let store: StoreServer;
  const work = join(folder, 'work');
  const paths: string[] = [];

  beforeAll(async () => {
    const ledger = await TestLedger.create();
    store = await StoreServer.start([BODY, 'two']);
    const assets = { 'tool-linux-amd64': BODY, 'tool-darwin-arm64': BODY };
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets });
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v2.0.0', assets: { 'tool-linux-amd64': 'two' }, acks: [] });
    await ledger.commit();
    const write = (line: string) => paths.push((JSON.parse(line) as { path: string }).path);
    gateway = await startGateway(ledger, [store], { log: { format: 'json', write } });
    await mkdir(join(folder, 'config'), { recursive: true });
    await mkdir(work, { recursive: true });
    const settings = ['[settings]', 'use_versions_host = false', 'lockfile = true', '[settings.url_replacements]'];
    const replaced = ['api.github.com', 'github.com'].map((host) => `"https://${host}" = "${gateway.url}"`);
    await writeFile(join(folder, 'config/config.toml'), [...settings, ...replaced, ''].join('\n'));
    await writeFile(join(work, 'mise.toml'), '[tools]\n"github:acme/tool" = "1.0.0"\n');
    await writeFile(join(work, 'mise.lock'), '');
    await mise('trust', '-q');
  });
  afterAll(async () => {
    await gateway.stop();
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  const mise = (...args: string[]) => {
    const at = (name: string) => join(folder, name);
    const env = { PATH: process.env['PATH'], HOME: at('home'), MISE_DATA_DIR: at('data'), MISE_CACHE_DIR: at('cache') };
    return run(program ?? '', args, { cwd: work, env: { ...env, MISE_CONFIG_DIR: at('config') } });
  };

  test('lists what is acknowledged', async () => {
    expect((await mise('ls-remote', 'github:acme/tool')).stdout.trim()).toBe('1.0.0');
  });

  test("installs it, and locks it by GitHub's own addresses, for machines with and without the gateway", async () => {
    await mise('install');
    expect((await mise('exec', '--', 'tool')).stdout).toBe('tool 1.0.0\n');
    await mise('lock');
    const lock = await readFile(join(work, 'mise.lock'), 'utf8');
    expect(lock).toContain(`checksum = "sha256:${sha256Hex(utf8(BODY))}"`);
    expect(lock).toContain('url = "https://github.com/acme/tool/releases/download/v1.0.0/tool-linux-amd64"');
    expect(lock).not.toContain('127.0.0.1');
    await rm(join(folder, 'data'), { recursive: true });
    await rm(join(folder, 'cache'), { recursive: true });
    await mise('install', '--locked');
    expect((await mise('exec', '--', 'tool')).stdout).toBe('tool 1.0.0\n');
  });

  test('by its http backend too, and nothing that nobody acknowledged', async () => {
    const url = 'https://github.com/acme/tool/releases/download/v1.0.0/tool-linux-amd64';
    await mise('install', `http:tool[url=${url}]@1.0.0`);
    await expect(mise('install', 'github:acme/tool@2.0.0')).rejects.toThrow('404');
    expect(paths.every((path) => path.includes('acme/tool'))).toBe(true);
  });
});
