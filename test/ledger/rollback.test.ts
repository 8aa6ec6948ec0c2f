import { describe, expect, test } from 'vitest';
import { fail } from '../../ledger-schema/index.ts';
import type { ChainLink, Memory } from '../../ledger/view/memory.ts';
import { checkAgainstMemory } from '../../ledger/view/rollback.ts';
import type { LedgerQuestions } from '../../ledger/view/rollback.ts';

/** Policies by one letter a digest: `chain(1, 'abc')` are policies 1 to 3. */
function chain(start: number, letters: string): ChainLink[] {
  return [...letters].map((letter, i) => ({ version: start + i, sha256: letter.repeat(64) }));
}

/** Commits on one line: `a` is older than `b`; those in upper case are another line. */
function ledger(policies: ChainLink[] = []): LedgerQuestions {
  const sameLine = (a: string, b: string) => (a === a.toLowerCase()) === (b === b.toLowerCase());
  return {
    descends: async (old, now) => sameLine(old, now) && old <= now,
    // From `p` on something is missing.
    onlyAdded: async (_, now) => (now < 'p' ? undefined : fail('E_APPEND_ONLY', 'something was removed')),
    chainFrom: async (link) => {
      const at = policies.findIndex((other) => other.version === link.version && other.sha256 === link.sha256);
      return at < 0 ? fail('E_PIN', 'not there') : policies.slice(at);
    },
  };
}

const memory: Memory = { commit: 'm', policies: chain(2, 'bcd') };

describe('what was seen before', () => {
  test('the first time everything is remembered', async () => {
    const seen = { commit: 'a', chain: chain(3, 'cd') };
    expect(await checkAgainstMemory(undefined, seen, ledger())).toEqual({ commit: 'a', policies: chain(3, 'cd') });
  });

  test.each([
    ['the same again', 'm', chain(2, 'bcd'), chain(2, 'bcd')],
    ['a newer commit', 'n', chain(2, 'bcd'), chain(2, 'bcd')],
    ['a newer policy', 'n', chain(2, 'bcde'), chain(2, 'bcde')],
    ['another pin: an earlier policy of the chain', 'm', chain(3, 'cd'), chain(2, 'bcd')],
    ['another pin: the newest', 'm', chain(4, 'd'), chain(2, 'bcd')],
    ['another pin: one before the chain that leads to it', 'm', chain(1, 'abcd'), chain(1, 'abcd')],
  ])('%s is taken', async (_, commit, seen, policies) => {
    expect(await checkAgainstMemory(memory, { commit, chain: seen }, ledger())).toEqual({ commit, policies });
  });

  test('a pin past the remembered chain is taken when valid steps lead to it', async () => {
    const seen = { commit: 'm', chain: chain(6, 'fg') };
    const known = await checkAgainstMemory(memory, seen, ledger(chain(1, 'abcdefg')));
    expect(known.policies).toEqual(chain(2, 'bcdefg'));
  });

  test.each([
    ['an older policy', 'm', chain(2, 'bc'), 'E_ROLLBACK'],
    ['another policy of the same number', 'm', chain(2, 'bcx'), 'E_FORK'],
    ['another policy on the way', 'm', chain(2, 'bxd'), 'E_FORK'],
    ['a longer chain with another policy on the way', 'n', chain(2, 'bcxe'), 'E_FORK'],
    ['an older commit', 'l', chain(2, 'bcd'), 'E_ROLLBACK'],
    ['a commit of another line', 'M', chain(2, 'bcd'), 'E_FORK'],
    ['an older commit with a newer policy', 'l', chain(2, 'bcde'), 'E_ROLLBACK'],
    ['a newer commit that removed something', 'p', chain(2, 'bcd'), 'E_APPEND_ONLY'],
  ] as const)('%s is refused', async (_, commit, seen, code) => {
    await expect(() => checkAgainstMemory(memory, { commit, chain: seen }, ledger())).toFailWith(code);
  });

  test('a commit of another line is refused as such where nothing is left of the one that was seen', async () => {
    const gone: LedgerQuestions = {
      ...ledger(),
      descends: async (_, now) => (now === 'm' ? fail('E_GIT', 'commit m is not here') : false),
    };
    await expect(() => checkAgainstMemory(memory, { commit: 'M', chain: chain(2, 'bcd') }, gone)).toFailWith('E_FORK');
  });

  test.each([
    ['lies behind another policy of the same number', chain(1, 'abcDEF')],
    ['is in a ledger without what was seen', chain(6, 'f')],
    ['is not what the steps reach', chain(1, 'abcdex')],
  ])('a pin past the remembered chain that %s is refused', async (_, policies) => {
    const seen = { commit: 'm', chain: chain(6, 'f') };
    await expect(() => checkAgainstMemory(memory, seen, ledger(policies))).toFailWith('E_FORK');
  });
});
