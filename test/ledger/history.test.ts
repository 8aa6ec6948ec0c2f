import { dirname } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openLocalRepository } from '../../ledger/git/local.ts';
import { startGitServer } from '../servers/git-server.ts';
import { bareRepository, commits, git, open, temporary } from '../kit/ledger/git-fixture.ts';
import type { NewCommit } from '../kit/ledger/git-fixture.ts';

/** A main of `length` commits, and branches that leave it at the given distances from its tip. */
function grown(length: number, branches: Readonly<Record<string, number>>): string {
  const directory = bareRepository();
  const list: NewCommit[] = [];
  for (let index = 0; index < length; index++) {
    list.push({ branch: 'main', files: { [`f${index}`]: String(index) } });
    for (const [branch, distance] of Object.entries(branches)) {
      if (distance === length - 1 - index) {
        list.push({ branch, from: 'refs/heads/main', files: { [branch.replaceAll('/', '-')]: 'x' } });
      }
    }
  }
  commits(directory, list);
  return directory;
}

describe('ancestry in a shallow clone', () => {
  let directory: string;
  const at = (revision: string): string => git(directory, ['rev-parse', revision]);

  beforeAll(() => {
    directory = grown(900, { 'pullthrough/near': 3, 'pullthrough/far': 100, 'pullthrough/farthest': 880 });
    commits(directory, [{ branch: 'pullthrough/unrelated', files: { u: 'u' } }]);
  });

  it.each(['near', 'far', 'farthest'])('finds where main was left, however long ago: %s', async (name) => {
    const ledger = await open({ url: directory, refs: 'all' });
    await ledger.update();
    const tip = ledger.branches().get(`pullthrough/${name}`) ?? '';
    expect(await ledger.mergeBase(ledger.head() ?? '', tip)).toBe(at(`refs/heads/pullthrough/${name}^`));
    expect(await ledger.isAncestor(tip, ledger.head() ?? '')).toBe(false);
    expect((await ledger.log(ledger.head(), tip)).map(({ commit }) => commit)).toEqual([tip]);
  });

  it('finds nothing in common where there is nothing', async () => {
    const ledger = await open({ url: directory, refs: 'all' });
    await ledger.update();
    const tip = ledger.branches().get('pullthrough/unrelated') ?? '';
    expect(await ledger.mergeBase(tip, ledger.head() ?? '')).toBeUndefined();
  });

  it('knows an old head again, also one that it never had', async () => {
    const ledger = await open({ url: directory });
    await ledger.update();
    const head = ledger.head() ?? '';
    for (const back of [0, 1, 31, 32, 33, 200, 899]) {
      const old = at(`main~${back}`);
      expect(await ledger.isAncestor(old, head), `main~${back}`).toBe(true);
      expect(await ledger.isAncestor(head, old), `not main~${back}`).toBe(back === 0);
    }
  });

  it('is as high as the host’s own, however little of it is here', async () => {
    const ledger = await open({ url: directory });
    await ledger.update();
    expect(await ledger.height(ledger.head() ?? '')).toBe(900);
    expect(await ledger.height(at('main~899'))).toBe(1);
  });

  it('is counted along first parents: what was merged counts once', async () => {
    const own = grown(5, { 'pullthrough/side': 2 });
    const [main, side] = ['main', 'pullthrough/side'].map((name) => git(own, ['rev-parse', name]));
    const tree = git(own, ['rev-parse', 'main^{tree}']);
    const merge = git(own, ['commit-tree', '-m', 'merge', '-p', main ?? '', '-p', side ?? '', tree]);
    git(own, ['update-ref', 'refs/heads/main', merge]);
    const ledger = await open({ url: own });
    await ledger.update();
    expect(await ledger.height(merge)).toBe(6);
  });

  it('says no to a head that the host never had, without reading all of history', async () => {
    await using host = await startGitServer({ root: dirname(directory) });
    const ledger = await open({ url: `${host.origin}/ledger.git` });
    await ledger.update();
    host.reset();
    expect(await ledger.isAncestor('ab'.repeat(20), ledger.head() ?? '')).toBe(false);
    expect(host.bytes().sent).toBeLessThan(20_000);
  });

  it('follows a main that moved on by more than one fetch brings', async () => {
    const own = grown(5, {});
    const ledger = await open({ url: own, refs: 'all' });
    await ledger.update();
    const before = ledger.head() ?? '';
    const more = Array.from({ length: 80 }, (_, index) => ({ branch: 'main', files: { [`n${index}`]: 'x' } }));
    const after = commits(own, more);
    await ledger.update();
    expect(ledger.head()).toBe(after);
    expect(await ledger.isAncestor(before, after)).toBe(true);
    expect(await ledger.log(before, after)).toHaveLength(80);
  });

  it('notices that history was rewritten', async () => {
    const own = grown(50, {});
    const ledger = await open({ url: own });
    await ledger.update();
    const before = ledger.head() ?? '';
    git(own, ['update-ref', 'refs/heads/main', git(own, ['rev-parse', 'main~10'])]);
    commits(own, [{ branch: 'main', files: { other: 'x' } }]);
    await ledger.update();
    expect(await ledger.isAncestor(before, ledger.head() ?? '')).toBe(false);
    expect(await ledger.mergeBase(before, ledger.head() ?? '')).toBe(git(own, ['rev-parse', 'main~1']));
  });

  it('a shallow clone of one’s own is E_GIT where what it lacks could hold the answer', async () => {
    const clone = temporary();
    git('/', ['clone', '--quiet', '--bare', '--depth=5', '--no-single-branch', `file://${directory}`, clone]);
    await using local = await openLocalRepository(clone);
    const main = await local.resolve('main');
    expect(await local.mergeBase(main, await local.resolve('pullthrough/near'))).toBe(at('main~3'));
    await expect(async () => local.mergeBase(main, await local.resolve('pullthrough/far'))).toFailWith('E_GIT');
  });
});

describe('the answers are git’s own', () => {
  it('in a history of merges, whatever its dates', async () => {
    const directory = bareRepository();
    const list: NewCommit[] = [{ branch: 'c0', files: { c0: 'x' }, date: 1_700_000_000 }];
    // A small generator of chance, so that every run has the same history.
    let state = 12345;
    const chance = (below: number): number => {
      state = (state * 1103515245 + 12345) % 2147483648;
      return Math.floor((state / 2147483648) * below);
    };
    for (let index = 1; index < 60; index++) {
      const parents = new Set([`refs/heads/c${Math.max(0, index - 1 - chance(6))}`]);
      if (chance(3) === 0) parents.add(`refs/heads/c${chance(index)}`);
      const [from, ...merge] = parents;
      const date = 1_700_000_000 + (chance(4) === 0 ? -chance(100_000) : index * 10);
      list.push({ branch: `c${index}`, from, merge, files: { [`c${index}`]: 'x' }, date });
    }
    commits(directory, list);
    const names = list.map(({ branch }) => branch);
    const oids = new Map(names.map((name) => [name, git(directory, ['rev-parse', `refs/heads/${name}`])]));
    await using local = await openLocalRepository(directory);
    for (let round = 0; round < 150; round++) {
      const [a, b] = [names[chance(60)] ?? '', names[chance(60)] ?? ''];
      const [left, right] = [oids.get(a) ?? '', oids.get(b) ?? ''];
      const bases = git(directory, ['merge-base', '--all', left, right]).split('\n');
      expect(bases, `merge base of ${a} and ${b}`).toContain(await local.mergeBase(left, right));
      const log = git(directory, ['rev-list', right, `^${left}`])
        .split('\n')
        .filter((line) => line !== '');
      const ours = (await local.log(left, right)).map(({ commit }) => commit);
      expect([...ours].sort(), `log of ${a}..${b}`).toEqual(log.sort());
      expect(await local.isAncestor(left, right)).toBe(bases.includes(left));
    }
  });

  it('a log has children first, and each commit’s author, date and message', async () => {
    const directory = grown(10, {});
    await using local = await openLocalRepository(directory);
    const log = await local.log(undefined, await local.resolve('main'));
    expect(log.map(({ commit }) => commit)).toEqual(git(directory, ['rev-list', 'main']).split('\n'));
    const date = Number(git(directory, ['log', '-1', '--format=%at', 'main']));
    expect(log[0]).toMatchObject({ author: 'Tester', email: 'tester@example.org', date: new Date(date * 1000) });
    expect(log[0]?.message).toBe('a commit');
    expect(log.at(-1)?.parents).toEqual([]);
  });
});
