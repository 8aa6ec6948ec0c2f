import { beforeAll, expect, test } from 'vitest';
import { checkLedger } from '../../ledger/gate/gate.ts';
import type { GateRepository } from '../../ledger/gate/gate-report.ts';

import { diffTrees } from '../../ledger/git/objects/diff.ts';
import { GitSnapshot } from '../../ledger/git/objects/git-snapshot.ts';
import { History } from '../../ledger/git/objects/history.ts';
import { Objects } from '../../ledger/git/objects/objects.ts';
import type { ObjectSource } from '../../ledger/git/objects/objects.ts';
import { objectId } from '../../ledger/git/objects/pack.ts';
import { putPolicy, putRecord } from '../kit/ledger/ledger-tree.ts';
import { person } from '../kit/ledger/people.ts';
import type { Tree } from '../kit/ledger/ledger-tree.ts';
import type { Person } from '../kit/ledger/people.ts';
import { MemoryLedger } from '../kit/ledger/memory-ledger.ts';

let ada: Person, bot: Person;

beforeAll(async () => {
  [ada, bot] = (await Promise.all(['ada', 'mirror-bot'].map((name) => person(name)))) as [Person, Person];
});

/** A clone that has the commits alone, and counts how often it asks for what it lacks. */
function partialClone(ledger: MemoryLedger): { readonly clone: GateRepository; readonly requests: () => number } {
  const all = new Map(ledger.objects.map((object) => [objectId(object, 'sha1'), object]));
  const here = new Set([...all].filter(([, { type }]) => type === 'commit').map(([oid]) => oid));
  const source: ObjectSource = {
    info: async (oid) => {
      const object = here.has(oid) ? all.get(oid) : undefined;
      return object && { type: object.type, size: object.bytes.length };
    },
    contents: async (oid) => {
      const object = here.has(oid) ? all.get(oid) : undefined;
      return object && { type: object.type, size: object.bytes.length, bytes: object.bytes };
    },
    contentsOfMany: async (oids, limit, found) => {
      for (const oid of oids) {
        const contents = await source.contents(oid, limit);
        if (contents !== undefined) found(oid, contents);
      }
    },
    close: async () => undefined,
  };
  let requests = 0;
  const objects = new Objects(source, 20, async (oids) => {
    requests += 1;
    for (const oid of oids) here.add(oid);
  });
  const history = new History(objects);
  const clone: GateRepository = {
    snapshot: (commit) => new GitSnapshot(commit, objects, () => history.treeOf(commit)),
    mergeBases: (a, b) => history.mergeBases(a, b),
    diff: async (a, b, scope) => diffTrees(objects, await history.treeOf(a), await history.treeOf(b), scope),
  };
  return { clone, requests: () => requests };
}

const roles = () => ({ roots: [ada], executors: [bot], reviewers: [ada], threshold: 1 });

/** How many requests the judgement of a change takes that adds so many records of each of so many tools. */
async function requestsOfChange(tools: number, records: number): Promise<number> {
  const ledger = new MemoryLedger();
  const tree: Tree = new Map();
  await putPolicy(tree, 1, roles(), [ada]);
  for (let i = 0; i < tools; i++) await putRecord(tree, bot, [ada], { repository: `acme/tool${i}`, tag: 'v0' });
  const base = ledger.commit(tree);
  const changed: Tree = new Map(tree);
  for (let i = 0; i < tools; i++) {
    for (let j = 1; j <= records; j++) {
      await putRecord(changed, bot, [ada], { repository: `acme/tool${i}`, tag: `v${j}` });
    }
  }
  const head = ledger.commit(changed, { parents: [base] });
  const { clone, requests } = partialClone(ledger);
  const report = await checkLedger(clone, { head, base, now: new Date(), requireAcknowledged: true });
  expect(report.problems).toEqual([]);
  expect(report.records).toHaveLength(tools * records);
  return requests();
}

test('a change is fetched before it is judged: however much it holds, it takes as many requests', async () => {
  expect(await requestsOfChange(5, 3)).toBe(await requestsOfChange(1, 1));
});

/** How many requests the judgement of a whole ledger takes that has so many policies. */
async function requestsOfLedger(policies: number): Promise<number> {
  const ledger = new MemoryLedger();
  const tree: Tree = new Map();
  for (let version = 1; version <= policies; version++) await putPolicy(tree, version, roles(), [ada]);
  await putRecord(tree, bot, [ada]);
  const head = ledger.commit(tree);
  const { clone, requests } = partialClone(ledger);
  expect((await checkLedger(clone, { head, now: new Date() })).problems).toEqual([]);
  return requests();
}

test('a whole ledger takes as many requests with many policies as with one', async () => {
  expect(await requestsOfLedger(5)).toBe(await requestsOfLedger(1));
});
