import { describe, expect, test } from 'vitest';
import { sha256Hex, utf8 } from '../../../ledger-schema/bytes.ts';
import { keyPath, policyPath, sealPath } from '../../../ledger-schema/names/layout.ts';
import type { OddLeaf } from '../../kit/ledger/memory-ledger.ts';
import { putAck, putPolicy, putRecord } from '../../kit/ledger/ledger-tree.ts';
import { revokedCopy } from '../../kit/ledger/people.ts';
import {
  ada,
  bot,
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
