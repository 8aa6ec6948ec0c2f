import { chmodSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { GitServer } from '../servers/git-server.ts';
import {
  GIT_ENV,
  bareRepository,
  collect,
  commits,
  git,
  ledgerOf,
  open,
  record,
  servedLedger,
  temporary,
} from '../kit/ledger/git-fixture.ts';

const RECORD = Object.keys(record(7));
const DIRECTORY = dirname(RECORD[0] ?? '');

let repository: string;
let server: GitServer;
let url: string;

beforeAll(async () => {
  ({ repository, server, url } = await servedLedger(120));
});

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

  it('brings a folder and what lies in it by one request for both, which git sends without the latter', async () => {
    const ledger = await open({ url });
    await ledger.update();
    const head = ledger.head() ?? '';
    const inside = RECORD[0] ?? '';
    const paths = inside.split('/').map((_name, at, all) => all.slice(0, at + 1).join('/'));
    const oids = ['', ...paths].map((path) => git(repository, ['rev-parse', `main:${path}`]));
    const snapshot = ledger.snapshot(head);
    await snapshot.prefetch(oids);
    const asked = server.requests.length;
    expect((await snapshot.list(DIRECTORY)).length).toBeGreaterThan(0);
    expect(Buffer.from(await snapshot.blob(oids.at(-1) ?? '', 1000)).toString()).toBe(record(7)[inside]);
    expect(server.requests).toHaveLength(asked);
  });

  it('brings a folder with all that lies below it by one request', async () => {
    const ledger = await open({ url });
    await ledger.update();
    const snapshot = ledger.snapshot(ledger.head() ?? '');
    const [packages] = (await snapshot.list('')).filter(({ name }) => name === 'packages');
    const before = server.requests.length;
    await snapshot.prefetch([packages?.oid ?? ''], 'below');
    const asked = server.requests.length;
    expect(asked).toBeGreaterThan(before);
    const leaves = await collect(snapshot.walk('packages'));
    for (const { oid } of leaves) await snapshot.blob(oid, 1000);
    expect(leaves.map(({ path }) => path)).toEqual(expect.arrayContaining([...RECORD]));
    expect(server.requests).toHaveLength(asked);
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
  // For root no folder is read-only; a file instead of the lock can't be taken over either.
  mkdirSync(dirname(ledger.directory), { recursive: true });
  writeFileSync(`${ledger.directory}.lock`, '');
  utimesSync(`${ledger.directory}.lock`, 0, 0);
  await expect(() => ledger.update()).toFailWith('E_IO');
});
