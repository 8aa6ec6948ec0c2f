import { describe, expect, test } from 'vitest';
import { utf8 } from '../../../ledger-schema/bytes.ts';
import type { ErrorCode } from '../../../ledger-schema/error.ts';
import { ackPath, keyPath, policyPath, policySignPath } from '../../../ledger-schema/names/layout.ts';
import { CHANGE_FILES } from '../../../ledger/gate/gate-report.ts';
import type { OddLeaf } from '../../kit/ledger/memory-ledger.ts';
import { putAck, putNack, putPolicy, putRecord } from '../../kit/ledger/ledger-tree.ts';
import type { Tree } from '../../kit/ledger/ledger-tree.ts';
import { revokedCopy } from '../../kit/ledger/people.ts';
import type { Person } from '../../kit/ledger/people.ts';
import {
  ada,
  bot,
  change,
  check,
  codes,
  drop,
  eachOnNewLedger,
  grace,
  ledger,
  linus,
  record,
  roles,
  stranger,
  tree,
} from './gate-world.ts';

eachOnNewLedger();

describe('a change that the gate takes', () => {
  test('a new record with a valid sign, acked or not', async () => {
    expect(await change((t) => putRecord(t, bot, [], { tag: 'v2.0.0' }))).toEqual([]);
    expect(await change((t) => putRecord(t, bot, [grace], { tag: 'v2.0.0' }))).toEqual([]);
  });

  test('several records of several repositories at once', async () => {
    expect(
      await change(async (t) => {
        await putRecord(t, bot, [], { tag: 'v2.0.0' });
        await putRecord(t, bot, [], { repository: 'acme/other', repositoryId: 7 });
      }),
    ).toEqual([]);
  });

  test('a late ack, and a nack', async () => {
    expect(await change((t) => putAck(t, record, grace))).toEqual([]);
    expect(await change((t) => putNack(t, record, grace))).toEqual([]);
  });

  test('a nack by a current reviewer whose key is revoked', async () => {
    const gone = await revokedCopy(grace);
    await putPolicy(tree, 1, { ...roles, reviewers: [ada, gone] }, [ada]);
    expect(await change((t) => putNack(t, record, grace))).toEqual([]);
  });

  test('what touches neither packages/ nor trust/', async () => {
    expect(await change((t) => t.set('README.md', utf8('other words\n')))).toEqual([]);
  });

  test('the next policy with enough signatures, and a later signature on it', async () => {
    const next = { ...roles, reviewers: [ada, grace, linus] };
    expect(await change((t) => putPolicy(t, 2, next, [ada]))).toEqual([]);
  });

  test('policy 1 of a ledger that has none', async () => {
    tree.clear();
    tree.set('README.md', utf8('a ledger\n'));
    expect(await change((t) => putPolicy(t, 1, roles, [ada]))).toEqual([]);
    expect(await change((t) => putPolicy(t, 1, roles, []))).toEqual(['E_POLICY_THRESHOLD']);
  });

  test('no signature on policy 1 where a later policy lacks them', async () => {
    const two = { ...roles, roots: [ada, grace] };
    const policy = await putPolicy(tree, 1, two, [ada]);
    await putPolicy(tree, 2, two, []);
    const base = ledger.commit(tree);
    const late = new Map(tree).set(policySignPath(1, grace.fingerprint), await grace.sign(policy));
    const head = ledger.commit(late, { parents: [base] });
    await expect(() => check({ head, base })).toFailWith('E_POLICY_THRESHOLD');
  });

  test('a signature that policy 1 of a new ledger still lacks', async () => {
    const two = { ...roles, roots: [ada, grace, linus], rootThreshold: 3 };
    tree.clear();
    const policy = await putPolicy(tree, 1, two, [ada]);
    const sign = async (t: Tree, who: Person): Promise<unknown> =>
      t.set(policySignPath(1, who.fingerprint), await who.sign(policy));
    expect(await change((t) => sign(t, grace))).toEqual([]);
    expect(await change((t) => sign(t, stranger))).toEqual(['E_SIG_UNLISTED']);
    for (const path of [keyPath(stranger.listed), 'README.md']) {
      const base = ledger.commit(tree);
      const head = ledger.commit(new Map(tree).set(path, stranger.file), { parents: [base] });
      await expect(() => check({ head, base })).toFailWith('E_POLICY_THRESHOLD');
    }
  });

  test('nothing at all where trust cannot be established', async () => {
    const changes = ['README.md', keyPath(linus.listed), `${record}/checklist.sha256`];
    const ledgers: [Tree, ErrorCode][] = [
      [new Map([['README.md', utf8('a ledger without a policy\n')]]), 'E_POLICY_MISSING'],
      [new Map([...tree, [policyPath(3), utf8('{}')]]), 'E_POLICY_GAP'],
      [new Map([...tree, [policyPath(1), utf8('{}')]]), 'E_POLICY_FORMAT'],
    ];
    for (const [broken, code] of ledgers) {
      const base = ledger.commit(broken);
      for (const path of changes) {
        const head = ledger.commit(new Map(broken).set(path, utf8('other words\n')), { parents: [base] });
        await expect(() => check({ head, base })).toFailWith(code);
      }
    }
  });

  test('one beside names that differ in case only in the base already', async () => {
    await putRecord(tree, bot, [ada], { tag: 'V1.0.0' });
    expect(await change((t) => putRecord(t, bot, [], { tag: 'v2.0.0' }))).toEqual([]);
    expect(await change((t) => putAck(t, record, grace))).toEqual([]);
    expect(await change((t) => putRecord(t, bot, [], { tag: 'v1.0.0-rc' }))).toEqual([]);
    expect(await change((t) => putRecord(t, bot, [], { repository: 'Acme/tool', tag: 'v2.0.0' }))).toContain(
      'E_COLLISION',
    );
  });

  test('a change made on an older base, where the base moved on', async () => {
    const first = ledger.commit(tree);
    const proposal: Tree = new Map(tree);
    await putRecord(proposal, bot, [], { tag: 'v2.0.0' });
    const head = ledger.commit(proposal, { parents: [first] });
    await putRecord(tree, bot, [], { tag: 'v3.0.0' });
    const base = ledger.commit(tree, { parents: [first] });
    expect(codes(await check({ head, base }))).toEqual([]);
  });
});

describe('append-only', () => {
  test('a changed, a removed and a renamed file are refused', async () => {
    expect(await change((t) => t.set(`${record}/checklist.sha256.sign`, utf8('x')))).toContain('E_APPEND_ONLY');
    expect(await change((t) => drop(t, ackPath(record, ada.fingerprint)))).toContain('E_APPEND_ONLY');
    expect(await change((t) => drop(t, policyPath(1)))).toContain('E_APPEND_ONLY');
    expect(
      await change((t) => {
        t.set(keyPath({ ...ada.listed, sha256: 'f'.repeat(64) }), ada.file);
        drop(t, keyPath(ada.listed));
      }),
    ).toContain('E_APPEND_ONLY');
  });

  test('a file that the base got meanwhile is not replaced by another', async () => {
    const first = ledger.commit(tree);
    const proposal: Tree = new Map(tree);
    await putRecord(proposal, bot, [], { tag: 'v2.0.0', content: 'one' });
    const head = ledger.commit(proposal, { parents: [first] });
    await putRecord(tree, bot, [], { tag: 'v2.0.0', content: 'another' });
    const base = ledger.commit(tree, { parents: [first] });
    expect(codes(await check({ head, base }))).toContain('E_APPEND_ONLY');
    expect(codes(await check({ head, base: head }))).toEqual([]);
  });

  test.each(['nack', 'record'])(
    'a merge of two merged branches does not take out a %s of one of them',
    async (what) => {
      const first = ledger.commit(tree);
      const one: Tree = new Map(tree);
      if (what === 'nack') await putNack(one, record, grace);
      else await putRecord(one, bot, [], { tag: 'v2.0.0' });
      const left = ledger.commit(one, { parents: [first] });
      const other: Tree = new Map(tree);
      await putRecord(other, bot, [], { tag: 'v3.0.0' });
      // Its maker chooses its date, and so which of the two merge bases is the newer.
      for (const date of [1_600_000_000, 1_800_000_000]) {
        const right = ledger.commit(other, { parents: [first], date });
        const base = ledger.commit(new Map([...one, ...other]), { parents: [left, right] });
        const evil: Tree = new Map(other);
        await putRecord(evil, bot, [], { tag: 'v4.0.0' });
        const head = ledger.commit(evil, { parents: [right, left] });
        expect(codes(await check({ head, base })), String(date)).toEqual(['E_APPEND_ONLY']);
        const honest = ledger.commit(new Map([...one, ...evil]), { parents: [right, left] });
        expect(codes(await check({ head: honest, base })), String(date)).toEqual([]);
      }
    },
  );

  test('an executable bit on a merged file is a change', async () => {
    const path = `${record}/checklist.json`;
    const content = new TextDecoder().decode(tree.get(path));
    const odd = new Map<string, OddLeaf>([[path, { mode: '100755', content }]]);
    expect(await change((t) => drop(t, path), { odd })).toContain('E_APPEND_ONLY');
  });
});

describe('a large change', () => {
  const files = (count: number): [string, Uint8Array][] =>
    Array.from({ length: count }, (_, i) => [`packages/github.com/acme/tool/v${i}/checklist.json`, utf8('x')]);

  test('is refused by an error of its own, before anything of it is read', async () => {
    const base = ledger.commit(tree);
    const head = ledger.commit(new Map([...tree, ...files(CHANGE_FILES + 1)]), { parents: [base] });
    await expect(() => check({ head, base })).toFailWith('E_CHANGE_FILES');
    const fewer = ledger.commit(new Map([...tree, ...files(40)]), { parents: [base] });
    expect(codes(await check({ head: fewer, base }))).not.toContain('E_CHANGE_FILES');
  });

  test('has as many files as anyone who asks takes of one change', async () => {
    const base = ledger.commit(tree);
    const head = ledger.commit(new Map([...tree, ...files(40)]), { parents: [base] });
    await expect(() => check({ head, base, mostFiles: 39 })).toFailWith('E_CHANGE_FILES');
    expect(codes(await check({ head, base, mostFiles: 40 }))).toContain('E_RECORD');
  });

  test("of what is the owner's own is nobody's business", async () => {
    const own = files(CHANGE_FILES + 1).map(([path, bytes]) => [path.replace('packages', 'docs'), bytes] as const);
    expect(await change((t) => own.forEach(([path, bytes]) => t.set(path, bytes)))).toEqual([]);
  });

  test('of folders that hold one another is refused at once', async () => {
    const base = ledger.commit(tree);
    const same = ledger.commit(tree, { parents: [base] });
    const head = await ledger.commitFolder(same, 'packages/bomb', ledger.bomb(64, 8));
    await expect(() => check({ head, base })).toFailWith('E_CHANGE_FILES');
    const elsewhere = await ledger.commitFolder(same, 'bomb', ledger.bomb(64, 8));
    expect(codes(await check({ head: elsewhere, base }))).toEqual([]);
  });
});

test('a change without common history is refused', async () => {
  const base = ledger.commit(tree);
  const head = ledger.commit(tree);
  expect(base).not.toBe('');
  await putRecord(tree, bot, [], { tag: 'v2.0.0' });
  const other = ledger.commit(tree);
  expect(other).not.toBe(head);
  await expect(() => check({ head: other, base })).toFailWith('E_UNRELATED');
});
