import { beforeAll, expect, test } from 'vitest';
import { verifyFiles } from '../../consumer/verify/verify-file.ts';
import { Catalog } from '../../consumer/serve/catalog.ts';
import { ByDigest } from '../../consumer/serve/api/by-digest.ts';
import { sha256Hex, utf8 } from '../../ledger-schema/bytes.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import type { LedgerView } from '../../ledger/view/view.ts';
import { putNack, putPolicy, putRecord } from '../kit/ledger/ledger-tree.ts';
import { person } from '../kit/ledger/people.ts';
import type { Tree } from '../kit/ledger/ledger-tree.ts';
import type { Person } from '../kit/ledger/people.ts';
import { MemoryLedger } from '../kit/ledger/memory-ledger.ts';
import { memoryView } from '../kit/ledger/memory-view.ts';

const LICENCE = 'the same in every release\n';
const sha256 = sha256Hex(utf8(LICENCE));
const file = { path: './LICENCE', size: LICENCE.length, sha256 };
const PROPOSED = 120;

let ada: Person, bot: Person, tree: Tree;

/** The licence in many records that nobody acknowledged, by path before the others. */
beforeAll(async () => {
  [ada, bot] = (await Promise.all(['ada', 'mirror-bot'].map((name) => person(name)))) as [Person, Person];
  tree = new Map();
  await putPolicy(tree, 1, { roots: [ada], executors: [bot], reviewers: [ada], threshold: 1 }, [ada]);
  for (let i = 0; i < PROPOSED; i++) await putRecord(tree, bot, [], { tag: `a${i}`, content: LICENCE });
});

async function viewOf(more: (tree: Tree) => Promise<unknown>): Promise<LedgerView> {
  const copy: Tree = new Map(tree);
  await more(copy);
  const ledger = new MemoryLedger();
  return memoryView(ledger, ledger.commit(copy), new Date());
}

const acknowledged = (): Promise<LedgerView> =>
  viewOf((copy) => putRecord(copy, bot, [ada], { tag: 'z1', content: LICENCE }));

function byDigest(view: LedgerView, most?: number): ByDigest {
  const catalog = new Catalog(view, { now: () => Date.now(), aliases: [] });
  return new ByDigest(() => catalog, most);
}

test('bytes that one record acknowledges are, however many others list them', async () => {
  const view = await acknowledged();
  const [verdict] = await verifyFiles(view, [file]);
  expect(verdict).toMatchObject({ state: 'acknowledged', releases: [{ release: { tag: 'z1' } }] });
  expect(await byDigest(view).find(sha256)).toMatchObject({ sha256, name: 'tool-linux-amd64' });
});

test('a withdrawn record is told, however many others list the same bytes', async () => {
  const view = await viewOf(async (copy) => {
    for (let i = 0; i < PROPOSED; i++) await putRecord(copy, bot, [ada], { tag: `a${i}`, content: LICENCE });
    const path = await putRecord(copy, bot, [ada], { tag: 'z1', content: LICENCE });
    await putNack(copy, path, ada);
  });
  const [verdict] = await verifyFiles(view, [file]);
  expect(verdict?.state).toBe('acknowledged');
  expect(verdict?.releases).toHaveLength(100);
  expect(verdict?.more).toBe(PROPOSED - 100);
  expect(verdict?.problems.map(({ code }) => code)).toEqual(['E_WITHDRAWN']);
});

test('a gateway never says that bytes are not acknowledged where it has not looked at every record', async () => {
  const view = await acknowledged();
  await expect(byDigest(view, 100).find(sha256)).toFailWith('E_TOO_LARGE');
  const none = await viewOf(() => Promise.resolve());
  await expect(byDigest(none, 100).find(sha256)).toFailWith('E_TOO_LARGE');
  await expect(byDigest(none).find(sha256)).toFailWith('E_NOT_ACKNOWLEDGED');
});

test('nor where one of them could not be read', async () => {
  const view = await viewOf(() => Promise.resolve());
  const [lost] = await view.snapshot.list('packages/github.com/acme/tool/a7');
  const snapshot = {
    ...view.snapshot,
    commit: view.commit,
    list: (directory: string) => view.snapshot.list(directory),
    listMany: (directories: readonly string[]) => view.snapshot.listMany(directories),
    prefetch: (oids: readonly string[]) => view.snapshot.prefetch(oids),
    walk: (directory: string) => view.snapshot.walk(directory),
    blobsHere: (oids: readonly string[], limit: number) => view.snapshot.blobsHere(oids, limit),
    leaves: (directory: string) => view.snapshot.leaves(directory),
    blob: (oid: string, limit: number) =>
      oid === lost?.oid
        ? Promise.reject(new PullthroughError('E_LEDGER_UNREACHABLE', 'nobody answers'))
        : view.snapshot.blob(oid, limit),
  };
  await expect(byDigest({ ...view, snapshot }).find(sha256)).toFailWith('E_LEDGER_UNREACHABLE');
});
