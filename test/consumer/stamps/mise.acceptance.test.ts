import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newStampSigner } from '../../kit/stamps.ts';
import { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { TestSite } from '../../kit/site-world.ts';
import { StoreServer } from '../../kit/store-server.ts';
import { startInternet } from '../../servers/internet.ts';
import type { Internet } from '../../servers/internet.ts';
import { keptProgram } from '../../servers/kept-programs.ts';
import { startGateway } from '../serve/gateway-fixture.ts';
import type { TestGateway } from '../serve/gateway-fixture.ts';

const run = promisify(execFile);
const BODY = '#!/bin/sh\necho tool 1.0.0\n';
const program = keptProgram('mise');

describe.skipIf(program === undefined)('mise with a stamping host', () => {
  let folder: string;
  let site: TestSite;
  let store: StoreServer;
  let gateway: TestGateway;
  let host: Server;
  let internet: Internet;
  const asked: string[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pt-mise-stamps-'));
    const ledger = await TestLedger.create();
    store = await StoreServer.start([BODY, 'two']);
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets: { 'tool-linux-amd64': BODY } });
    const { grace } = ledger.people;
    await ledger.addRecord({
      repository: 'acme/tool',
      tag: 'v2.0.0',
      assets: { 'tool-linux-amd64': 'two' },
      nacks: [grace],
    });
    await ledger.commit({ message: 'Nack acme/tool v2.0.0\n\nit lies\n' });
    gateway = await startGateway(ledger, [store]);
    site = await TestSite.of(ledger);
    const { signer, publicKey } = await newStampSigner();
    await site.make({ baseUrl: 'https://releases.acme.example', stamps: signer });
    host = createServer((request, response) => {
      asked.push(request.url ?? '');
      readFile(join(site.folder, decodeURIComponent(request.url ?? ''))).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
    const pin = Buffer.from(publicKey).toString().split('\n')[1] ?? '';
    await mkdir(join(folder, 'config'), { recursive: true });
    await mkdir(join(folder, 'work'), { recursive: true });
    await mkdir(join(folder, 'internet'), { recursive: true });
    await writeFile(
      join(folder, 'config/config.toml'),
      `[settings]\nuse_versions_host = false\npackslip.stampers = ["releases.acme.example=${pin}"]\n`,
    );
    internet = await startInternet(join(folder, 'internet'), {
      'releases.acme.example': url,
      'api.github.com': gateway.url,
      'github.com': gateway.url,
      'raw.githubusercontent.com': (_, response) => void response.writeHead(404).end(),
      'mise-versions.jdx.dev': (_, response) => void response.writeHead(404).end(),
    });
  });
  afterAll(async () => {
    await internet.close();
    host.close();
    await gateway.stop();
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  const mise = async (...args: string[]) => {
    const at = (name: string) => join(folder, name);
    const env = {
      ...internet.env,
      PATH: process.env['PATH'],
      HOME: at('home'),
      MISE_DATA_DIR: at('data'),
      MISE_CACHE_DIR: at('cache'),
    };
    const options = { cwd: at('work'), env: { ...env, MISE_CONFIG_DIR: at('config') } };
    return run(program ?? '', args, options).then(
      ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
      (error: { stdout: string; stderr: string }) => ({ code: 1, said: error.stdout + error.stderr }),
    );
  };

  test('finds the list at its host, and installs nothing by one that is in no log, which is why workflows sign them', async () => {
    const { code, said } = await mise('install', 'packslip:github.com/acme/tool@1.0.0');
    expect(code).toBe(1);
    expect(said).toContain('the stamp list from releases.acme.example: bundle has no transparency log entry');
    expect(asked).toContain('/.well-known/packslip/github.com/acme/tool.json');
    expect(internet.strangers).toEqual([]);
  });
});
