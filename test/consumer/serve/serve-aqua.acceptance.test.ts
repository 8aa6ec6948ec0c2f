import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lockedDigests } from '../../../consumer/audit.ts';
import { lockAs } from '../../../consumer/lock/formats.ts';
import { sha256Hex, utf8 } from '../../../ledger-schema/index.ts';
import { bash } from '../../adoption/bash.ts';
import { blocksOf } from '../../docs/blocks.ts';
import { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { StoreServer } from '../../kit/store-server.ts';
import { startInternet } from '../../servers/internet.ts';
import type { Internet } from '../../servers/internet.ts';
import { keptProgram } from '../../servers/kept-programs.ts';
import { startGateway } from './gateway-fixture.ts';
import type { TestGateway } from './gateway-fixture.ts';

const JQ = '#!/bin/sh\necho jq-1.7.1\n';
const folder = mkdtempSync(join(tmpdir(), 'pt-aqua-'));
const aqua = keptProgram('aqua');
let gateway: TestGateway;
let store: StoreServer;
let internet: Internet;

beforeAll(async () => {
  const ledger = await TestLedger.create();
  store = await StoreServer.start([JQ, 'for macOS', 'two']);
  const assets = { 'jq-linux-amd64': JQ, 'jq-macos-arm64': 'for macOS' };
  await ledger.addRecord({ repository: 'jqlang/jq', tag: 'jq-1.7.1', assets });
  await ledger.addRecord({ repository: 'jqlang/jq', tag: 'jq-1.8.0', assets: { 'jq-linux-amd64': 'two' }, acks: [] });
  await ledger.commit();
  gateway = await startGateway(ledger, [store]);
  internet = await startInternet(folder, { 'api.github.com': gateway.url, 'github.com': gateway.url });
});
afterAll(async () => {
  await internet.close();
  await gateway.stop();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A folder with the files of docs/recipes.md, in their order there, which ask the gateway of this test. */
function project(version = 'jq-1.7.1'): string {
  const cwd = mkdtempSync(join(folder, 'work-'));
  const texts = blocksOf('docs/recipes.md').filter(
    ({ heading, language }) => heading === 'aqua' && language === 'yaml',
  );
  for (const [i, name] of ['registry.yaml', 'aqua.yaml', 'aqua-policy.yaml'].entries()) {
    const text = (texts[i]?.text ?? '')
      .replace('http://127.0.0.1:8080', gateway.url)
      .replaceAll('@jq-1.7.1', `@${version}`);
    // Of one platform there may be files, and of the others none.
    const only =
      name === 'aqua.yaml' ? text.replace('checksum:\n', 'checksum:\n  supported_envs: [linux/amd64]\n') : text;
    writeFileSync(join(cwd, name), only);
  }
  mkdirSync(join(cwd, 'root'));
  execFileSync('git', ['init', '--quiet', cwd]);
  return cwd;
}

async function run(script: string, cwd: string, more: NodeJS.ProcessEnv = {}) {
  const PATH = [dirname(aqua ?? ''), join(cwd, 'root/bin'), process.env['PATH']].join(delimiter);
  const env = { PATH, HOME: cwd, AQUA_ROOT_DIR: join(cwd, 'root'), XDG_DATA_HOME: cwd, ...more };
  return bash(`set -e\n${script}`, { cwd, env });
}

const typed =
  blocksOf('docs/recipes.md').find(({ heading, language }) => heading === 'aqua' && language === 'bash')?.text ?? '';

describe.skipIf(aqua === undefined)('aqua', () => {
  test('installs what is acknowledged by the lines of docs/recipes.md, and writes its digest down', async () => {
    const cwd = project();
    const { code, stdout, stderr } = await run(typed, cwd);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('jq-1.7.1');
    const sums = readFileSync(join(cwd, 'aqua-checksums.json'), 'utf8');
    const audited = lockedDigests(sums, 'aqua-checksums.json').map(({ digest }) => digest.toLowerCase());
    expect(audited).toContain(sha256Hex(utf8(JQ)));
  });

  test.each([
    ['takes it by what lock --format aqua writes', sha256Hex(utf8(JQ))],
    ['refuses other bytes', 'a'.repeat(64)],
  ])('whose registry names GitHub itself %s', async (_, sha256) => {
    const cwd = project();
    const registry = readFileSync(join(cwd, 'registry.yaml'), 'utf8')
      .replace('type: http', 'type: github_release')
      .replace('name: jqlang/jq\n', 'repo_owner: jqlang\n    repo_name: jq\n')
      .replace(/url: .*$/m, 'asset: jq-{{.OS}}-{{.Arch}}');
    writeFileSync(join(cwd, 'registry.yaml'), registry);
    const files = [{ name: 'jq-linux-amd64', size: JQ.length, sha256 }];
    writeFileSync(join(cwd, 'aqua-checksums.json'), lockAs('aqua', [{ ...LOCKED, files }]));
    const { code, stdout, stderr } = await run(
      'aqua policy allow aqua-policy.yaml && aqua exec -- jq --version',
      cwd,
      internet.env,
    );
    if (sha256.startsWith('aaaa')) {
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/checksum/i);
      expect(stdout).not.toContain('jq-1.7.1');
    } else {
      expect(code, stderr).toBe(0);
      expect(stdout).toBe('jq-1.7.1\n');
    }
  });

  test('gets nothing that nobody acknowledged', async () => {
    const { code, stdout, stderr } = await run(
      'aqua policy allow aqua-policy.yaml && aqua exec -- jq --version',
      project('jq-1.8.0'),
    );
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/404/);
    expect(stdout).toBe('');
  });
});

const LOCKED = {
  tool: 'github.com/jqlang/jq',
  range: 'latest',
  tag: 'jq-1.7.1',
  repositoryId: 1,
  ledger: '0'.repeat(40),
  policy: { version: 1, sha256: '0'.repeat(64), expires: '2030-01-01T00:00:00Z' },
};
