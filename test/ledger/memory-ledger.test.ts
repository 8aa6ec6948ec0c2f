import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { utf8 } from '../../ledger-schema/bytes.ts';
import { openLocalRepository } from '../../ledger/git/local.ts';
import { encodePack } from '../../ledger/git/objects/pack.ts';
import type { LocalRepository } from '../../ledger/git/local.ts';
import type { LedgerRepository } from '../../ledger/git/repository.ts';
import { startGitServer } from '../servers/git-server.ts';
import type { GitServer } from '../servers/git-server.ts';
import { bareRepository, collect, commits, git, open } from '../kit/git-fixture.ts';
import { MemoryLedger } from '../kit/memory-ledger.ts';
import type { OddLeaf } from '../kit/memory-ledger.ts';
import type { Tree } from '../kit/ledger-people.ts';

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
