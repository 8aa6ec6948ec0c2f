import { beforeAll, expect, test } from 'vitest';
import { DigestIndex } from '../../../consumer/serve/api/digest-index.ts';
import type { Snapshot } from '../../../ledger/snapshot.ts';
import type { LedgerView } from '../../../ledger/view/view.ts';
import { sha256Hex, utf8 } from '../../../ledger-schema/bytes.ts';
import { PullthroughError } from '../../../ledger-schema/error.ts';
import { putPolicy, putRecord } from '../../kit/ledger/ledger-tree.ts';
import { person } from '../../kit/ledger/people.ts';
import type { Tree } from '../../kit/ledger/ledger-tree.ts';
import type { Person } from '../../kit/ledger/people.ts';
import { MemoryLedger } from '../../kit/ledger/memory-ledger.ts';
import { memoryView } from '../../kit/ledger/memory-view.ts';

let ada: Person, bot: Person;

beforeAll(async () => {
  [ada, bot] = (await Promise.all(['ada', 'mirror-bot'].map((name) => person(name)))) as [Person, Person];
});

const UNKNOWN = 'f'.repeat(64);
const digest = (text: string): string => sha256Hex(utf8(text));

/** A view, and how many lists of files and folders were read by it. */
async function counted(ledger: MemoryLedger, commit: string): Promise<{ view: LedgerView; reads: () => string[] }> {
  const view = await memoryView(ledger, commit, new Date());
  const reads: string[] = [];
  const { snapshot } = view;
  const counting: Snapshot = {
    ...snapshot,
    commit,
    list: (directory) => snapshot.list(directory),
    listMany: (directories) => {
      reads.push(...directories);
      return snapshot.listMany(directories);
    },
    blob: (oid, limit) => {
      reads.push('a list of files');
      return snapshot.blob(oid, limit);
    },
    prefetch: (oids) => snapshot.prefetch(oids),
    walk: (directory) => snapshot.walk(directory),
    blobsHere: (oids, limit) => snapshot.blobsHere(oids, limit),
    leaves: (directory) => snapshot.leaves(directory),
  };
  return { view: { ...view, snapshot: counting }, reads: () => reads.splice(0) };
}

async function recordsOf(index: DigestIndex, view: LedgerView, sha256: string): Promise<readonly string[]> {
  const { paths, all } = await index.recordsOf(view, sha256);
  expect(all).toBe(true);
  return paths;
}

async function twoTools(): Promise<{ ledger: MemoryLedger; tree: Tree }> {
  const ledger = new MemoryLedger();
  const tree: Tree = new Map();
  await putPolicy(tree, 1, { roots: [ada], executors: [bot], reviewers: [ada], threshold: 1 }, [ada]);
  await putRecord(tree, bot, [ada], { repository: 'acme/one', content: 'one' });
  await putRecord(tree, bot, [ada], { repository: 'acme/two', content: 'two' });
  return { ledger, tree };
}

test('a digest leads to the records that list it, and one that nobody lists reads nothing', async () => {
  const { ledger, tree } = await twoTools();
  await putRecord(tree, bot, [ada], { repository: 'acme/two', tag: 'v2', content: 'one' });
  const { view, reads } = await counted(ledger, ledger.commit(tree));
  const index = new DigestIndex();
  expect(await recordsOf(index, view, digest('one'))).toEqual([
    'packages/github.com/acme/one/v1.0.0',
    'packages/github.com/acme/two/v2',
  ]);
  expect(await recordsOf(index, view, digest('two'))).toEqual(['packages/github.com/acme/two/v1.0.0']);
  reads();
  for (let i = 0; i < 100; i++) expect(await recordsOf(index, view, digest(`nobody's ${i}`))).toEqual([]);
  expect(reads()).toEqual([]);
});

test('what was read before the ledger failed is found later', async () => {
  const { ledger, tree } = await twoTools();
  const { view } = await counted(ledger, ledger.commit(tree));
  const index = new DigestIndex();
  let left = 1;
  const failing: Snapshot = {
    ...view.snapshot,
    blob: async (oid, limit) => {
      if (left-- > 0) return view.snapshot.blob(oid, limit);
      throw new PullthroughError('E_GIT', 'the host is gone');
    },
  };
  await expect(index.recordsOf({ ...view, snapshot: failing }, UNKNOWN)).rejects.toMatchObject({ code: 'E_GIT' });
  for (const name of ['one', 'two']) {
    expect(await recordsOf(index, view, digest(name))).toEqual([`packages/github.com/acme/${name}/v1.0.0`]);
  }
});

test('of the next state of a ledger only what is new is read', async () => {
  const { ledger, tree } = await twoTools();
  const before = ledger.commit(tree);
  const index = new DigestIndex();
  await index.recordsOf((await counted(ledger, before)).view, UNKNOWN);
  await putRecord(tree, bot, [ada], { repository: 'acme/two', tag: 'v2', content: 'new' });
  const { view, reads } = await counted(ledger, ledger.commit(tree, { parents: [before] }));
  expect(await recordsOf(index, view, digest('new'))).toEqual(['packages/github.com/acme/two/v2']);
  expect(reads()).toEqual([
    'packages',
    'packages/github.com',
    'packages/github.com/acme',
    'packages/github.com/acme/two',
    'packages/github.com/acme/two/v2',
    'a list of files',
  ]);
  expect(await recordsOf(index, view, digest('one'))).toEqual(['packages/github.com/acme/one/v1.0.0']);
});

test('many who ask at once share one reading of the ledger', async () => {
  const { ledger, tree } = await twoTools();
  const { view, reads } = await counted(ledger, ledger.commit(tree));
  const index = new DigestIndex();
  await Promise.all(Array.from({ length: 20 }, () => index.recordsOf(view, UNKNOWN)));
  expect(reads().filter((path) => path === 'packages')).toHaveLength(1);
});
