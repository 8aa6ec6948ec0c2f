import { execFileSync, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { verify } from '../../consumer/index.ts';
import { ackPath, sha256Hex, utf8 } from '../../ledger-schema/index.ts';
import { createGitHandler } from '../servers/git.ts';
import { Machine } from '../kit/consumer-machine.ts';
import { TestLedger } from '../kit/ledger/ledger-maker.ts';
import { NOW, temporaryFolder } from '../kit/readers.ts';

/** More than anybody would read one by one. */
const MANY = 20_001;
const ASSETS = { 'tool-linux-amd64': 'linux' };

describe('a ledger full of files of nobody', () => {
  let ledger: TestLedger;

  beforeAll(async () => {
    ledger = await TestLedger.create();
    const record = await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets: ASSETS });
    await ledger.addPolicy({ expires: '2031-01-01T00:00:00Z' });
    await ledger.commit();
    const stray = git(['hash-object', '-w', '--stdin'], 'no key, no seal, no signature');
    const names = (of: (fingerprint: string) => string): string[] =>
      Array.from({ length: MANY }, (_, i) => of(i.toString(16).toUpperCase().padStart(40, '0')));
    const digest16 = sha256Hex(utf8('no key, no seal, no signature')).slice(0, 16);
    fill(
      'trust/keys',
      names((by) => `${by}.${digest16}.asc`),
      stray,
    );
    fill(
      'trust/seals',
      names((by) => `${by}.${digest16}.sha256`),
      stray,
    );
    fill(
      'trust',
      names((by) => `1.policy.json.${by}.sign`),
      stray,
    );
    fill(
      record,
      names((by) => ackPath(record, by).slice(record.length + 1)),
      stray,
    );
  });

  function git(args: readonly string[], input = ''): string {
    return execFileSync('git', ['-C', ledger.directory, ...args], {
      input,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    }).trim();
  }

  /** Puts files of one content into a folder of main, by git's trees alone. */
  function fill(folder: string, names: readonly string[], blob: string): void {
    const parts = folder.split('/');
    const lines = (path: string): string[] => {
      const listed = spawnSync('git', ['-C', ledger.directory, 'ls-tree', `main:${path}`], {
        encoding: 'utf8',
        maxBuffer: 1 << 26,
      });
      return listed.stdout.split('\n').filter((line) => line !== '');
    };
    let tree = git(['mktree'], [...lines(folder), ...names.map((name) => `100644 blob ${blob}\t${name}`)].join('\n'));
    for (let name = parts.pop(); name !== undefined; name = parts.pop()) {
      const others = lines(parts.join('/')).filter((line) => !line.endsWith(`\t${name}`));
      tree = git(['mktree'], [...others, `040000 tree ${tree}\t${name}`].join('\n'));
    }
    const identity = ['-c', 'user.name=T', '-c', 'user.email=t@x'];
    git(['update-ref', 'refs/heads/main', git([...identity, 'commit-tree', tree, '-p', 'main', '-m', 'x'])]);
  }

  async function addressOver(transport: 'a directory' | 'http'): Promise<string> {
    if (transport === 'a directory') return ledger.directory;
    const server = createServer(createGitHandler({ root: dirname(ledger.directory) }));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/ledger.git`;
  }

  test.each(['a directory', 'http'] as const)('is verified as if they were not there, by %s', async (transport) => {
    const home = await temporaryFolder();
    const options = { ledger: await addressOver(transport), cacheDir: `${home}/cache`, stateDir: `${home}/state` };
    for (const pin of [ledger.pin(1), ledger.pin(2)]) {
      const found = await verify('acme/tool@v1.0.0', { ...options, pin, now: NOW });
      expect(found).toMatchObject({ tag: 'v1.0.0' });
    }
  });

  test('is told of in a few lines', async () => {
    const machine = await Machine.create();
    const ran = await machine.run([
      'verify',
      'acme/tool@v1.0.0',
      '--ledger',
      ledger.directory,
      '--pin',
      `sha256:${ledger.pin()}`,
    ]);
    expect(ran).toMatchObject({ exit: 0 });
    expect(ran.stderr.split('\n').length).toBeLessThan(40);
    expect(ran.stderr).toContain(`${MANY - 20} more files of it do not count`);
  });
});
