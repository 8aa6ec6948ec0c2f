import { beforeAll, describe, expect, test } from 'vitest';
import { sha256Hex, utf8 } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';
import { ackPath, keyPath, nackPath, sealPath } from '../../ledger-schema/names/layout.ts';
import { requireAcknowledged, verifyRecord } from '../../ledger-schema/record.ts';
import type { RecordStatus } from '../../ledger-schema/record.ts';
import { encodeSeal } from '../../ledger-schema/seal.ts';
import { establishTrust } from '../../ledger-schema/trust.ts';
import { putAck, putNack, putPolicy, putRecord } from '../kit/ledger/ledger-tree.ts';
import { person, revokedCopy } from '../kit/ledger/people.ts';
import type { Roles, Tree } from '../kit/ledger/ledger-tree.ts';
import type { Person } from '../kit/ledger/people.ts';
import { memoryFiles, memoryRecord } from './memory-files.ts';

const now = new Date();
let ada: Person, ada2: Person, grace: Person, bot: Person, oldBot: Person, stranger: Person;

beforeAll(async () => {
  [ada, ada2, grace, bot, oldBot, stranger] = await Promise.all([
    person('ada'),
    person('ada'),
    person('grace'),
    person('mirror-bot'),
    person('old-bot'),
    person('mallory'),
  ]);
});

function roles(more: Partial<Roles> = {}): Roles {
  return { roots: [ada], executors: [bot], reviewers: [ada, ada2, grace], threshold: 2, ...more };
}

async function judge(tree: Tree, path: string, policy: Roles = roles()): Promise<RecordStatus> {
  await putPolicy(tree, 1, policy, [ada]);
  return verifyRecord(memoryRecord(tree, path), await establishTrust(memoryFiles(tree), { now }));
}

/** A ledger from which one file can't be had, until `mend` is called. */
function withholding(tree: Tree, path: string, withheld: string) {
  const [files, record] = [memoryFiles(tree), memoryRecord(tree, path)];
  let lost = true;
  const read = async (full: string): Promise<Uint8Array | undefined> =>
    lost && full === withheld ? fail('E_LEDGER_UNREACHABLE', `${full} does not come`) : tree.get(full);
  return {
    files: { ...files, read },
    record: { ...record, read: (name: string) => read(`${path}/${name}`) },
    mend: () => void (lost = false),
  };
}

describe('the states of a record', () => {
  test('a valid sign alone is proposed; acks by enough people make it acknowledged', async () => {
    const tree: Tree = new Map();
    const path = await putRecord(tree, bot);
    expect(await judge(tree, path)).toMatchObject({ state: 'proposed', missing: 2 });
    await putAck(tree, path, ada);
    expect(await judge(tree, path)).toMatchObject({ state: 'proposed', missing: 1, ackHolders: ['ada'] });
    await putAck(tree, path, ada2);
    expect(await judge(tree, path)).toMatchObject({ state: 'proposed', missing: 1, ackHolders: ['ada'] });
    await putAck(tree, path, grace);
    const status = await judge(tree, path);
    expect(status).toMatchObject({ state: 'acknowledged', missing: 0, ackHolders: ['ada', 'grace'] });
    // By name, whatever the order of the keys is.
    expect(status.acks.map(({ holder }) => holder)).toEqual(['ada', 'ada', 'grace']);
    const trust = await establishTrust(memoryFiles(tree), { now });
    expect(requireAcknowledged(status, trust).signedBy).toMatchObject({ holder: 'mirror-bot', former: false });
  });

  test('a nack that cannot be read, or whose key cannot, is not passed over', async () => {
    for (const withheld of [(path: string) => nackPath(path, grace.fingerprint), () => keyPath(grace.listed)]) {
      const tree: Tree = new Map();
      const path = await putRecord(tree, bot, [ada]);
      await putNack(tree, path, grace);
      await putPolicy(tree, 1, roles({ threshold: 1 }), [ada]);
      const ledger = withholding(tree, path, withheld(path));
      const trust = await establishTrust(ledger.files, { now });
      await expect(() => verifyRecord(ledger.record, trust)).toFailWith('E_LEDGER_UNREACHABLE');
      ledger.mend();
      expect((await verifyRecord(ledger.record, trust)).state).toBe('withdrawn');
    }
  });

  test('files that do not count are ignored and reported, and spoil nothing', async () => {
    const tree: Tree = new Map();
    const path = await putRecord(tree, bot, [ada, grace]);
    tree.set(ackPath(path, stranger.fingerprint), await stranger.sign(utf8('x')));
    tree.set(ackPath(path, ada2.fingerprint), utf8('no signature'));
    tree.set(`${path}/checklist.sha256.${stranger.fingerprint}.nack`, await stranger.sign(utf8('x')));
    tree.set(`${path}/README`, utf8('x'));
    const status = await judge(tree, path);
    expect(status.state).toBe('acknowledged');
    expect(status.ignored.map(({ code }) => code).sort()).toEqual([
      'E_PATH',
      'E_SIG_ARMOR',
      'E_SIG_UNLISTED',
      'E_SIG_UNLISTED',
    ]);
  });

  test('an ack covers the sign: over the checklist alone it does not count', async () => {
    const tree: Tree = new Map();
    const path = await putRecord(tree, bot, [ada]);
    const sums = tree.get(`${path}/checklist.sha256`) ?? utf8('');
    tree.set(ackPath(path, grace.fingerprint), await grace.sign(sums));
    const status = await judge(tree, path);
    expect(status).toMatchObject({ state: 'proposed', missing: 1 });
    expect(status.ignored[0]?.code).toBe('E_SIG_INVALID');
  });

  test('a refusal names each person once, and those alone who can still acknowledge', async () => {
    const tree: Tree = new Map();
    const path = await putRecord(tree, bot, [ada]);
    const proposed = await judge(tree, path);
    const trust = await establishTrust(memoryFiles(tree), { now });
    const hint = expect.stringMatching(/^grace may /) as string;
    expect(() => requireAcknowledged(proposed, trust)).toThrow(expect.objectContaining({ hint }));
    await putNack(tree, path, ada);
    await putNack(tree, path, ada2);
    const withdrawn = await judge(tree, path);
    expect(() => requireAcknowledged(withdrawn, trust)).toThrow(/ was withdrawn by ada$/);
  });

  test('one valid nack withdraws it for ever, by a revoked or a former key too', async () => {
    const tree: Tree = new Map();
    const path = await putRecord(tree, bot, [ada, ada2, grace]);
    await putNack(tree, path, grace);
    expect((await judge(tree, path)).state).toBe('withdrawn');
    const gone = await revokedCopy(grace);
    expect((await judge(tree, path, roles({ reviewers: [ada, ada2, gone] }))).state).toBe('withdrawn');
    const seal = encodeSeal([], grace.fingerprint);
    tree.set(sealPath({ fingerprint: grace.fingerprint, seal: sha256Hex(seal) }), seal);
    const former = { reviewers: [ada, ada2], threshold: 1, formerReviewers: [{ who: gone, seal: sha256Hex(seal) }] };
    expect((await judge(tree, path, roles(former))).state).toBe('withdrawn');
    const status = await judge(tree, path);
    const trust = await establishTrust(memoryFiles(tree), { now });
    await expect(() => requireAcknowledged(status, trust)).toFailWith('E_WITHDRAWN');
  });

  test('a sign by somebody who is not an executor is invalid, no matter who acks', async () => {
    const tree: Tree = new Map();
    const path = await putRecord(tree, stranger, [ada, grace]);
    const status = await judge(tree, path);
    expect(status.state).toBe('invalid');
    const trust = await establishTrust(memoryFiles(tree), { now });
    await expect(() => requireAcknowledged(status, trust)).toFailWith('E_NO_SIGN');
  });

  test('a reviewer may not sign as executor', async () => {
    const tree: Tree = new Map();
    expect((await judge(tree, await putRecord(tree, ada, [ada, grace]))).state).toBe('invalid');
  });
});

describe('former keys', () => {
  test("a former executor's sign still counts, whatever became of the key; one taken out is dead", async () => {
    const tree: Tree = new Map();
    const path = await putRecord(tree, oldBot, [ada, grace]);
    expect((await judge(tree, path)).state).toBe('invalid');
    const gone = await revokedCopy(oldBot);
    const status = await judge(tree, path, roles({ formerExecutors: [gone] }));
    expect(status).toMatchObject({ state: 'acknowledged', signedBy: { former: true } });
  });

  test("a former reviewer's ack counts where the seal lists that very file, and its holder once", async () => {
    const tree: Tree = new Map();
    const path = await putRecord(tree, bot, [grace]);
    const name = await putAck(tree, path, ada2);
    const seal = encodeSeal([{ name, sha256: sha256Hex(tree.get(name) ?? utf8('')) }], ada2.fingerprint);
    tree.set(sealPath({ fingerprint: ada2.fingerprint, seal: sha256Hex(seal) }), seal);
    const gone = await revokedCopy(ada2);
    const policy = roles({ reviewers: [ada, grace], formerReviewers: [{ who: gone, seal: sha256Hex(seal) }] });
    expect(await judge(tree, path, policy)).toMatchObject({ state: 'acknowledged', ackHolders: ['ada', 'grace'] });

    const other = await putRecord(tree, bot, [ada2, grace], { tag: 'v2.0.0' });
    const unsealed = await judge(tree, other, policy);
    expect(unsealed).toMatchObject({ state: 'proposed', ackHolders: ['grace'] });
    expect(unsealed.ignored[0]?.code).toBe('E_SIG_UNLISTED');
  });

  test('a revoked or expired current key counts no more', async () => {
    const tree: Tree = new Map();
    const path = await putRecord(tree, bot, [ada, grace]);
    const gone = await revokedCopy(grace);
    const status = await judge(tree, path, roles({ reviewers: [ada, ada2, gone] }));
    expect(status).toMatchObject({ state: 'proposed', ackHolders: ['ada'] });
    expect(status.ignored[0]?.code).toBe('E_KEY_UNUSABLE');
  });
});

describe('the content of a record', () => {
  async function broken(change: (tree: Tree, path: string) => void): Promise<() => Promise<unknown>> {
    const tree: Tree = new Map();
    const path = await putRecord(tree, bot, [ada, grace]);
    change(tree, path);
    return () => judge(tree, path);
  }

  test('a checklist.json that is not the one of checklist.sha256 is refused', async () => {
    const edited = await broken((tree, path) => {
      const text = new TextDecoder().decode(tree.get(`${path}/checklist.json`));
      tree.set(`${path}/checklist.json`, utf8(text.replace('"repositoryId": 42', '"repositoryId": 43')));
    });
    await expect(edited).toFailWith('E_RECORD');
    await expect(await broken((tree, path) => tree.delete(`${path}/checklist.json`))).toFailWith('E_RECORD');
    await expect(await broken((tree, path) => tree.delete(`${path}/checklist.sha256`))).toFailWith('E_RECORD');
  });

  test('a record that lies at another path than it says is refused', async () => {
    const tree: Tree = new Map();
    const path = await putRecord(tree, bot, [ada, grace]);
    const moved = path.replace('v1.0.0', 'v9.9.9');
    for (const [name, bytes] of [...tree]) if (name.startsWith(path)) tree.set(name.replace(path, moved), bytes);
    await expect(() => judge(tree, moved)).toFailWith('E_RECORD_PATH');
  });

  test('a record of another ledger is refused, however many the same people acked it', async () => {
    const tree: Tree = new Map();
    const path = await putRecord(tree, bot, [ada, grace], { checklist: { ledger: 'b'.repeat(32) } });
    await expect(() => judge(tree, path)).toFailWith('E_OTHER_LEDGER');
    expect((await judge(tree, path, roles({ ledger: 'b'.repeat(32) }))).state).toBe('acknowledged');
  });

  test('lists that name other files than each other are refused', async () => {
    const tree: Tree = new Map();
    const path = await putRecord(tree, bot, [ada, grace]);
    const sums = new TextDecoder().decode(tree.get(`${path}/checklist.sha256`));
    tree.set(`${path}/checklist.sha256`, utf8(`${sums}${'a'.repeat(64)}  zzz\n`));
    await expect(() => judge(tree, path)).toFailWith('E_RECORD');
  });
});
