import { beforeAll, describe, expect, test } from 'vitest';
import { sha256Hex, utf8 } from '../../ledger-schema/bytes.ts';
import type { ErrorCode } from '../../ledger-schema/error.ts';
import { keyProblems } from '../../ledger-schema/openpgp/keyring.ts';
import { keyPath, policyPath } from '../../ledger-schema/names/layout.ts';
import { encodePolicy } from '../../ledger-schema/policy.ts';
import { establishTrust } from '../../ledger-schema/trust.ts';
import { policyOf, putPolicy } from '../kit/ledger/ledger-tree.ts';
import { person, revokedCopy, withLife } from '../kit/ledger/people.ts';
import type { Roles, Tree } from '../kit/ledger/ledger-tree.ts';
import type { Person } from '../kit/ledger/people.ts';
import { memoryFiles } from './memory-files.ts';

const now = new Date();
const DAY = 86_400_000;
let ada: Person, ada2: Person, grace: Person, linus: Person, bot: Person, expired: Person;

beforeAll(async () => {
  [ada, ada2, grace, linus, bot, expired] = await Promise.all([
    person('ada'),
    person('ada'),
    person('grace'),
    person('linus'),
    person('mirror-bot'),
    person('grace', { made: new Date(now.getTime() - 10 * DAY), lives: 3600 }),
  ]);
});

function base(): Roles {
  return { roots: [ada, grace, linus], rootThreshold: 2, executors: [bot], reviewers: [ada, grace] };
}

async function ledger(
  ...policies: readonly (readonly [version: number, roles: Roles, signers: readonly Person[]])[]
): Promise<Tree> {
  const tree: Tree = new Map();
  for (const [version, roles, signers] of policies) await putPolicy(tree, version, roles, signers);
  return tree;
}

async function outcome(
  tree: Tree,
  options: { pin?: string; newVersion?: number; at?: Date } = {},
): Promise<ErrorCode | number> {
  try {
    return (await establishTrust(memoryFiles(tree), { now: options.at ?? now, ...options })).version;
  } catch (error) {
    return (error as { code: ErrorCode }).code;
  }
}

describe('the walk without a pin', () => {
  test('starts at policy 1, which its own roots sign', async () => {
    expect(await outcome(await ledger([1, base(), [ada, grace]]))).toBe(1);
    expect(await outcome(await ledger([1, base(), [ada]]))).toBe('E_POLICY_THRESHOLD');
    expect(await outcome(await ledger([1, base(), []]))).toBe('E_POLICY_THRESHOLD');
    expect(await outcome(new Map())).toBe('E_POLICY_MISSING');
  });

  test('counts holders, never keys', async () => {
    const roles = { ...base(), roots: [ada, ada2, grace] };
    expect(await outcome(await ledger([1, roles, [ada, ada2]]))).toBe('E_POLICY_THRESHOLD');
    expect(await outcome(await ledger([1, roles, [ada2, grace]]))).toBe(1);
  });

  test.each<[string, () => readonly Person[], ErrorCode | number]>([
    ['old and new thresholds are met', () => [ada, grace], 2],
    ['only roots of the old policy signed', () => [grace, linus], 'E_POLICY_THRESHOLD'],
    ['only roots of the new policy signed', () => [ada, bot], 'E_POLICY_THRESHOLD'],
    ['one root signed', () => [ada], 'E_POLICY_THRESHOLD'],
    ['somebody who is not a root signed in place of one', () => [ada, bot], 'E_POLICY_THRESHOLD'],
  ])('a step where %s', async (_, signers, expected) => {
    // Policy 2 replaces linus by a second key of ada and needs ada and grace.
    const second = { ...base(), roots: [ada, grace], rootThreshold: 2 };
    expect(await outcome(await ledger([1, base(), [ada, grace]], [2, second, signers()]))).toBe(expected);
  });

  test('a gap on the way is an error', async () => {
    const tree = await ledger([1, base(), [ada, grace]], [3, base(), [ada, grace]]);
    expect(await outcome(tree)).toBe('E_POLICY_GAP');
    const noFirst = await ledger([2, base(), [ada, grace]]);
    expect(await outcome(noFirst)).toBe('E_POLICY_GAP');
  });

  test('a number inside that is not the one of the name is an error', async () => {
    const tree = await ledger([1, base(), [ada, grace]]);
    tree.set(policyPath(2), tree.get(policyPath(1)) ?? utf8(''));
    expect(await outcome(tree)).toBe('E_POLICY_FORMAT');
  });

  test('an expired policy on the way may be there, and the newest may be expired', async () => {
    const old = { ...base(), expires: '2020-01-01T00:00:00Z' };
    expect(await outcome(await ledger([1, old, [ada, grace]], [2, base(), [ada, grace]]))).toBe(2);
    const tree = await ledger([1, old, [ada, grace]]);
    expect((await establishTrust(memoryFiles(tree), { now })).expired).toBe(true);
  });

  test('a policy that the same roots signed for another ledger is not a successor', async () => {
    const lax = await ledger([1, base(), [ada, grace]], [2, { ...base(), ledger: 'b'.repeat(32) }, [ada, grace]]);
    expect(await outcome(lax)).toBe('E_OTHER_LEDGER');
    const first = { ...base(), ledger: 'b'.repeat(32) };
    expect(await outcome(await ledger([1, first, [ada, grace]]))).toBe(1);
  });

  test('a policy that was signed to follow another is not a successor', async () => {
    const policies = [[1, base(), [ada, grace]] as const, [2, base(), [ada, grace]] as const];
    expect(await outcome(await ledger(...policies))).toBe(2);
    const dropped = { ...base(), previous: sha256Hex(utf8('a policy that was dropped')) };
    expect(await outcome(await ledger([1, base(), [ada, grace]], [2, dropped, [ada, grace]]))).toBe(
      'E_POLICY_PREVIOUS',
    );
    // Policy 3 follows the policy 2 that was dropped, once another policy 2 was merged.
    const tree = await ledger(...policies, [3, base(), [ada, grace]]);
    await putPolicy(tree, 2, { ...base(), expires: '2031-01-01T00:00:00Z' }, [ada, grace]);
    expect(await outcome(tree)).toBe('E_POLICY_PREVIOUS');
  });

  test('policy 1 follows nothing, and every later one says what it follows', async () => {
    const tree: Tree = new Map();
    await expect(() => putPolicy(tree, 1, { ...base(), previous: '0'.repeat(64) }, [ada])).toFailWith(
      'E_POLICY_FORMAT',
    );
    const { previous, ...without } = policyOf(2, base());
    expect(previous).toHaveLength(64);
    await expect(() => encodePolicy(without)).toFailWith('E_POLICY_FORMAT');
    await expect(() => encodePolicy({ ...policyOf(1, base()), ledger: 'A'.repeat(32) })).toFailWith('E_POLICY_FORMAT');
  });

  test('ten follows nine', async () => {
    const policies = Array.from({ length: 11 }, (_, i) => [i + 1, base(), [ada, grace]] as const);
    expect(await outcome(await ledger(...policies))).toBe(11);
  });
});

describe('root keys', () => {
  test('are judged without looking at expiry, but by the gate when the policy is new', async () => {
    const roles = { ...base(), roots: [ada, expired], rootThreshold: 2 };
    const made = new Date(now.getTime() - 10 * DAY);
    const signer: Person = { ...expired, sign: (data) => backdated(expired, data, made) };
    const tree = await ledger([1, roles, [ada, signer]]);
    expect(await outcome(tree)).toBe(1);
    expect(await outcome(tree, { newVersion: 1 })).toBe('E_POLICY_THRESHOLD');
  });

  test('a revocation in the copy of either policy counts', async () => {
    const gone = await revokedCopy(linus);
    const second = { ...base(), roots: [ada, gone], rootThreshold: 2 };
    // linus signs, and policy 2 itself lists the revoked copy.
    expect(await outcome(await ledger([1, base(), [ada, grace]], [2, second, [ada, linus]]))).toBe(
      'E_POLICY_THRESHOLD',
    );
  });

  test('a listed copy that is not there takes the key out: a revocation in it would not be seen', async () => {
    const gone = await revokedCopy(linus);
    const second = { ...base(), roots: [ada, gone], rootThreshold: 2 };
    const tree = await ledger([1, base(), [ada, grace]], [2, second, [ada, linus]]);
    tree.delete(keyPath(gone.listed));
    expect(await outcome(tree)).toBe('E_POLICY_THRESHOLD');
    const third = { ...base(), roots: [ada, linus], rootThreshold: 2 };
    const kept = await ledger([1, base(), [ada, grace]], [2, third, [ada, linus]]);
    expect(await outcome(kept)).toBe(2);
  });

  test('the newest listed copy says when a key expires, for a new policy', async () => {
    const made = new Date(now.getTime() - 10 * DAY);
    const prolonged = await withLife(expired, 20 * DAY);
    const first = { ...base(), roots: [ada, expired], rootThreshold: 2 };
    const signer: Person = { ...expired, sign: (data) => backdated(expired, data, made) };
    const tree = await ledger([1, first, [ada, signer]], [2, { ...first, roots: [ada, prolonged] }, [ada, signer]]);
    expect(await outcome(tree, { newVersion: 2 })).toBe(2);
    const again = await ledger([1, first, [ada, signer]], [2, first, [ada, signer]]);
    expect(await outcome(again, { newVersion: 2 })).toBe('E_POLICY_THRESHOLD');
    expect(await outcome(again)).toBe(2);
  });

  test('of a policy that the roots before did not sign, no key of its own is read', async () => {
    const stranger = await person('mallory');
    const second = { ...base(), roots: [stranger], rootThreshold: 1 };
    const tree = await ledger([1, base(), [ada, grace]], [2, second, [stranger]]);
    const files = memoryFiles(tree);
    const read: string[] = [];
    const spied = { ...files, read: (path: string, limit: number) => (read.push(path), files.read(path, limit)) };
    await expect(() => establishTrust(spied, { now })).toFailWith('E_POLICY_THRESHOLD');
    expect(read).not.toContain(keyPath(stranger.listed));
  });

  test('a file that does not have the digest that the policy lists does not count', async () => {
    const tree = await ledger([1, base(), [ada, grace]]);
    tree.set(keyPath(grace.listed), ada.file);
    expect(await outcome(tree)).toBe('E_POLICY_THRESHOLD');
    tree.delete(keyPath(grace.listed));
    expect(await outcome(tree)).toBe('E_POLICY_THRESHOLD');
  });

  test('a signature under the name of another key does not count', async () => {
    const tree = await ledger([1, base(), [ada]]);
    tree.set(`${policyPath(1)}.${grace.fingerprint}.sign`, await ada.sign(tree.get(policyPath(1)) ?? utf8('')));
    expect(await outcome(tree)).toBe('E_POLICY_THRESHOLD');
  });
});

describe('a pin', () => {
  test('replaces signatures, at any policy of the chain', async () => {
    const tree = await ledger([1, base(), []], [2, base(), [ada, grace]], [3, base(), [ada, linus]]);
    for (const version of [1, 2, 3]) {
      const pin = sha256Hex(tree.get(policyPath(version)) ?? utf8(''));
      expect(await outcome(tree, { pin })).toBe(3);
    }
    expect(await outcome(tree)).toBe('E_POLICY_THRESHOLD');
  });

  test('does not make up for missing signatures on later policies, and must be there', async () => {
    const tree = await ledger([1, base(), []], [2, base(), [ada]]);
    expect(await outcome(tree, { pin: sha256Hex(tree.get(policyPath(1)) ?? utf8('')) })).toBe('E_POLICY_THRESHOLD');
    expect(await outcome(tree, { pin: '0'.repeat(64) })).toBe('E_PIN');
  });
});

test('a policy that lists a key that cannot be used says which, former keys only by file and digest', async () => {
  const gone = await revokedCopy(grace);
  const formerGone = await revokedCopy(linus);
  const roles: Roles = { roots: [ada], executors: [bot], reviewers: [ada, gone], formerExecutors: [formerGone] };
  const tree = await ledger([1, roles, [ada]]);
  const trust = await establishTrust(memoryFiles(tree), { now });
  const problems = await keyProblems(trust.policy, trust.keyring, now);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain('revoked');
  tree.delete(keyPath(formerGone.listed));
  const again = await establishTrust(memoryFiles(tree), { now });
  expect(await keyProblems(again.policy, again.keyring, now)).toHaveLength(2);
});

test('holders and policies are told apart by role', async () => {
  const trust = await establishTrust(memoryFiles(await ledger([1, base(), [ada, grace]])), { now });
  expect(trust.holderOf('reviewers', ada.fingerprint)).toBe('ada');
  expect(trust.holderOf('reviewers', linus.fingerprint)).toBeUndefined();
  expect(trust.holderOf('executors', bot.fingerprint)).toBe('mirror-bot');
  expect(trust.holderOf('roots', 'F'.repeat(40))).toBeUndefined();
  expect(policyOf(1, base()).roots.holders).toContain('linus');
});

async function backdated(who: Person, data: Uint8Array, date: Date): Promise<Uint8Array> {
  const openpgp = await import('openpgp');
  const { armor } = await import('../../ledger-schema/openpgp/armor.ts');
  // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- the library types its answer so
  const signature = await openpgp.sign({
    message: await openpgp.createMessage({ binary: data }),
    signingKeys: who.key,
    detached: true,
    date,
    format: 'binary',
    config: { nonDeterministicSignaturesViaNotation: false },
  });
  return utf8(armor(signature as Uint8Array, 'PGP SIGNATURE'));
}
