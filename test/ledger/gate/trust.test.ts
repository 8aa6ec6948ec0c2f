import { describe, expect, test } from 'vitest';
import { sha256Hex, utf8 } from '../../../ledger-schema/bytes.ts';
import { fail } from '../../../ledger-schema/error.ts';
import type { ErrorCode } from '../../../ledger-schema/error.ts';
import {
  ackPath,
  keyPath,
  nackPath,
  policyPath,
  policySignPath,
  sealPath,
} from '../../../ledger-schema/names/layout.ts';
import { encodeSeal } from '../../../ledger-schema/seal.ts';
import { checkLedger } from '../../../ledger/gate/gate.ts';
import type { GateRepository } from '../../../ledger/gate/gate.ts';
import { objectId } from '../../../ledger/git/objects/pack.ts';
import { putAck, putNack, putPolicy, putRecord } from '../../kit/ledger/ledger-tree.ts';
import type { Tree } from '../../kit/ledger/ledger-tree.ts';
import { person, revokedCopy, withoutSubkeys } from '../../kit/ledger/people.ts';
import type { Person } from '../../kit/ledger/people.ts';
import {
  DAY,
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
  now,
  oldBot,
  record,
  roles,
  stranger,
  tree,
} from './gate-world.ts';

eachOnNewLedger();

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
    const listed = { ...roles, reviewers: [ada, subkey] };
    await putPolicy(tree, 1, listed, [ada]);
    await putNack(tree, record, subkey);
    expect(await change((t) => putPolicy(t, 2, listed, [ada]))).toEqual([]);
    const stripped = { ...listed, reviewers: [ada, withoutSubkeys(subkey)] };
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

  test('a standing nack whose key cannot be read is not taken for one that does not stand', async () => {
    await putNack(tree, record, grace);
    const base = ledger.commit(tree);
    const proposal: Tree = new Map(tree);
    await putPolicy(proposal, 2, { ...roles, reviewers: [ada] }, [ada]);
    const head = ledger.commit(proposal, { parents: [base] });
    const lost = objectId({ type: 'blob', bytes: grace.file }, 'sha1');
    const damaged: GateRepository = {
      snapshot(commit) {
        const snapshot = ledger.snapshot(commit);
        const blob = snapshot.blob.bind(snapshot);
        return Object.assign(snapshot, {
          blob: async (oid: string, limit: number) => (oid === lost ? fail('E_GIT', 'it is gone') : blob(oid, limit)),
        });
      },
      mergeBases: (a, b) => ledger.mergeBases(a, b),
      diff: (before, after, scope) => ledger.diff(before, after, scope),
    };
    await expect(() => checkLedger(damaged, { head, base, now })).toFailWith('E_GIT');
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
