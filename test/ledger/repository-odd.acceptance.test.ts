import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { startGitServer } from '../servers/git-server.ts';
import {
  GIT_ENV,
  bareRepository,
  collect,
  commits,
  git,
  open,
  record,
  servedLedger,
  temporary,
} from '../kit/ledger/git-fixture.ts';

const RECORD = Object.keys(record(7));
const DIRECTORY = dirname(RECORD[0] ?? '');

let repository: string;
let url: string;

beforeAll(async () => {
  ({ repository, url } = await servedLedger(120));
});

describe('a damaged clone is thrown away and made again', () => {
  const packs = (directory: string): string[] =>
    readdirSync(join(directory, 'objects/pack'))
      .filter((name) => name.endsWith('.pack'))
      .map((name) => join(directory, 'objects/pack', name));

  it.each<[string, (directory: string) => void]>([
    ['its configuration is garbage', (directory) => writeFileSync(join(directory, 'config'), 'garbage [')],
    ['its HEAD is gone', (directory) => rmSync(join(directory, 'HEAD'))],
    ['its mark is gone', (directory) => rmSync(join(directory, 'pullthrough-clone'))],
    ['its packs are gone', (directory) => rmSync(join(directory, 'objects/pack'), { recursive: true })],
    [
      'its packs are cut off',
      (directory) => packs(directory).forEach((pack) => (chmodSync(pack, 0o644), truncateSync(pack, 40))),
    ],
    ['its shallow file is garbage', (directory) => writeFileSync(join(directory, 'shallow'), 'garbage\n')],
    ['a killed git left its lock', (directory) => writeFileSync(join(directory, 'shallow.lock'), '')],
    ['the branch it remembers is garbage', (directory) => writeFileSync(join(directory, 'refs/pullthrough/head'), 'x')],
    ['a file lies in its place', (directory) => (rmSync(directory, { recursive: true }), writeFileSync(directory, ''))],
  ])('when %s', async (_, damage) => {
    const cacheDir = temporary();
    const first = await open({ url, cacheDir });
    await first.update();
    await first.snapshot(first.head() ?? '').list(DIRECTORY);
    await first.close();
    damage(first.directory);
    const second = await open({ url, cacheDir });
    await second.update();
    expect(second.head()).toBe(first.head());
    expect(await second.snapshot(second.head() ?? '').list(DIRECTORY)).toHaveLength(5);
  });

  it('at the next run where git could not read what is in it', async () => {
    const cacheDir = temporary();
    const first = await open({ url, cacheDir });
    await first.update();
    // Commits stay as they are: the update finds nothing wrong.
    const commits = packs(first.directory);
    await first.snapshot(first.head() ?? '').list(DIRECTORY);
    await first.close();
    for (const pack of packs(first.directory).filter((name) => !commits.includes(name))) {
      const bytes = readFileSync(pack);
      chmodSync(pack, 0o644);
      // The header stays, and the trailer that names the pack.
      writeFileSync(pack, bytes.fill(0xff, 14, bytes.length - 20));
    }
    const run = async (): Promise<number> => {
      const ledger = await open({ url, cacheDir });
      await ledger.update();
      return (await ledger.snapshot(ledger.head() ?? '').list(DIRECTORY)).length;
    };
    await expect(run).toFailWith('E_GIT');
    expect(await run()).toBe(5);
  });

  it('and what a killed process left is removed', async () => {
    const cacheDir = temporary();
    const first = await open({ url, cacheDir });
    mkdirSync(`${first.directory}.0123.tmp/objects`, { recursive: true });
    mkdirSync(first.directory);
    writeFileSync(join(first.directory, 'HEAD'), 'ref: refs/heads/main\n');
    await first.update();
    expect(await first.snapshot(first.head() ?? '').list(DIRECTORY)).toHaveLength(5);
    expect(readdirSync(join(cacheDir, 'ledgers'))).toHaveLength(1);
  });
});

describe('hosts that can do less', () => {
  it('a host without filters sends everything at once', async () => {
    await using host = await startGitServer({
      root: dirname(repository),
      config: { 'uploadpack.allowFilter': 'false' },
    });
    const ledger = await open({ url: `${host.origin}/ledger.git` });
    await ledger.update();
    host.reset();
    const snapshot = ledger.snapshot(ledger.head() ?? '');
    const entries = await collect(snapshot.walk(''));
    expect(entries).toHaveLength(602);
    await snapshot.prefetch(entries.map(({ oid }) => oid));
    expect(host.requests).toHaveLength(0);
  });

  it('a host that gives nothing by its id sends everything when the first thing is missing', async () => {
    await using host = await startGitServer({
      root: dirname(repository),
      protocol: 0,
      config: { 'uploadpack.allowAnySHA1InWant': 'false' },
    });
    const ledger = await open({ url: `${host.origin}/ledger.git` });
    await ledger.update();
    expect(await collect(ledger.snapshot(ledger.head() ?? '').walk(''))).toHaveLength(602);
    const old = git(repository, ['rev-parse', 'main~100']);
    expect(await ledger.isAncestor(old, ledger.head() ?? '')).toBe(true);
  });

  it('a fetch that meets a change of how far history goes, as git makes when it tidies up, is done again', async () => {
    const bin = temporary();
    const real = git('/', ['--exec-path']);
    const told = 'fatal: shallow file has changed since we read it';
    const lines = [
      '#!/bin/sh',
      `case "$*" in *fetch*) if mkdir ${bin}/met 2>/dev/null; then echo '${told}' >&2; exit 128; fi;; esac`,
      `exec ${real}/git "$@"`,
    ];
    writeFileSync(join(bin, 'git'), `${lines.join('\n')}\n`);
    chmodSync(join(bin, 'git'), 0o755);
    const ledger = await open({ url, env: { ...GIT_ENV, PATH: `${bin}:${process.env.PATH ?? ''}` } });
    await ledger.update();
    expect(readdirSync(bin)).toContain('met');
    expect(ledger.head()).toBe(git(repository, ['rev-parse', 'main']));
  });

  it('a host with SHA-256 object ids is read as well', async () => {
    const directory = join(temporary(), 'sha256.git');
    git('/', ['init', '--quiet', '--bare', '--object-format=sha256', '--initial-branch=main', directory]);
    const head = commits(directory, [{ branch: 'main', files: record(1) }]);
    expect(head).toHaveLength(64);
    for (const refs of ['branch', 'all'] as const) {
      const ledger = await open({ url: directory, refs });
      await ledger.update();
      expect(ledger.head()).toBe(head);
      expect(await collect(ledger.snapshot(head).walk('packages'))).toHaveLength(5);
    }
  });

  it('objects that break git’s own rules are refused', async () => {
    const directory = bareRepository();
    const blob = git(directory, ['hash-object', '-w', '--stdin'], 'x');
    const entry = Buffer.concat([Buffer.from('100644 twice\0'), Buffer.from(blob, 'hex')]);
    const tree = git(
      directory,
      ['hash-object', '-w', '-t', 'tree', '--literally', '--stdin'],
      Buffer.concat([entry, entry]),
    );
    git(directory, ['update-ref', 'refs/heads/main', git(directory, ['commit-tree', '-m', 'x', tree])]);
    const ledger = await open({ url: directory });
    await ledger.update();
    await expect(() => ledger.snapshot(ledger.head() ?? '').list('')).toFailWith('E_GIT');
    expect(readFileSync(join(ledger.directory, 'HEAD'), 'utf8')).toBe('ref: refs/heads/main\n');
  });
});
