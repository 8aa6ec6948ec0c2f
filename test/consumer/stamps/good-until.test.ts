import { expect, test } from 'vitest';
import { goodUntil } from '../../../consumer/stamps/good-until.ts';
import { establishTrust, verifyRecord } from '../../../ledger-schema/index.ts';
import { ledgerFiles, recordFiles } from '../../../ledger/files.ts';
import { putPolicy, putRecord } from '../../kit/ledger/ledger-tree.ts';
import type { Tree } from '../../kit/ledger/ledger-tree.ts';
import { MemoryLedger } from '../../kit/ledger/memory-ledger.ts';
import { person } from '../../kit/ledger/people.ts';

const DAY = 86_400;
const made = new Date('2026-11-01T00:00:00Z');
const now = new Date('2026-11-10T00:00:00Z');
const day = (days: number) => new Date(made.getTime() + days * DAY * 1000);
const lives = (days: number) => ({ made, signs: made, ...(days === 0 ? {} : { lives: days * DAY }) });

test.each<
  [string, { bot: number; ada: number; grace: number; threshold: number; acks: 'one' | 'two' }, Date | undefined]
>([
  ['never, where no key expires', { bot: 0, ada: 0, grace: 0, threshold: 1, acks: 'one' }, undefined],
  ['with its only ack’s key', { bot: 0, ada: 20, grace: 0, threshold: 1, acks: 'one' }, day(20)],
  ['with the key of the sign, if that is first', { bot: 15, ada: 20, grace: 0, threshold: 1, acks: 'one' }, day(15)],
  [
    'with the last of two acks, where one is enough',
    { bot: 0, ada: 20, grace: 30, threshold: 1, acks: 'two' },
    day(30),
  ],
  [
    'never, where one of two is enough and lives on',
    { bot: 0, ada: 20, grace: 0, threshold: 1, acks: 'two' },
    undefined,
  ],
  [
    'with the first of two acks, where both are needed',
    { bot: 0, ada: 20, grace: 30, threshold: 2, acks: 'two' },
    day(20),
  ],
])('an acknowledged record ends %s', async (_, given, expected) => {
  const [bot, ada, grace] = await Promise.all([
    person('mirror-bot', lives(given.bot)),
    person('ada', lives(given.ada)),
    person('grace', lives(given.grace)),
  ]);
  const tree: Tree = new Map();
  const roots = [await person('root', lives(0))];
  await putPolicy(tree, 1, { roots, executors: [bot], reviewers: [ada, grace], threshold: given.threshold }, roots);
  const path = await putRecord(tree, bot, given.acks === 'one' ? [ada] : [ada, grace], { tag: 'v1' });
  const ledger = new MemoryLedger();
  const snapshot = ledger.snapshot(ledger.commit(tree));
  const trust = await establishTrust(ledgerFiles(snapshot), { now });
  const files = recordFiles(snapshot, path, await snapshot.list(path));
  const status = await verifyRecord(files, trust);
  expect(status.state).toBe('acknowledged');
  expect(await goodUntil(files, status, trust)).toEqual(expected);
});
