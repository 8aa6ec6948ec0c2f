import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { utf8 } from '../../ledger-schema/bytes.ts';
import { openLocalRepository } from '../../ledger/git/local.ts';
import { encodePack } from '../../ledger/git/objects/pack.ts';
import type { LocalRepository } from '../../ledger/git/local.ts';
import type { LedgerRepository } from '../../ledger/git/repository.ts';
import { startGitServer } from '../servers/git-server.ts';
import type { GitServer } from '../servers/git-server.ts';
import { bareRepository, collect, commits, git, open } from '../kit/ledger/git-fixture.ts';
import { GitLedger } from '../kit/ledger/git-ledger.ts';
import type { LedgerHost } from '../kit/ledger/ledger-host.ts';
import { MemoryHost } from '../kit/ledger/memory-host.ts';
import { MemoryLedger } from '../kit/ledger/memory-ledger.ts';
import type { OddLeaf } from '../kit/ledger/memory-ledger.ts';
import type { Tree } from '../kit/ledger/ledger-tree.ts';

/** What the ledger in memory and a repository of git's own both answer. */
type Answers = Pick<
  LocalRepository & LedgerRepository,
  'snapshot' | 'mergeBases' | 'isAncestor' | 'log' | 'diff' | 'requireOnlyAdded'
>;

const RECORD = 'packages/github.com/acme/tool/v1';
const tree = (...paths: string[]): Tree => new Map(paths.map((path) => [path, utf8(`what ${path} holds\n`)]));
const FIRST = tree('README.md', 'trust/1.policy.json', `${RECORD}/checklist.json`, `${RECORD}.json`, 'packages/é/x');
const odd = new Map<string, OddLeaf>([
  ['packages/run', { mode: '100755', content: '#!/bin/sh\n' }],
  ['packages/link', { mode: '120000', content: '/etc/passwd' }],
  ['packages/module', { mode: '160000', content: 'a'.repeat(40) }],
]);

const memory = new MemoryLedger();
const directory = bareRepository();
/** A history of crosswise merges, odd modes and a root of its own. */
const honest: string[] = [];
/** What git itself never writes. */
const strange: string[] = [];
let server: GitServer;

beforeAll(async () => {
  const first = memory.commit(FIRST);
  const left = memory.commit(new Map([...FIRST, ...tree(`${RECORD}/left`)]), { parents: [first], date: 1_700_000_100 });
  const right = memory.commit(new Map([...FIRST, ...tree('trust/right')]), { parents: [first], date: 1_600_000_000 });
  const both = new Map([...FIRST, ...tree(`${RECORD}/left`, 'trust/right')]);
  const one = memory.commit(both, { parents: [left, right] });
  const other = memory.commit(new Map([...both, ['README.md', utf8('changed')]]), { parents: [right, left] });
  const without = memory.commit(tree('README.md', 'trust/1.policy.json'), { parents: [one] });
  honest.push(first, left, right, one, other, without, memory.commit(FIRST, { parents: [other], odd }));
  honest.push(memory.commit(tree('unrelated')));
  strange.push(await memory.commitTwice(first, `${RECORD}/checklist.json`, 'other bytes'));
  strange.push(await memory.commitFolder(first, 'packages/empty'));
  strange.push(await memory.commitFolder(first, 'packages', await memory.folder(first, 'trust')));
  git(directory, ['unpack-objects', '-q'], encodePack(memory.objects, 'sha1'));
  const refs = honest.map((commit, index) => `create refs/heads/pullthrough/c${index} ${commit}\n`);
  git(directory, ['update-ref', '--stdin'], [...refs, `create refs/heads/main ${honest[3] ?? ''}\n`].join(''));
  server = await startGitServer({ root: dirname(directory) });
});
afterAll(() => server[Symbol.asyncDispose]());

/** An answer, or the code of the refusal. */
async function answer(question: () => unknown): Promise<unknown> {
  try {
    return await question();
  } catch (error) {
    return (error as { code?: string }).code ?? error;
  }
}

async function everything(ledger: Answers, all: readonly string[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  const ask = async (question: () => unknown): Promise<unknown> => answers.push(await answer(question));
  for (const commit of all) {
    const snapshot = ledger.snapshot(commit);
    for (const folder of ['', 'packages', RECORD, 'trust', 'nowhere']) {
      await ask(() => snapshot.list(folder));
      await ask(async () => {
        const leaves = await collect(snapshot.walk(folder));
        const blobs = leaves.filter(({ mode }) => mode === '100644');
        return [leaves, await Promise.all(blobs.map(({ oid }) => snapshot.blob(oid, 1000)))];
      });
    }
    await ask(() => snapshot.blob('b'.repeat(40), 1000));
    await ask(() => ledger.log(undefined, commit));
    await ask(() => ledger.diff(undefined, commit));
    for (const another of all) {
      await ask(() => ledger.mergeBases(commit, another));
      await ask(() => ledger.isAncestor(commit, another));
      await ask(() => ledger.log(commit, another));
      await ask(() => ledger.diff(commit, another));
      await ask(() => ledger.requireOnlyAdded(commit, another));
    }
  }
  return answers;
}

describe('the ledger in memory', () => {
  test('names its objects as git does', () => {
    const files = Object.fromEntries([...FIRST].map(([path, bytes]) => [path, new TextDecoder().decode(bytes)]));
    const ours = git(directory, ['rev-parse', `${honest[0] ?? ''}^{tree}`]);
    commits(directory, [{ branch: 'by-git', files }]);
    expect(git(directory, ['rev-parse', 'by-git^{tree}'])).toBe(ours);
  });

  test("answers as a repository of one's own does, also where git would not write what it holds", async () => {
    await using local = await openLocalRepository(directory);
    const all = [...honest, ...strange];
    expect(await everything(memory, all)).toEqual(await everything(local, all));
  });

  test.each(['a directory', 'file', 'http'])('answers as a clone by %s does', async (transport) => {
    const urls: Record<string, string> = { file: `file://${directory}`, http: `${server.origin}/ledger.git` };
    const ledger = await open({ url: urls[transport] ?? directory, refs: 'all' });
    await ledger.update();
    expect(await everything(ledger, honest)).toEqual(await everything(memory, honest));
  });
});

/** What a host and a clone of it answer to the same pushes, told without the names of commits. */
async function pushed(host: LedgerHost, clone: LedgerRepository): Promise<unknown[]> {
  const answers: unknown[] = [];
  const first = host.commit(FIRST, { branch: 'main' });
  const author = { name: 'Ada', email: 'ada@example.org' };
  const make = async (name: string): Promise<string> =>
    clone.commit({ parents: [first], base: first, files: new Map([[name, utf8(name)]]), message: name, author, date });
  const date = new Date(1_750_000_000_000);
  const push = async (...updates: readonly [branch: string, from: string | undefined, to: string | undefined][]) => {
    const asked = updates.map(([branch, from, to]) => ({ branch, from, to }));
    answers.push(await answer(() => clone.push(asked)), [...host.branches()]);
  };
  await clone.update();
  answers.push(
    clone.head(),
    await answer(() =>
      clone.commit({ parents: [], base: first, files: new Map([['trust', utf8('x')]]), message: 'x', author }),
    ),
  );
  const [one, two] = [await make(`${RECORD}/one`), await make(`${RECORD}/two`)];
  answers.push(one, two, await clone.height(one));
  const [a, b] = ['pullthrough/a', 'pullthrough/b'];
  await push([a, undefined, one], [b, undefined, two]);
  answers.push(
    host.facts(one),
    [...host.files(two)].map(([path, bytes]) => [path, Buffer.from(bytes).toString()]),
  );
  await push([a, undefined, one]);
  await push([a, two, first]);
  await push([b, two, one], [a, two, undefined]);
  await push([`${a}/below`, undefined, one]);
  await push(['-', undefined, one], ['a..b', undefined, one]);
  answers.push(
    await clone.fetchBranch(b),
    await clone.fetchBranch('pullthrough/c'),
    await answer(() => clone.fetchBranch('a..b')),
  );
  host.keepBranches(true);
  await push(['main', first, two], [a, one, undefined]);
  host.keepBranches(false);
  await push(['main', first, two], [a, one, undefined]);
  host.point('pullthrough/x;y', one);
  await clone.update();
  answers.push(clone.head(), [...clone.branches()]);
  host.point(b, undefined);
  answers.push([...host.branches()]);
  return answers;
}

test('the host in memory takes and refuses what git does, and its clone tells of it alike', async () => {
  using inMemory = new MemoryHost();
  using byGit = new GitLedger();
  const warnings: string[][] = [[], []];
  const clones = [
    await inMemory.open({ branch: 'main', warn: (message) => warnings[0]?.push(message) }),
    await open({ url: byGit.directory, refs: 'all', warn: (message) => warnings[1]?.push(message) }),
  ] as const;
  expect(await pushed(inMemory, clones[0])).toEqual(await pushed(byGit, clones[1]));
  expect(warnings[0]).toHaveLength(1);
  expect(warnings[0]).toEqual(warnings[1]);
});
