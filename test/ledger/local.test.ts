import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLocalRepository } from '../../ledger/git/local.ts';
import { startGitServer } from '../servers/git-server.ts';
import {
  GIT_ENV,
  bareRepository,
  collect,
  commits,
  git,
  gitBytes,
  gitLater,
  ledgerOf,
  record,
  temporary,
} from '../kit/ledger/git-fixture.ts';

/** A tree object from raw entries, whatever they are. */
function rawTree(directory: string, entries: readonly (readonly [mode: string, name: string, oid: string])[]): string {
  const parts = entries.map(([mode, name, oid]) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, 'hex')]);
  return git(directory, ['hash-object', '-w', '-t', 'tree', '--literally', '--stdin'], Buffer.concat(parts.flat()));
}

function commitOf(directory: string, tree: string): string {
  return git(directory, ['commit-tree', '-m', 'x', tree]);
}

describe('one’s own repository', () => {
  it('is found from a work tree, a folder in it, a linked work tree, a bare one and its git directory', async () => {
    const bare = ledgerOf(12);
    const work = join(temporary(), 'work');
    git('/', ['clone', '--quiet', bare, work]);
    const linked = join(temporary(), 'linked');
    git(work, ['worktree', 'add', '--quiet', '--detach', linked, 'HEAD~2']);
    mkdirSync(join(work, 'deep/er'), { recursive: true });
    for (const place of [bare, work, join(work, 'deep/er'), join(work, '.git'), linked]) {
      await using local = await openLocalRepository(place, GIT_ENV);
      const head = await local.resolve('HEAD');
      expect(head, place).toBe(git(place === linked ? linked : work, ['rev-parse', 'HEAD']));
      const walked = (await collect(local.snapshot(head).walk(''))).map(({ path }) => path);
      expect(walked.join('\n')).toBe(git(bare, ['ls-tree', '-r', '--name-only', head]));
      // It can be opened again by what it calls itself.
      await using again = await openLocalRepository(local.directory, GIT_ENV);
      expect(await again.resolve('HEAD')).toBe(head);
    }
  });

  it('that is not one is E_INPUT', async () => {
    const plain = temporary();
    for (const place of [plain, join(plain, 'nowhere')]) {
      await expect(() => openLocalRepository(place, { ...GIT_ENV, GIT_CEILING_DIRECTORIES: '/' })).toFailWith(
        'E_INPUT',
      );
    }
  });

  it('is read by its objects: index, work tree, attributes and replaced objects change nothing', async () => {
    const work = join(temporary(), 'work');
    git('/', ['clone', '--quiet', ledgerOf(3), work]);
    const head = git(work, ['rev-parse', 'HEAD']);
    writeFileSync(join(work, '.gitattributes'), '* filter=evil eol=crlf ident\n');
    git(work, ['config', 'filter.evil.smudge', 'touch ran']);
    writeFileSync(join(work, 'README.md'), 'other');
    git(work, ['add', '-A']);
    const blob = git(work, ['rev-parse', 'HEAD:README.md']);
    git(work, ['replace', blob, git(work, ['hash-object', '-w', 'README.md'])]);
    await using local = await openLocalRepository(work, GIT_ENV);
    expect(Buffer.from(await local.snapshot(head).blob(blob, 100)).toString()).toBe('A ledger.\n');
  });

  it('resolves revisions to commits, and nothing else', async () => {
    const directory = ledgerOf(3);
    git(directory, ['tag', '-a', '-m', 'x', 'v1', 'main~1']);
    await using local = await openLocalRepository(directory, GIT_ENV);
    expect(await local.resolve('main')).toBe(git(directory, ['rev-parse', 'main']));
    expect(await local.resolve('v1')).toBe(git(directory, ['rev-parse', 'main~1']));
    expect(await local.resolve('main~2')).toBe(git(directory, ['rev-parse', 'main~2']));
    for (const revision of [
      'nowhere',
      '',
      '-v',
      '--all',
      '--git-dir',
      'main:README.md',
      'main..v1',
      'a\0b',
      'ab'.repeat(20),
    ]) {
      await expect(() => local.resolve(revision), JSON.stringify(revision)).toFailWith('E_USAGE');
    }
  });
});

describe('a partial clone of one’s own', () => {
  it.each(['tree:0', 'blob:none'])('with filter %s fetches what it lacks together', async (filter) => {
    const directory = ledgerOf(300, 10);
    await using host = await startGitServer({ root: dirname(directory) });
    const clone = join(temporary(), 'clone');
    await gitLater('/', ['clone', '--quiet', '--bare', `--filter=${filter}`, `${host.origin}/ledger.git`, clone]);
    const before = git(clone, ['config', '--list', '--local']);
    host.reset();
    await using local = await openLocalRepository(clone, GIT_ENV);
    const [base, head] = [await local.resolve('main~10'), await local.resolve('main')];
    expect(await local.mergeBase(base, head)).toBe(base);
    expect(await local.diff(base, head)).toHaveLength(500);
    const snapshot = local.snapshot(head);
    const entries = await collect(snapshot.walk('packages'));
    expect(entries).toHaveLength(1500);
    await snapshot.prefetch(entries.map(({ oid }) => oid));
    for (const { oid } of entries.slice(0, 50)) await snapshot.blob(oid, 1000);
    expect(host.requests.length).toBeLessThan(30);
    await expect(() => snapshot.blob('12'.repeat(20), 10)).toFailWith('E_GIT');
    expect(git(clone, ['config', '--list', '--local'])).toBe(before);
  });
});

it('a partial clone brings a folder and what lies in it by one request for both', async () => {
  const directory = ledgerOf(3);
  await using host = await startGitServer({ root: dirname(directory) });
  const clone = join(temporary(), 'clone');
  await gitLater('/', ['clone', '--quiet', '--bare', '--filter=tree:0', `${host.origin}/ledger.git`, clone]);
  await using local = await openLocalRepository(clone, GIT_ENV);
  const oids = ['', 'packages', 'packages/github.com', 'README.md'].map((path) =>
    git(directory, ['rev-parse', `main:${path}`]),
  );
  const snapshot = local.snapshot(await local.resolve('main'));
  await snapshot.prefetch(oids);
  expect((await snapshot.list('packages/github.com')).length).toBeGreaterThan(0);
  expect(Buffer.from(await snapshot.blob(oids.at(-1) ?? '', 100)).toString()).toBe('A ledger.\n');
});

describe('a tree is told as it is stored', () => {
  it('with every mode, and with a name that stands there twice', async () => {
    const directory = bareRepository();
    const blob = git(directory, ['hash-object', '-w', '--stdin'], 'x');
    const inner = rawTree(directory, [['100644', 'f', blob]]);
    const stored = [
      ['100644', '..', blob],
      ['100644', 'a', blob],
      ['100644', 'a', blob],
      ['100755', 'b', blob],
      ['100664', 'c', blob],
      ['120000', 'd', blob],
      ['160000', 'e', blob],
      ['40000', 'g', inner],
    ] as const;
    const commit = commitOf(directory, rawTree(directory, stored));
    await using local = await openLocalRepository(directory, GIT_ENV);
    const snapshot = local.snapshot(commit);
    const listed = await snapshot.list('');
    expect(listed.map(({ mode, name, oid }) => [mode.replace('040000', '40000'), name, oid])).toEqual(stored);
    expect((await collect(snapshot.walk(''))).map(({ path }) => path)).toEqual([
      '..',
      'a',
      'a',
      'b',
      'c',
      'd',
      'e',
      'g/f',
    ]);
    // A submodule or a symlink is not a folder, and no file.
    expect(await snapshot.list('e')).toEqual([]);
    await expect(() => snapshot.blob(inner, 1000)).toFailWith('E_GIT');
  });

  it.each([
    ['a name with a slash', [['100644', 'a/b']]],
    ['an empty name', [['100644', '']]],
    ['a mode that is not one', [['10064x', 'a']]],
    ['a mode that begins with a zero', [['0100644', 'a']]],
    [
      'names in another order',
      [
        ['100644', 'b'],
        ['100644', 'a'],
      ],
    ],
    [
      'a folder of another mode before a file that git puts first',
      [
        ['40755', 'a'],
        ['100644', 'a.b'],
      ],
    ],
  ] as const)('but not with %s', async (_, entries) => {
    const directory = bareRepository();
    const blob = git(directory, ['hash-object', '-w', '--stdin'], 'x');
    const tree = rawTree(
      directory,
      entries.map(([mode, name]) => [mode, name, blob] as const),
    );
    await using local = await openLocalRepository(directory, GIT_ENV);
    await expect(() => local.snapshot(commitOf(directory, tree)).list('')).toFailWith('E_GIT');
  });

  it.each([
    ['an author without a name', 'author <a@x> 1 +0000\ncommitter A <a@x> 1 +0000'],
    ['a committer without a date', 'author A <a@x> 1 +0000\ncommitter A <a@x>'],
    ['a date that begins with a zero', 'author A <a@x> 01 +0000\ncommitter A <a@x> 1 +0000'],
    ['no committer', 'author A <a@x> 1 +0000'],
    ['two authors', 'author A <a@x> 1 +0000\nauthor A <a@x> 1 +0000\ncommitter A <a@x> 1 +0000'],
  ])('and no commit with %s, which git would not fetch', async (_, header) => {
    const directory = bareRepository();
    const tree = rawTree(directory, []);
    const text = `tree ${tree}\n${header}\n\na change\n`;
    const commit = git(directory, ['hash-object', '-t', 'commit', '-w', '--stdin', '--literally'], text);
    await using local = await openLocalRepository(directory, GIT_ENV);
    await expect(() => local.snapshot(commit).list('')).toFailWith('E_GIT');
  });

  it('and a parent behind the committer is none, as to git', async () => {
    const directory = bareRepository();
    const who = 'A <a@x> 1 +0000';
    const write = (more: string): string => {
      const text = `tree ${rawTree(directory, [])}\nauthor ${who}\ncommitter ${who}\n${more}\na change\n`;
      return git(directory, ['hash-object', '-t', 'commit', '-w', '--stdin', '--literally'], text);
    };
    const first = write('');
    await using local = await openLocalRepository(directory, GIT_ENV);
    expect(await local.isAncestor(first, write(`parent ${first}\n`))).toBe(false);
  });

  it('and not without end: trees that hold each other many times, or too deep', async () => {
    const directory = bareRepository();
    const blob = git(directory, ['hash-object', '-w', '--stdin'], 'x');
    let deep = rawTree(directory, [['100644', 'f', blob]]);
    for (let level = 0; level < 80; level++) deep = rawTree(directory, [['40000', 'd', deep]]);
    await using local = await openLocalRepository(directory, GIT_ENV);
    const commit = commitOf(directory, deep);
    // A walk ends where the format has its deepest files.
    expect(await collect(local.snapshot(commit).walk(''))).toMatchObject([{ path: 'd/d/d/d/d/d', mode: '040000' }]);
    await expect(() => local.diff(undefined, commit)).toFailWith('E_TOO_LARGE');
    let many = rawTree(directory, [['100644', 'f', blob]]);
    for (let level = 0; level < 40; level++) {
      many = rawTree(
        directory,
        Array.from({ length: 3 }, (__, index) => ['40000', `d${index}`, many] as const),
      );
    }
    expect(await collect(local.snapshot(commitOf(directory, many)).walk(''))).toHaveLength(3 ** 6);
    let wide = rawTree(directory, [['100644', 'f', blob]]);
    for (let level = 0; level < 12; level++) {
      wide = rawTree(
        directory,
        Array.from({ length: 10 }, (__, index) => ['40000', `d${index}`, wide] as const),
      );
    }
    await expect(() => local.diff(undefined, commitOf(directory, wide))).toFailWith('E_TOO_LARGE');
  });
});

describe('a difference', () => {
  it('is what git diff says, without renames', async () => {
    const directory = ledgerOf(200);
    const blob = git(directory, ['hash-object', '-w', '--stdin'], 'other');
    const [path] = Object.keys(record(3));
    const none = '0'.repeat(40);
    const changes = [
      ...[...Object.keys(record(150)), ...Object.keys(record(199))].map((name) => `0 ${none}\t${name}`),
      `100644 ${blob}\tpackages/new`,
      `100644 ${blob}\t${path ?? ''}`,
      `100755 ${git(directory, ['rev-parse', 'main:README.md'])}\tREADME.md`,
      // A folder becomes a file.
      `100644 ${blob}\tpackages/github.com/owner3/repo4/v1.9.0`,
    ];
    const env = { GIT_INDEX_FILE: join(temporary(), 'index') };
    git(directory, ['read-tree', 'main'], undefined, env);
    git(directory, ['update-index', '--index-info'], `${changes.join('\n')}\n`, env);
    const commit = commitOf(directory, git(directory, ['write-tree'], undefined, env));
    await using local = await openLocalRepository(directory, GIT_ENV);
    const main = await local.resolve('main');
    for (const [before, after] of [
      [main, commit],
      [commit, main],
      [main, git(directory, ['rev-parse', 'main~20'])],
      [main, main],
    ] as const) {
      const expected = git(directory, ['diff', '--raw', '--no-renames', '--no-abbrev', before, after]);
      const differences = await local.diff(before, after);
      const raw = differences.map(
        ({ path: at, status, oldMode, newMode, oldOid, newOid }) =>
          `:${oldMode ?? '000000'} ${newMode ?? '000000'} ${oldOid ?? none} ${newOid ?? none} ` +
          `${{ added: 'A', modified: 'M', removed: 'D' }[status]}\t${at}`,
      );
      expect(raw.sort()).toEqual(
        expected
          .split('\n')
          .filter((line) => line !== '')
          .sort(),
      );
    }
    expect(await local.diff(undefined, main)).toHaveLength(1002);
  });

  it('of one record among thousands reads the trees on its path', async () => {
    const directory = ledgerOf(2000, 100);
    const base = git(directory, ['rev-parse', 'main']);
    const commit = commits(directory, [{ branch: 'pullthrough/x', from: 'refs/heads/main', files: record(5000) }]);
    // Everything but the trees on its path is taken away: anyone who reads more fails.
    const slim = bareRepository();
    const path = [
      '',
      'packages',
      'packages/github.com',
      'packages/github.com/owner100',
      'packages/github.com/owner100/repo0',
    ];
    const wanted = [
      base,
      commit,
      ...path.slice(0, 3).map((at) => git(directory, ['rev-parse', `${base}:${at}`])),
      ...[...path, `${path.at(-1) ?? ''}/v1.0.0`].map((at) => git(directory, ['rev-parse', `${commit}:${at}`])),
    ];
    for (const oid of wanted) {
      const type = git(directory, ['cat-file', '-t', oid]);
      const bytes = gitBytes(directory, ['cat-file', type, oid]);
      expect(git(slim, ['hash-object', '-w', '-t', type, '--literally', '--stdin'], bytes)).toBe(oid);
    }
    await using local = await openLocalRepository(slim, GIT_ENV);
    const differences = await local.diff(base, commit);
    expect(differences.map(({ path }) => path).sort()).toEqual(Object.keys(record(5000)).sort());
  });
});
