import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LedgerRepository } from '../../ledger/git/repository.ts';
import { startGitServer } from '../servers/git-server.ts';
import { bareRepository, collect, commits, git, ledgerOf, open, record, temporary } from '../kit/ledger/git-fixture.ts';

const BOT = { name: 'Mirror Bot', email: 'bot@example.org' };
const NEW = 'packages/github.com/new/tool/v1';
const files = (text = 'x'): ReadonlyMap<string, Uint8Array> =>
  new Map([
    [`${NEW}/checklist.json`, Buffer.from(text)],
    [`${NEW}/checklist.sha256`, Buffer.alloc(0)],
  ]);

async function propose(ledger: LedgerRepository, text?: string, date = new Date()): Promise<string> {
  const head = ledger.head() ?? '';
  return ledger.commit({ parents: [head], base: head, files: files(text), message: 'propose', author: BOT, date });
}

describe('a commit', () => {
  it('adds its files to the base, and changes nothing else', async () => {
    const directory = ledgerOf(60);
    const ledger = await open({ url: directory });
    await ledger.update();
    const commit = await ledger.commit({
      parents: [ledger.head() ?? ''],
      base: ledger.head(),
      files: files(),
      message: 'propose\n\nbody\n',
      author: { name: 'Mirror <Bot>\n', email: 'bot@example.org' },
      committer: { name: 'Committer', email: 'c@example.org' },
      date: new Date(1_800_000_000_000),
    });
    await ledger.push([{ branch: 'pullthrough/x', to: commit, from: undefined }]);
    expect(git(directory, ['diff', '--no-renames', '--raw', '--abbrev=4', 'main', commit]).split('\n')).toEqual([
      expect.stringMatching(/^:000000 100644 0000 \w+ A\tpackages\/github.com\/new\/tool\/v1\/checklist.json$/),
      expect.stringMatching(/^:000000 100644 0000 e69d A\tpackages\/github.com\/new\/tool\/v1\/checklist.sha256$/),
    ]);
    const format = '--format=%an|%ae|%at|%cn|%ce|%ct|%P|%B';
    const main = git(directory, ['rev-parse', 'main']);
    expect(git(directory, ['log', '-1', format, commit])).toBe(
      `Mirror Bot|bot@example.org|1800000000|Committer|c@example.org|1800000000|${main}|propose\n\nbody\n`,
    );
    expect(git(directory, ['fsck', '--strict'])).toBe('');
    expect(await ledger.diff(main, commit)).toHaveLength(2);
  });

  it('keeps names, modes and everything else that it does not understand', async () => {
    const directory = bareRepository();
    const blob = git(directory, ['hash-object', '-w', '--stdin'], 'x');
    const entries = [
      `100755 blob ${blob}\trun.sh`,
      `120000 blob ${blob}\tlink`,
      `160000 commit ${'12'.repeat(20)}\tmodule`,
      `100644 blob ${blob}\tN\u00e4me with\ttab`,
    ].map((line) => Buffer.from(`${line}\0`));
    const latin = Buffer.concat([Buffer.from(`100644 blob ${blob}\tbad-`), Buffer.from([0xff, 0xfe, 0])]);
    const tree = git(directory, ['mktree', '-z', '--missing'], Buffer.concat([...entries, latin]));
    git(directory, ['update-ref', 'refs/heads/main', git(directory, ['commit-tree', '-m', 'x', tree])]);
    const ledger = await open({ url: directory });
    await ledger.update();
    const commit = await propose(ledger);
    await ledger.push([{ branch: 'pullthrough/x', to: commit, from: undefined }]);
    const before = git(directory, ['ls-tree', '-z', 'main']);
    const after = git(directory, ['ls-tree', '-z', commit])
      .split('\0')
      .filter((line) => !line.endsWith('\tpackages'));
    expect(after.join('\0')).toBe(before);
  });

  it('can be the first of an empty ledger, and have two parents', async () => {
    const directory = bareRepository();
    const ledger = await open({ url: directory });
    await ledger.update();
    const first = await ledger.commit({ parents: [], base: undefined, files: files(), message: 'first', author: BOT });
    await ledger.push([{ branch: 'main', to: first, from: undefined }]);
    await ledger.update();
    expect(ledger.head()).toBe(first);
    const second = await ledger.commit({ parents: [first], base: first, files: files('y'), message: 'y', author: BOT });
    const tree = git(directory, ['rev-parse', `${first}^{tree}`]);
    const merge = await ledger.commit({
      parents: [first, second],
      base: tree,
      files: new Map(),
      message: '',
      author: BOT,
    });
    await ledger.push([{ branch: 'main', to: merge, from: first }]);
    expect(git(directory, ['rev-parse', 'main^1', 'main^2', 'main^{tree}'])).toBe(`${first}\n${second}\n${tree}`);
  });

  it('refuses to put a file instead of a folder, a folder in that of a file, and paths that leave the tree', async () => {
    const ledger = await open({ url: ledgerOf(3) });
    await ledger.update();
    const head = ledger.head() ?? '';
    const commit = (path: string) => () =>
      ledger.commit({
        parents: [head],
        base: head,
        files: new Map([[path, Buffer.from('x')]]),
        message: 'x',
        author: BOT,
      });
    await expect(commit('packages/github.com')).toFailWith('E_EXISTS');
    await expect(commit('README.md/x')).toFailWith('E_EXISTS');
    for (const path of ['', '/x', 'a//b', '../x', 'a/../b', '.git/config', 'a/.GIT/x', './x', 'a/']) {
      await expect(commit(path), path).toFailWith('E_INTERNAL');
    }
    const nobody = { name: ' <>', email: '' };
    await expect(() =>
      ledger.commit({ parents: [head], base: head, files: files(), message: 'x', author: nobody }),
    ).toFailWith('E_CONFIG');
  });
});

describe('a push', () => {
  it('moves a branch only from where it was seen', async () => {
    const directory = ledgerOf(3);
    const [one, two] = [await open({ url: directory }), await open({ url: directory })];
    await Promise.all([one.update(), two.update()]);
    const [first, second] = [await propose(one, 'one'), await propose(two, 'two')];
    const branch = 'pullthrough/github.com/new/tool/v1';
    const race = await Promise.allSettled([
      one.push([{ branch, to: first, from: undefined }]),
      two.push([{ branch, to: second, from: undefined }]),
    ]);
    expect(race.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const [loser] = race.filter(({ status }) => status === 'rejected');
    await expect(() => Promise.reject((loser as PromiseRejectedResult).reason as Error)).toFailWith('E_MOVED');
    const winner = git(directory, ['rev-parse', `refs/heads/${branch}`]);
    expect([first, second]).toContain(winner);
    const [owner, other] = winner === first ? [one, second] : [two, first];
    const loserLedger = owner === one ? two : one;
    await expect(() => loserLedger.push([{ branch, to: other, from: one.head() }])).toFailWith('E_MOVED');
    await expect(() => loserLedger.push([{ branch, to: undefined, from: other }])).toFailWith('E_MOVED');
    // Anyone who knows where it is may move it, also to a commit that doesn't descend from it.
    await loserLedger.push([{ branch, to: other, from: winner }]);
    expect(git(directory, ['rev-parse', `refs/heads/${branch}`])).toBe(other);
    // A rerun of what has happened is not an error.
    await loserLedger.push([{ branch, to: other, from: winner }]);
    await owner.push([{ branch, to: undefined, from: other }]);
    expect(git(directory, ['for-each-ref', 'refs/heads/pullthrough/'])).toBe('');
    await expect(() => owner.push([{ branch, to: undefined, from: other }])).toFailWith('E_MOVED');
  });

  it('that another process makes at the same moment is made by both', async () => {
    const directory = ledgerOf(3);
    const all = await Promise.all(Array.from({ length: 6 }, () => open({ url: directory })));
    await Promise.all(all.map((ledger) => ledger.update()));
    const from = all[0]?.head();
    const commits = [];
    for (const ledger of all) commits.push(await propose(ledger, 'same', new Date(1_800_000_000_000)));
    expect(new Set(commits).size).toBe(1);
    const [to = ''] = commits;
    await Promise.all(
      all.map((ledger) =>
        ledger.push([
          { branch: 'main', to, from },
          { branch: 'pullthrough/beside', to, from: undefined },
        ]),
      ),
    );
    expect(git(directory, ['rev-parse', 'main'])).toBe(to);
  });

  it('of several branches that loses a race to another one is E_MOVED', async () => {
    const directory = ledgerOf(3);
    const all = await Promise.all(Array.from({ length: 6 }, () => open({ url: directory })));
    await Promise.all(all.map((ledger) => ledger.update()));
    const race = await Promise.allSettled(
      all.map(async (ledger, i) => {
        const to = await propose(ledger, `commit ${i}`);
        await ledger.push([
          { branch: 'main', to, from: ledger.head() },
          { branch: 'pullthrough/beside', to, from: undefined },
        ]);
      }),
    );
    const lost = race.filter((one) => one.status === 'rejected');
    expect(lost).toHaveLength(5);
    for (const { reason } of lost) expect(reason).toMatchObject({ code: 'E_MOVED' });
  });

  it('of several branches takes all or none', async () => {
    const directory = ledgerOf(3);
    const ledger = await open({ url: directory });
    await ledger.update();
    const commit = await propose(ledger);
    const head = ledger.head();
    await expect(() =>
      ledger.push([
        { branch: 'pullthrough/a', to: commit, from: undefined },
        { branch: 'main', to: commit, from: commit },
      ]),
    ).toFailWith('E_MOVED');
    expect(git(directory, ['for-each-ref', '--format=%(refname)'])).toBe('refs/heads/main');
    await ledger.push([
      { branch: 'pullthrough/a', to: commit, from: undefined },
      { branch: 'main', to: commit, from: head },
    ]);
    expect(git(directory, ['rev-parse', 'main', 'pullthrough/a'])).toBe(`${commit}\n${commit}`);
  });

  it('goes one by one where the host knows no atomic push', async () => {
    const directory = ledgerOf(3);
    git(directory, ['config', 'receive.advertiseAtomic', 'false']);
    const ledger = await open({ url: directory });
    await ledger.update();
    const commit = await propose(ledger);
    await ledger.push([
      { branch: 'pullthrough/a', to: commit, from: undefined },
      { branch: 'pullthrough/b', to: commit, from: undefined },
    ]);
    expect(git(directory, ['rev-parse', 'pullthrough/a', 'pullthrough/b'])).toBe(`${commit}\n${commit}`);
  });

  it('that the host’s rules refuse says why', async () => {
    const directory = ledgerOf(3);
    git(directory, ['config', 'receive.denyDeletes', 'true']);
    const ledger = await open({ url: directory });
    await ledger.update();
    await expect(() => ledger.push([{ branch: 'main', to: undefined, from: ledger.head() }])).toFailWith('E_GIT');
    // A branch that lies where a folder of branches is wanted hasn't moved: no rerun would help.
    const commit = await propose(ledger);
    await expect(() => ledger.push([{ branch: 'main/x', to: commit, from: undefined }])).toFailWith('E_GIT');
    for (const branch of ['a..b', 'x.lock', 'a:b', '-x/../y', '']) {
      await expect(() => ledger.push([{ branch, to: commit, from: undefined }]), branch).toFailWith('E_GIT');
    }
  });

  it('reaches a ledger that moved on since, with a commit on the old head', async () => {
    const directory = ledgerOf(60);
    const ledger = await open({ url: directory });
    await ledger.update();
    const commit = await propose(ledger);
    commits(directory, [
      { branch: 'main', files: record(70) },
      { branch: 'main', files: record(71) },
    ]);
    await ledger.push([{ branch: 'pullthrough/x', to: commit, from: undefined }]);
    expect(git(directory, ['rev-list', '--count', 'main..pullthrough/x'])).toBe('1');
    expect(git(directory, ['fsck', '--strict', '--connectivity-only'])).toBe('');
  });
});

describe('a ledger of many records costs what is asked of it', () => {
  it('one record comes with the trees on its path, and a proposal without the ledger', async () => {
    const directory = ledgerOf(2000, 10);
    await using host = await startGitServer({ root: dirname(directory) });
    const cacheDir = temporary();
    const ledger = await open({ url: `${host.origin}/ledger.git`, cacheDir });
    await ledger.update();
    const path = 'packages/github.com/owner7/repo3/v1.5.0';
    const snapshot = ledger.snapshot(ledger.head() ?? '');
    const entries = await snapshot.list(path);
    await snapshot.prefetch(entries.map(({ oid }) => oid));
    for (const { oid } of entries) await snapshot.blob(oid, 4096);
    expect(entries).toHaveLength(5);
    // A clone of it all has about 3 MB.
    expect(host.bytes().sent).toBeLessThan(60_000);
    host.reset();
    const commit = await propose(ledger);
    await ledger.push([{ branch: 'pullthrough/x', to: commit, from: undefined }]);
    expect(host.bytes().sent + host.bytes().received).toBeLessThan(20_000);
    expect(git(directory, ['rev-parse', 'pullthrough/x'])).toBe(commit);
    const kept = git(ledger.directory, ['cat-file', '--batch-check', '--batch-all-objects', '--unordered']).split('\n');
    expect(kept.length).toBeLessThan(100);
  });

  it('all records come in a few requests', async () => {
    const directory = ledgerOf(1000, 10);
    await using host = await startGitServer({ root: dirname(directory) });
    const ledger = await open({ url: `${host.origin}/ledger.git` });
    await ledger.update();
    host.reset();
    const snapshot = ledger.snapshot(ledger.head() ?? '');
    const entries = await collect(snapshot.walk('packages'));
    expect(entries).toHaveLength(5000);
    await snapshot.prefetch(entries.map(({ oid }) => oid));
    const blobs = await Promise.all(entries.map(({ oid }) => snapshot.blob(oid, 4096)));
    expect(blobs.reduce((sum, { length }) => sum + length, 0)).toBe(1000 * 1450);
    expect(host.requests.length).toBeLessThan(20);
    host.reset();
    // Those who all ask at the same time share a request as well.
    const other = await open({ url: `${host.origin}/ledger.git` });
    await other.update();
    const again = other.snapshot(other.head() ?? '');
    host.reset();
    await Promise.all(entries.map(({ oid }) => again.blob(oid, 4096)));
    expect(host.requests.length).toBeLessThan(10);
  });
});
