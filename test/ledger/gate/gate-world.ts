import { beforeAll, beforeEach } from 'vitest';
import { utf8 } from '../../../ledger-schema/bytes.ts';
import type { ErrorCode } from '../../../ledger-schema/error.ts';
import { checkLedger } from '../../../ledger/gate/gate.ts';
import type { GateOptions, GateReport } from '../../../ledger/gate/gate.ts';
import { MemoryLedger } from '../../kit/ledger/memory-ledger.ts';
import type { OddLeaf } from '../../kit/ledger/memory-ledger.ts';
import { putPolicy, putRecord } from '../../kit/ledger/ledger-tree.ts';
import type { Roles, Tree } from '../../kit/ledger/ledger-tree.ts';
import { person } from '../../kit/ledger/people.ts';
import type { Person } from '../../kit/ledger/people.ts';

export const now = new Date();
export const DAY = 86_400_000;
export let ada: Person, grace: Person, linus: Person, bot: Person, oldBot: Person, stranger: Person;
export let ledger: MemoryLedger;
export let tree: Tree;
export let roles: Roles;
export let record: string;

/** For a test file of the gate: before each test a ledger in memory of one policy, and one record that ada acknowledged. */
export function eachOnNewLedger(): void {
  beforeAll(async () => {
    [ada, grace, linus, bot, oldBot, stranger] = (await Promise.all(
      ['ada', 'grace', 'linus', 'mirror-bot', 'old-bot', 'mallory'].map((name) => person(name)),
    )) as [Person, Person, Person, Person, Person, Person];
  });

  beforeEach(async () => {
    ledger = new MemoryLedger();
    tree = new Map([['README.md', utf8('a ledger\n')]]);
    roles = { roots: [ada], executors: [bot], reviewers: [ada, grace], threshold: 1, formerExecutors: [oldBot] };
    await putPolicy(tree, 1, roles, [ada]);
    record = await putRecord(tree, bot, [ada]);
  });
}

export function check(options: Partial<GateOptions> & { head: string }): Promise<GateReport> {
  return checkLedger(ledger, { now, ...options });
}

export function codes(report: GateReport): ErrorCode[] {
  return [...new Set(report.problems.map(({ code }) => code))].sort();
}

/** The codes that the gate gives a change of the base's tree. */
export async function change(
  edit: (changed: Tree) => unknown,
  options: Partial<GateOptions> & { odd?: ReadonlyMap<string, OddLeaf> } = {},
): Promise<ErrorCode[]> {
  const base = ledger.commit(tree);
  const changed: Tree = new Map(tree);
  await edit(changed);
  const head = ledger.commit(changed, { parents: [base], ...(options.odd === undefined ? {} : { odd: options.odd }) });
  return codes(await check({ head, base, ...options }));
}

export function drop(from: Tree, path: string): void {
  if (!from.delete(path)) throw new Error(`there is no ${path} to remove`);
}
