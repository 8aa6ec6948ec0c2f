import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sha256Hex, utf8 } from '../../ledger-schema/bytes.ts';
import type { ErrorCode } from '../../ledger-schema/error.ts';
import { ackPath, keyPath, nackPath, policyPath, policySignPath, sealPath } from '../../ledger-schema/names/layout.ts';
import { encodeSeal } from '../../ledger-schema/seal.ts';
import { CHANGE_FILES } from '../../ledger/gate/gate-report.ts';
import { checkLedger } from '../../ledger/gate/gate.ts';
import type { GateOptions, GateReport } from '../../ledger/gate/gate.ts';
import { MemoryLedger } from '../kit/ledger/memory-ledger.ts';
import type { OddLeaf } from '../kit/ledger/memory-ledger.ts';
import { putAck, putNack, putPolicy, putRecord } from '../kit/ledger/ledger-tree.ts';
import { person, revokedCopy, withoutSubkeys } from '../kit/ledger/people.ts';
import type { Roles, Tree } from '../kit/ledger/ledger-tree.ts';
import type { Person } from '../kit/ledger/people.ts';

const now = new Date();
const DAY = 86_400_000;
let ada: Person, grace: Person, linus: Person, bot: Person, oldBot: Person, stranger: Person;
let ledger: MemoryLedger;
let tree: Tree;
let roles: Roles;
let record: string;

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

function check(options: Partial<GateOptions> & { head: string }): Promise<GateReport> {
  return checkLedger(ledger, { now, ...options });
}

function codes(report: GateReport): ErrorCode[] {
  return [...new Set(report.problems.map(({ code }) => code))].sort();
}

/** The codes that the gate gives a change of the base's tree. */
async function change(
  edit: (changed: Tree) => unknown,
  options: Partial<GateOptions> & { odd?: ReadonlyMap<string, OddLeaf> } = {},
): Promise<ErrorCode[]> {
  const base = ledger.commit(tree);
  const changed: Tree = new Map(tree);
  await edit(changed);
  const head = ledger.commit(changed, { parents: [base], ...(options.odd === undefined ? {} : { odd: options.odd }) });
  return codes(await check({ head, base, ...options }));
}

function drop(from: Tree, path: string): void {
  if (!from.delete(path)) throw new Error(`there is no ${path} to remove`);
}

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
    tree = new Map([['README.md', utf8('a ledger\n')]]);
    expect(await change((t) => putPolicy(t, 1, roles, [ada]))).toEqual([]);
    expect(await change((t) => putPolicy(t, 1, roles, []))).toEqual(['E_POLICY_THRESHOLD']);
  });

  test('a signature that policy 1 of a new ledger still lacks', async () => {
    const two = { ...roles, roots: [ada, grace, linus], rootThreshold: 3 };
    tree = new Map();
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

describe('paths and modes', () => {
  test.each<[string, OddLeaf]>([
    ['packages/github.com/acme/tool/v2/checklist.json', { mode: '120000', content: '/etc/passwd' }],
    ['packages/github.com/acme/tool/v2/checklist.sha256', { mode: '100755', content: 'x' }],
    ['packages/github.com/acme/sub', { mode: '160000', content: 'a'.repeat(40) }],
    ['trust/keys/link', { mode: '120000', content: '../../README.md' }],
  ])('%s of another mode is refused', async (path, leaf) => {
    expect(await change(() => undefined, { odd: new Map([[path, leaf]]) })).toContain('E_MODE');
  });

  test.each([
    'packages/.gitattributes',
    'packages/README.md',
    'packages/github.com/acme/tool/v1.0.0/.gitattributes',
    'packages/github.com/acme/tool/v1.0.0/tool-linux-amd64',
    'packages/github.com/acme/tool/v1.0.0/sub/checklist.json',
    'packages/GitHub.com/acme/tool/v1.0.0/checklist.json',
    'packages/github.com/acme/tool/nul/checklist.json',
    'packages/github.com/acme/tool/v1%2e0/checklist.json',
    `packages/github.com/acme/tool/v1.0.0/checklist.sha256.${'a'.repeat(40)}.ack`,
    'trust/.gitattributes',
    'trust/01.policy.json',
    'trust/0.policy.json',
    'trust/keys/ada.asc',
    'trust/seals/x',
  ])('the path %s is refused', async (path) => {
    const found = await change((t) => t.set(path, utf8('x')));
    expect(found).toContain('E_PATH');
  });

  test('names that differ in case only are refused, directories included', async () => {
    expect(await change((t) => putRecord(t, bot, [], { tag: 'V1.0.0' }))).toContain('E_COLLISION');
    expect(await change((t) => putRecord(t, bot, [], { repository: 'Acme/tool', tag: 'v2.0.0' }))).toContain(
      'E_COLLISION',
    );
    expect(
      await change(async (t) => {
        await putRecord(t, bot, [], { tag: 'v3-rc' });
        await putRecord(t, bot, [], { tag: 'v3-RC' });
      }),
    ).toContain('E_COLLISION');
  });

  test('a name that stands twice in a tree is refused', async () => {
    const base = ledger.commit(tree);
    const changed: Tree = new Map(tree);
    const path = `${await putRecord(changed, bot, [grace], { tag: 'v2.0.0' })}/checklist.sha256`;
    const head = await ledger.commitTwice(ledger.commit(changed, { parents: [base] }), path, 'other bytes');
    expect(codes(await check({ head, base }))).toEqual(['E_COLLISION']);
    expect(codes(await check({ head }))).toEqual(['E_COLLISION']);
  });

  test.each(['packages/GitHub.com', 'packages/github.com/acme/tool/v2.0.0', 'trust/.gitattributes'])(
    'an empty folder %s, which has no leaf, is refused',
    async (folder) => {
      const base = ledger.commit(tree);
      const head = await ledger.commitFolder(ledger.commit(tree, { parents: [base] }), folder);
      expect(codes(await check({ head, base }))).toEqual(['E_MODE']);
      expect(codes(await check({ head }))).toContain('E_MODE');
    },
  );

  test.each(['packages', 'packages/github.com'])(
    'a second %s that holds nothing new and lacks a nack is refused',
    async (folder) => {
      const withoutNack = ledger.commit(tree);
      await putNack(tree, record, grace);
      const base = ledger.commit(tree, { parents: [withoutNack] });
      const same = ledger.commit(tree, { parents: [base] });
      const head = await ledger.commitFolder(same, folder, await ledger.folder(withoutNack, folder));
      const report = await check({ head, base });
      expect(report.problems).toMatchObject([{ code: 'E_COLLISION', path: folder }]);
    },
  );

  test.each(['packages/github.com', 'packages/github.com/acme', 'trust/keys'])(
    'a second %s with other files in it is refused in a full check, before a record is told of',
    async (folder) => {
      const other: Tree = new Map(tree);
      await putRecord(other, bot, [grace], { repository: 'acme/other', tag: 'v1.0.0' });
      for (const path of tree.keys()) if (path.startsWith(`${folder}/`)) other.delete(path);
      if (folder === 'trust/keys') other.set('trust/keys/other', utf8('x'));
      const head = await ledger.commitFolder(
        ledger.commit(tree),
        folder,
        await ledger.folder(ledger.commit(other), folder),
      );
      const report = await check({ head });
      expect(report.problems).toContainEqual(expect.objectContaining({ code: 'E_COLLISION', path: folder }));
      expect(report.records).toEqual([]);
    },
  );

  test('many records are told of in the order of the tree, with what is wrong with their names after their paths', async () => {
    const many: Tree = new Map(tree);
    const paths: string[] = [];
    for (const tag of ['A', 'a', 'b']) paths.push(await putRecord(many, bot, [grace], { repository: 'acme/zoo', tag }));
    many.set('packages/github.com/acme/zoo/c/checklist.other', utf8('x'));
    const report = await check({ head: ledger.commit(many) });
    expect(report.problems).toMatchObject([
      { code: 'E_PATH', path: 'packages/github.com/acme/zoo/c/checklist.other' },
      { code: 'E_COLLISION', path: 'packages/github.com/acme/zoo/a' },
    ]);
    expect(report.records.map(({ path }) => path)).toEqual([record, ...paths]);
  });

  test('a change touches packages/ or trust/ alone', async () => {
    const both = async (t: Tree): Promise<void> => {
      await putRecord(t, bot, [], { tag: 'v2.0.0' });
      t.set('.github/workflows/gate.yml', utf8('on: push\n'));
    };
    expect(await change(both)).toContain('E_CHANGE');
    const mixed = async (t: Tree): Promise<void> => {
      await putRecord(t, bot, [], { tag: 'v2.0.0' });
      await putPolicy(t, 2, roles, [ada]);
    };
    expect(await change(mixed)).toContain('E_CHANGE');
  });
});

describe('signature files that a change adds', () => {
  test('a sign by nobody, by a stranger and by a former executor is refused', async () => {
    expect(await change((t) => putRecord(t, undefined, [], { tag: 'v2.0.0' }))).toEqual(['E_NO_SIGN']);
    expect(await change((t) => putRecord(t, stranger, [], { tag: 'v2.0.0' }))).toEqual(['E_SIG_UNLISTED']);
    expect(await change((t) => putRecord(t, oldBot, [], { tag: 'v2.0.0' }))).toEqual(['E_SIG_UNLISTED']);
    expect(await change((t) => putRecord(t, ada, [], { tag: 'v2.0.0' }))).toEqual(['E_SIG_UNLISTED']);
  });

  test('an ack or nack by a stranger, over other bytes, or by a revoked key is refused', async () => {
    expect(await change((t) => putAck(t, record, stranger))).toEqual(['E_SIG_UNLISTED']);
    expect(await change((t) => putNack(t, record, stranger))).toEqual(['E_SIG_UNLISTED']);
    expect(await change(async (t) => t.set(ackPath(record, grace.fingerprint), await grace.sign(utf8('x'))))).toEqual([
      'E_SIG_INVALID',
    ]);
    expect(await change(async (t) => t.set(nackPath(record, grace.fingerprint), await grace.sign(utf8('x'))))).toEqual([
      'E_SIG_INVALID',
    ]);
    await putPolicy(tree, 1, { ...roles, reviewers: [ada, await revokedCopy(grace)] }, [ada]);
    expect(await change((t) => putAck(t, record, grace))).toEqual(['E_KEY_UNUSABLE']);
  });

  test('a new ack or nack by a former reviewer is refused, sealed or not', async () => {
    const future: Tree = new Map(tree);
    const path = await putAck(future, record, grace);
    const seal = encodeSeal([{ name: path, sha256: sha256Hex(future.get(path) ?? utf8('')) }], grace.fingerprint);
    tree.set(sealPath({ fingerprint: grace.fingerprint, seal: sha256Hex(seal) }), seal);
    const former = { ...roles, reviewers: [ada], formerReviewers: [{ who: grace, seal: sha256Hex(seal) }] };
    await putPolicy(tree, 1, former, [ada]);
    expect(await change((t) => t.set(path, future.get(path) ?? utf8('')))).toEqual(['E_SIG_UNLISTED']);
    expect(await change((t) => putNack(t, record, grace))).toEqual(['E_SIG_UNLISTED']);
  });

  test('are judged by the policy that the base holds, not by one of the change', async () => {
    const first = ledger.commit(tree);
    const proposal: Tree = new Map(tree);
    await putAck(proposal, record, grace);
    const head = ledger.commit(proposal, { parents: [first] });
    await putPolicy(tree, 2, { ...roles, reviewers: [ada] }, [ada]);
    const base = ledger.commit(tree, { parents: [first] });
    expect(codes(await check({ head, base }))).toEqual(['E_SIG_UNLISTED']);
  });
});

describe('records', () => {
  test('another repositoryId under a recorded name is refused', async () => {
    expect(await change((t) => putRecord(t, bot, [], { tag: 'v2.0.0', repositoryId: 43 }))).toEqual([
      'E_REPOSITORY_ID',
    ]);
  });

  test('a record without its checklist, or edited after signing, is refused', async () => {
    const without = async (t: Tree): Promise<void> =>
      drop(t, `${await putRecord(t, bot, [], { tag: 'v2' })}/checklist.json`);
    expect(await change(without)).toEqual(['E_RECORD']);
    const edited = async (t: Tree): Promise<void> => {
      const path = `${await putRecord(t, bot, [], { tag: 'v2' })}/checklist.sha256`;
      t.set(path, utf8(new TextDecoder().decode(t.get(path)).replace(/^[0-9a-f]{8}/, '00000000')));
    };
    expect(await change(edited)).not.toEqual([]);
  });

  test('--require acknowledged waits for the acks of what the change adds', async () => {
    const unacked = (t: Tree): Promise<string> => putRecord(t, bot, [], { tag: 'v2.0.0' });
    expect(await change(unacked, { requireAcknowledged: true })).toEqual(['E_NOT_ACKNOWLEDGED']);
    expect(await change((t) => putRecord(t, bot, [grace], { tag: 'v2.0.0' }), { requireAcknowledged: true })).toEqual(
      [],
    );
    const nacked = async (t: Tree): Promise<string> =>
      putNack(t, await putRecord(t, bot, [grace], { tag: 'v2.0.0' }), ada);
    expect(await change(nacked, { requireAcknowledged: true })).toEqual(['E_WITHDRAWN']);
    expect(await change((t) => putNack(t, record, grace), { requireAcknowledged: true })).toEqual([]);
  });
});

describe('a change of trust', () => {
  test('a policy that is not the next one, or not signed enough, is refused', async () => {
    expect(await change((t) => putPolicy(t, 3, roles, [ada]))).toContain('E_POLICY_GAP');
    expect(await change((t) => putPolicy(t, 2, roles, []))).toEqual(['E_POLICY_THRESHOLD']);
    expect(await change((t) => putPolicy(t, 2, roles, [grace]))).toContain('E_POLICY_THRESHOLD');
    const two = async (t: Tree): Promise<void> => {
      await putPolicy(t, 2, roles, [ada]);
      await putPolicy(t, 3, roles, [ada]);
    };
    expect(await change(two)).toEqual(['E_POLICY_GAP']);
  });

  test('a policy and a record that the same people signed for another ledger are refused', async () => {
    const elsewhere = { ...roles, ledger: 'b'.repeat(32) };
    expect(await change((t) => putPolicy(t, 2, elsewhere, [ada]))).toEqual(['E_OTHER_LEDGER']);
    const dropped = { ...roles, previous: 'c'.repeat(64) };
    expect(await change((t) => putPolicy(t, 2, dropped, [ada]))).toEqual(['E_POLICY_PREVIOUS']);
    const trial = { tag: 'v2.0.0', checklist: { ledger: 'b'.repeat(32) } };
    expect(await change((t) => putRecord(t, bot, [ada], trial))).toEqual(['E_OTHER_LEDGER']);
  });

  test('a new policy that lists a key that cannot be used is refused', async () => {
    const dead = await person('linus', { made: new Date(now.getTime() - 9 * DAY), lives: 60 });
    expect(await change((t) => putPolicy(t, 2, { ...roles, reviewers: [ada, dead] }, [ada]))).toEqual(['E_POLICY_KEY']);
    const missing = async (t: Tree): Promise<void> => {
      await putPolicy(t, 2, { ...roles, reviewers: [ada, linus] }, [ada]);
      drop(t, keyPath(linus.listed));
    };
    expect(await change(missing)).toEqual(['E_POLICY_KEY']);
  });

  test('a policy that drops the key of a standing nack is refused; listed as former it passes', async () => {
    await putNack(tree, record, grace);
    expect(await change((t) => putPolicy(t, 2, { ...roles, reviewers: [ada] }, [ada]))).toEqual(['E_POLICY_NACK']);
    const retire = async (t: Tree): Promise<void> => {
      const seal = encodeSeal([], grace.fingerprint);
      t.set(sealPath({ fingerprint: grace.fingerprint, seal: sha256Hex(seal) }), seal);
      await putPolicy(t, 2, { ...roles, reviewers: [ada], formerReviewers: [{ who: grace, seal: sha256Hex(seal) }] }, [
        ada,
      ]);
    };
    expect(await change(retire)).toEqual([]);
  });

  test('a policy that lists the key of a standing nack by a copy that it does not verify by is refused', async () => {
    const subkey = await person('grace', { signingSubkey: true });
    roles = { ...roles, reviewers: [ada, subkey] };
    await putPolicy(tree, 1, roles, [ada]);
    await putNack(tree, record, subkey);
    expect(await change((t) => putPolicy(t, 2, roles, [ada]))).toEqual([]);
    const stripped = { ...roles, reviewers: [ada, withoutSubkeys(subkey)] };
    expect(await change((t) => putPolicy(t, 2, stripped, [ada]))).toEqual(['E_POLICY_NACK']);
  });

  test('a signature that does not count, and files that are not what their names say, are refused', async () => {
    expect(await change((t) => t.set(policySignPath(1, grace.fingerprint), utf8('x')))).not.toEqual([]);
    expect(
      await change(async (t) =>
        t.set(policySignPath(1, grace.fingerprint), await grace.sign(t.get(policyPath(1)) ?? utf8(''))),
      ),
    ).toEqual(['E_SIG_UNLISTED']);
    // Policy 2 lists what it should not: files of other bytes, of another key, of a secret key.
    const lists = async (listed: Person['listed'], file: Uint8Array): Promise<ErrorCode[]> =>
      change(async (t) => {
        await putPolicy(t, 2, { ...roles, reviewers: [ada, grace, { ...linus, listed, file }] }, [ada]);
      });
    expect(await lists({ ...linus.listed, sha256: '0'.repeat(64) }, linus.file)).toEqual(['E_PATH', 'E_POLICY_KEY']);
    const other = { ...linus.listed, fingerprint: 'A'.repeat(40) };
    expect(await lists(other, linus.file)).toEqual(['E_KEY_FORMAT', 'E_POLICY_KEY']);
    const secret = utf8(linus.key.armor());
    const named = { fingerprint: linus.fingerprint, sha256: sha256Hex(secret) };
    expect(await lists(named, secret)).toEqual(['E_KEY_FORMAT', 'E_POLICY_KEY']);
  });

  test('key files and seals come only where the policy of the base or of the change lists them', async () => {
    expect(await change((t) => t.set(keyPath(linus.listed), linus.file))).toEqual(['E_TRUST_UNLISTED']);
    const seal = encodeSeal([], grace.fingerprint);
    const path = sealPath({ fingerprint: grace.fingerprint, seal: sha256Hex(seal) });
    expect(await change((t) => t.set(path, seal))).toEqual(['E_TRUST_UNLISTED']);
    const beside = async (t: Tree): Promise<void> => {
      await putPolicy(t, 2, { ...roles, reviewers: [ada, grace, linus] }, [ada]);
      t.set(keyPath(stranger.listed), stranger.file);
    };
    expect(await change(beside)).toEqual(['E_TRUST_UNLISTED']);
    // A file that the newest policy lists and that was forgotten may come later.
    await putPolicy(tree, 2, { ...roles, reviewers: [ada, grace, linus] }, [ada]);
    drop(tree, keyPath(linus.listed));
    expect(await change((t) => t.set(keyPath(linus.listed), linus.file))).toEqual([]);
    // What only an older policy lists may not.
    await putPolicy(tree, 3, roles, [ada]);
    expect(await change((t) => t.set(keyPath(linus.listed), linus.file))).toEqual(['E_TRUST_UNLISTED']);
  });

  test('of a policy that too few root holders signed no key is read', async () => {
    const unsigned = { ...roles, reviewers: [ada, { ...linus, file: utf8('what takes long to read') }] };
    expect(await change((t) => putPolicy(t, 2, unsigned, []))).toEqual(['E_POLICY_THRESHOLD']);
  });

  test('a late signature on a policy that counts already may be by a key that has expired', async () => {
    const late = await person('linus', { made: new Date(now.getTime() - 9 * DAY), lives: 60 });
    const signed = new Date(now.getTime() - 9 * DAY + 30_000);
    const three = { ...roles, roots: [ada, grace, late], rootThreshold: 1 };
    const policy = await putPolicy(tree, 1, three, [ada]);
    const signature = await late.sign(policy, signed);
    const sign = (t: Tree): unknown => t.set(policySignPath(1, late.fingerprint), signature);
    expect(await change(sign)).toEqual([]);
    // A new policy's own signatures are judged by expiry too.
    await putPolicy(tree, 2, roles, [ada]);
    expect(await change(sign)).toEqual([]);
    const dead = async (t: Tree): Promise<void> => {
      const next = await putPolicy(t, 3, roles, [ada]);
      t.set(policySignPath(3, late.fingerprint), await late.sign(next, signed));
    };
    expect(await change(dead)).toEqual(['E_SIG_UNLISTED']);
  });

  test('a nack stands on checklist.sha256 alone: its key may not go, even where checklist.json is gone', async () => {
    await putNack(tree, record, grace);
    drop(tree, `${record}/checklist.json`);
    expect(await change((t) => putPolicy(t, 2, { ...roles, reviewers: [ada] }, [ada]))).toEqual(['E_POLICY_NACK']);
  });

  test('a seal that lists an ack which the ledger does not hold is refused', async () => {
    const seal = encodeSeal([{ name: ackPath(record, grace.fingerprint), sha256: 'a'.repeat(64) }], grace.fingerprint);
    const retire = async (t: Tree): Promise<void> => {
      t.set(sealPath({ fingerprint: grace.fingerprint, seal: sha256Hex(seal) }), seal);
      const former = { ...roles, reviewers: [ada], formerReviewers: [{ who: grace, seal: sha256Hex(seal) }] };
      await putPolicy(t, 2, former, [ada]);
    };
    expect(await change(retire)).toEqual(['E_SEAL_FORMAT']);
  });

  test('an expired policy only warns, or the rotation could not be merged', async () => {
    await putPolicy(tree, 1, { ...roles, expires: '2020-01-01T00:00:00Z' }, [ada]);
    expect(await change((t) => putPolicy(t, 2, roles, [ada]))).toEqual([]);
    expect(await change((t) => putRecord(t, bot, [], { tag: 'v2.0.0' }))).toEqual([]);
  });
});

describe('a check of the whole ledger', () => {
  test('passes a good one, and needs a policy', async () => {
    const report = await check({ head: ledger.commit(tree), requireAcknowledged: true });
    expect(report).toMatchObject({ scope: 'all', problems: [], policy: { version: 1 } });
    expect(report.records.map(({ state }) => state)).toEqual(['acknowledged']);
    const empty = ledger.commit(new Map([['README.md', utf8('x')]]));
    await expect(() => check({ head: empty })).toFailWith('E_POLICY_MISSING');
  });

  test('reports signature files that do not count and passes; strange files fail', async () => {
    await putAck(tree, record, stranger);
    const report = await check({ head: ledger.commit(tree) });
    expect(codes(report)).toEqual([]);
    expect(report.warnings.map(({ code }) => code)).toEqual(['E_SIG_UNLISTED']);
    tree.set('packages/github.com/acme/notes.txt', utf8('x'));
    expect(codes(await check({ head: ledger.commit(tree) }))).toEqual(['E_PATH']);
  });

  test('a record whose sign counts no more is reported and passes; one without any is refused', async () => {
    const dead = await putRecord(tree, stranger, [], { tag: 'v0.1.0' });
    const report = await check({ head: ledger.commit(tree) });
    expect(codes(report)).toEqual([]);
    expect(report.warnings).toHaveLength(1);
    expect(codes(await check({ head: ledger.commit(tree), requireAcknowledged: true }))).toEqual(['E_NO_SIGN']);
    drop(tree, `${dead}/checklist.sha256.sign`);
    expect(codes(await check({ head: ledger.commit(tree) }))).toEqual(['E_NO_SIGN']);
  });

  test('finds collisions, other repository ids and odd modes', async () => {
    await putRecord(tree, bot, [], { tag: 'V1.0.0' });
    await putRecord(tree, bot, [], { tag: 'v3', repositoryId: 43 });
    const odd = new Map<string, OddLeaf>([[`${record}/link`, { mode: '120000', content: '/etc/passwd' }]]);
    expect(codes(await check({ head: ledger.commit(tree, { odd }) }))).toEqual([
      'E_COLLISION',
      'E_MODE',
      'E_REPOSITORY_ID',
    ]);
  });

  test('finds key files and seals that are not named by their digest, listed or not', async () => {
    tree.set(keyPath({ ...linus.listed, sha256: '0'.repeat(64) }), linus.file);
    tree.set(sealPath({ fingerprint: linus.fingerprint, seal: '0'.repeat(64) }), utf8('x'));
    const report = await check({ head: ledger.commit(tree) });
    expect(report.problems.map(({ code, path }) => [code, path.slice(0, 10)])).toEqual([
      ['E_PATH', 'trust/keys'],
      ['E_PATH', 'trust/seal'],
    ]);
  });

  test('reports key files and seals that no policy lists, whatever they hold, and passes', async () => {
    const pin = sha256Hex(tree.get(policyPath(1)) ?? utf8(''));
    tree.set(keyPath(linus.listed), linus.file);
    tree.set(keyPath({ ...linus.listed, sha256: sha256Hex(utf8('y')) }), utf8('y'));
    tree.set(sealPath({ fingerprint: linus.fingerprint, seal: sha256Hex(utf8('x')) }), utf8('x'));
    const report = await check({ head: ledger.commit(tree), pin });
    expect(codes(report)).toEqual([]);
    expect(report.warnings.map(({ code }) => code)).toEqual(Array(3).fill('E_TRUST_UNLISTED'));
    // What an older policy lists is none of them, even where the pin is a later one.
    await putPolicy(tree, 2, { ...roles, reviewers: [ada] }, [ada]);
    const second = sha256Hex(tree.get(policyPath(2)) ?? utf8(''));
    const later = await check({ head: ledger.commit(tree), pin: second });
    expect(later.warnings.map(({ path }) => path)).not.toContain(keyPath(grace.listed));
  });

  test('packages or trust as something else than a directory is refused', async () => {
    const odd = new Map<string, OddLeaf>([['packages', { mode: '120000', content: 'elsewhere' }]]);
    for (const path of [...tree.keys()]) if (path.startsWith('packages/')) tree.delete(path);
    expect(codes(await check({ head: ledger.commit(tree, { odd }) }))).toEqual(['E_MODE']);
  });

  test('a key that cannot be used is a warning, and so is an expired policy', async () => {
    const policy = { ...roles, reviewers: [ada, await revokedCopy(grace)], expires: '2020-01-01T00:00:00Z' };
    await putPolicy(tree, 1, policy, [ada]);
    const report = await check({ head: ledger.commit(tree) });
    expect(codes(report)).toEqual([]);
    expect(report.warnings.map(({ code }) => code).sort()).toEqual([
      'E_POLICY_EXPIRED',
      'E_POLICY_KEY',
      'E_TRUST_UNLISTED',
    ]);
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
