import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGitServer } from '../servers/git-server.ts';
import type { GitServer } from '../servers/git-server.ts';
import { GIT_ENV, bareRepository, collect, commits, git, ledgerOf, open, record, temporary } from './git-fixture.ts';

const RECORD = Object.keys(record(7));
const DIRECTORY = dirname(RECORD[0] ?? '');

let repository: string;
let server: GitServer;
let url: string;

beforeAll(async () => {
  repository = ledgerOf(120);
  server = await startGitServer({ root: dirname(repository) });
  url = `${server.origin}/ledger.git`;
});
afterAll(() => server.close());

describe('reading a ledger', () => {
  it.each([
    ['over HTTP', () => url],
    ['in a folder', () => repository],
    ['by a file: URL', () => `file://${repository}`],
    ['over ssh', () => `ssh://git@host.example${repository}`],
    ['over ssh as host:path', () => `git@host.example:${repository}`],
  ])('%s gives the same entries and bytes as git', async (_, address) => {
    const ssh = join(temporary(), 'ssh');
    // The last argument is the command for the host.
    writeFileSync(ssh, '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n');
    chmodSync(ssh, 0o755);
    const ledger = await open({ url: address(), env: { ...GIT_ENV, GIT_SSH_COMMAND: ssh } });
    expect(ledger.head()).toBeUndefined();
    await ledger.update();
    const head = git(repository, ['rev-parse', 'main']);
    expect(ledger.head()).toBe(head);
    const snapshot = ledger.snapshot(head);
    const expected = git(repository, ['ls-tree', '-r', 'main']);
    const walked = await collect(snapshot.walk(''));
    expect(walked.map(({ mode, oid, path }) => `${mode} blob ${oid}\t${path}`).join('\n')).toBe(expected);
    const entries = await snapshot.list(DIRECTORY);
    expect(entries.map(({ name }) => `${DIRECTORY}/${name}`).sort()).toEqual([...RECORD].sort());
    const blob = await snapshot.blob(entries[0]?.oid ?? '', 1000);
    expect(Buffer.from(blob).toString()).toBe(record(7)[`${DIRECTORY}/${entries[0]?.name ?? ''}`]);
  });

  it('lists nothing where there is no folder', async () => {
    const ledger = await open({ url });
    await ledger.update();
    const snapshot = ledger.snapshot(ledger.head() ?? '');
    for (const path of ['nowhere', 'README.md', 'README.md/x', 'packages/github.com/owner0/', '/', '..']) {
      expect(await snapshot.list(path), path).toEqual([]);
      expect(await collect(snapshot.walk(path)), path).toEqual([]);
    }
    const many = await snapshot.listMany(['', DIRECTORY, 'nowhere']);
    expect([...many.values()].map(({ length }) => length)).toEqual([3, 5, 0]);
  });

  it('refuses a blob that is too large, and one that is not there', async () => {
    const ledger = await open({ url });
    await ledger.update();
    const snapshot = ledger.snapshot(ledger.head() ?? '');
    const [entry] = await snapshot.list(DIRECTORY);
    await expect(() => snapshot.blob(entry?.oid ?? '', 10)).toFailWith('E_TOO_LARGE');
    expect(await snapshot.blob(entry?.oid ?? '', 400)).toHaveLength(400);
    await expect(() => snapshot.blob('12'.repeat(20), 10)).toFailWith('E_GIT');
    await expect(() => snapshot.blob('HEAD', 10)).toFailWith('E_GIT');
  });

  it('has no head where the ledger is empty, and none where it lacks the branch', async () => {
    for (const [address, branch] of [
      [bareRepository(), 'main'],
      [repository, 'other'],
    ] as const) {
      for (const refs of ['branch', 'all'] as const) {
        const ledger = await open({ url: address, branch, refs });
        await ledger.update();
        expect(ledger.head()).toBeUndefined();
      }
    }
  });

  it('is a bare clone without files of the ledger', async () => {
    const ledger = await open({ url });
    await ledger.update();
    expect(git(ledger.directory, ['rev-parse', '--is-bare-repository'])).toBe('true');
    expect(readdirSync(ledger.directory)).not.toContain('index');
    expect(readdirSync(ledger.directory)).not.toContain('README.md');
  });
});

describe('update', () => {
  it.each(['branch', 'all'] as const)('of %s clones once, and then asks two questions', async (refs) => {
    const cacheDir = temporary();
    const first = await open({ url, cacheDir, refs });
    await first.update();
    await first.snapshot(first.head() ?? '').list(DIRECTORY);
    server.reset();
    const second = await open({ url, cacheDir, refs });
    expect(second.head()).toBe(first.head());
    await second.update();
    expect(server.requests).toHaveLength(2);
    await second.snapshot(second.head() ?? '').list(DIRECTORY);
    expect(server.requests).toHaveLength(2);
  });

  it('sees a new head, and one that was set back', async () => {
    const directory = ledgerOf(3);
    const ledger = await open({ url: directory });
    await ledger.update();
    const before = ledger.head() ?? '';
    const after = commits(directory, [{ branch: 'main', files: { 'x.txt': 'x' } }]);
    await ledger.update();
    expect(ledger.head()).toBe(after);
    git(directory, ['update-ref', 'refs/heads/main', `${before}^`]);
    await ledger.update();
    expect(ledger.head()).toBe(git(directory, ['rev-parse', 'main']));
  });

  it('with all refs knows the branches that are ours, and forgets those that are gone', async () => {
    const directory = ledgerOf(3);
    const names = [
      'pullthrough/github.com/a/b/v1',
      'pullthrough-nack/x',
      'pullthrough-closed/y',
      'pullthrough-trust/2',
    ];
    for (const branch of [...names, 'feature', 'pullthroughx/y']) {
      commits(directory, [{ branch, from: 'refs/heads/main', files: { [`${branch}.txt`]: branch } }]);
    }
    const ledger = await open({ url: directory, refs: 'all' });
    await ledger.update();
    expect(ledger.head()).toBe(git(directory, ['rev-parse', 'main']));
    expect([...ledger.branches().keys()].sort()).toEqual([...names].sort());
    for (const [name, commit] of ledger.branches()) {
      expect(commit).toBe(git(directory, ['rev-parse', `refs/heads/${name}`]));
      expect((await ledger.snapshot(commit).list('')).length).toBeGreaterThan(0);
    }
    git(directory, ['update-ref', '-d', 'refs/heads/pullthrough-nack/x']);
    // A branch may now lie where another one was.
    git(directory, ['update-ref', '-d', 'refs/heads/pullthrough-closed/y']);
    commits(directory, [{ branch: 'pullthrough-closed/y/z', from: 'refs/heads/main', files: { z: 'z' } }]);
    await ledger.update();
    expect([...ledger.branches().keys()].sort()).toEqual(
      ['pullthrough/github.com/a/b/v1', 'pullthrough-closed/y/z', 'pullthrough-trust/2'].sort(),
    );
  });

  it('fetches one branch or pull request by name', async () => {
    const directory = ledgerOf(3);
    const commit = commits(directory, [{ branch: 'side', from: 'refs/heads/main', files: { s: 's' } }]);
    git(directory, ['update-ref', 'refs/pull/12/head', commit]);
    const ledger = await open({ url: directory });
    await ledger.update();
    expect(await ledger.fetchBranch('side')).toBe(commit);
    expect(await ledger.fetchBranch('refs/pull/12/head')).toBe(commit);
    expect(await ledger.fetchBranch('refs/pull/13/head')).toBeUndefined();
    expect(await ledger.fetchBranch('none')).toBeUndefined();
    for (const name of ['a:b', '*', 'a..b', '', 'x.lock', 'a b', '--upload-pack=x y']) {
      await expect(() => ledger.fetchBranch(name), name).toFailWith('E_NO_CHANGE');
    }
    expect(await ledger.fetchBranch('--upload-pack=x')).toBeUndefined();
  });

  it('works offline with what is here, and says so where something is not', async () => {
    const cacheDir = temporary();
    const none = await open({ url, cacheDir, offline: true });
    await expect(() => none.update()).toFailWith('E_LEDGER_UNREACHABLE');
    const online = await open({ url, cacheDir });
    await online.update();
    await online.snapshot(online.head() ?? '').list(DIRECTORY);
    server.reset();
    const offline = await open({ url, cacheDir, offline: true });
    await offline.update();
    expect(offline.head()).toBe(online.head());
    expect(await offline.snapshot(offline.head() ?? '').list(DIRECTORY)).toHaveLength(5);
    await expect(() => offline.snapshot(offline.head() ?? '').list('packages/github.com/owner1/repo0')).toFailWith(
      'E_LEDGER_UNREACHABLE',
    );
    await expect(() => offline.push([])).toFailWith('E_LEDGER_UNREACHABLE');
    expect(server.requests).toHaveLength(0);
  });

  it.each([
    ['a host that is not there', 'http://127.0.0.1:9/ledger.git'],
    ['a folder that is not there', '/nonexistent/ledger.git'],
  ])('%s is E_LEDGER_UNREACHABLE', async (_, address) => {
    const ledger = await open({ url: address });
    await expect(() => ledger.update()).toFailWith('E_LEDGER_UNREACHABLE');
  });

  it('a repository that is not there on its host is E_LEDGER_UNREACHABLE', async () => {
    const ledger = await open({ url: `${server.origin}/other.git` });
    await expect(() => ledger.update()).toFailWith('E_LEDGER_UNREACHABLE');
  });

  it('two at once share one clone', async () => {
    const cacheDir = temporary();
    const both = await Promise.all([open({ url, cacheDir }), open({ url, cacheDir, refs: 'all' })]);
    await Promise.all(both.flatMap((ledger) => [ledger.update(), ledger.update()]));
    const lists = await Promise.all(both.map((ledger) => ledger.snapshot(ledger.head() ?? '').list(DIRECTORY)));
    expect(lists[0]).toHaveLength(5);
    expect(lists[1]).toEqual(lists[0]);
    expect(readdirSync(join(cacheDir, 'ledgers')).filter((name) => name.endsWith('.git'))).toHaveLength(1);
  });
});

it('says at once of a cache that takes no lock, and not after the ten minutes that another process is waited for', async () => {
  const cacheDir = temporary();
  const ledger = await open({ url, cacheDir });
  // For root no folder is read-only; a file in the place of the lock can't be taken over either.
  mkdirSync(dirname(ledger.directory), { recursive: true });
  writeFileSync(`${ledger.directory}.lock`, '');
  utimesSync(`${ledger.directory}.lock`, 0, 0);
  const began = performance.now();
  await expect(() => ledger.update()).toFailWith('E_IO');
  expect(performance.now() - began).toBeLessThan(5000);
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
