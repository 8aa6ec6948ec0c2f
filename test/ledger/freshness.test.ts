import { describe, expect, test } from 'vitest';
import type { Head } from '../../ledger-schema/head.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import { agedText, requireFresh } from '../../ledger/view/freshness.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-29T12:00:00Z');
const at = (ms: number) => new Date(NOW + ms).toISOString().replace('.000Z', 'Z');
const POLICIES = [2, 3].map((version) => ({ version, sha256: String(version).repeat(64) }));
const trust = { version: 3, chain: POLICIES } as unknown as Trust;

function head(change: Partial<Head> = {}): Head {
  const policy = { version: 3, sha256: '3'.repeat(64) };
  return { format: 1, commit: 'a'.repeat(40), policy, issued: at(-HOUR), expires: at(71 * HOUR), ...change };
}

const fresh = (given: Head | undefined, more: { seen?: string; follows?: boolean } = {}) =>
  requireFresh({
    head: given,
    seen: more.seen,
    trust,
    now: new Date(NOW),
    maxAge: 24 * HOUR,
    follows: async () => more.follows ?? true,
  });

describe('a signed head', () => {
  test.each<[string, Head, { seen?: string }]>([
    ['of an hour ago', head(), {}],
    ['that was seen before', head(), { seen: at(-HOUR) }],
    ['newer than one that was seen', head(), { seen: at(-2 * HOUR) }],
    ['of a clock that is a little ahead', head({ issued: at(HOUR / 10) }), {}],
    ['with an earlier policy of the chain', head({ policy: POLICIES[0]! }), {}],
    ['with a policy before the pin', head({ policy: { version: 1, sha256: '1'.repeat(64) } }), {}],
    ['just within max-age', head({ issued: at(-24 * HOUR) }), {}],
  ])('%s is fresh', async (_, given, more) => {
    await fresh(given, more);
  });

  test.each<[string, Head | undefined, { seen?: string; follows?: boolean }]>([
    ['that is not there', undefined, {}],
    ['older than max-age', head({ issued: at(-24 * HOUR - 1000) }), {}],
    ['that expired', head({ expires: at(0) }), {}],
    ['of the future', head({ issued: at(HOUR / 4) }), {}],
    ['older than one that was seen', head(), { seen: at(-HOUR / 2) }],
    ['of a commit that the ledger does not hold', head(), { follows: false }],
    ['of a newer policy', head({ policy: { version: 4, sha256: '4'.repeat(64) } }), {}],
    ['of another policy', head({ policy: { version: 3, sha256: '4'.repeat(64) } }), {}],
  ])('%s is stale', async (_, given, more) => {
    await expect(fresh(given, more)).rejects.toMatchObject({ code: 'E_STALE', exit: 3 });
  });

  test.each([
    [5 * 60_000, '5 min'],
    [26 * HOUR, '26 h'],
    [72 * HOUR, '3 d'],
    [-1, '0 min'],
  ])('has an age that people read: %d is %s', (ms, text) => {
    expect(agedText(ms)).toBe(text);
  });
});
