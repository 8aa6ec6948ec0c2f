import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { REASONS, reasonsFor } from '../fixtures/openpgp/differences.ts';
import type { Case, Verdict } from '../fixtures/openpgp/fixtures.ts';
import { otherVerifiersPage } from '../fixtures/openpgp/page.ts';
import { cases } from '../fixtures/openpgp/read.ts';

const ours = ({ expect: code }: Case): Verdict => (code === 'good' ? 'good' : 'bad');

test('each difference from the format has its reason, and each reason a difference', () => {
  for (const each of cases)
    expect({ name: each.name, why: each.why }).toEqual({ name: each.name, why: reasonsFor(each, each) });
  const given = new Set(cases.flatMap(({ why }) => Object.values(why ?? {})));
  expect([...given].sort()).toEqual(REASONS.map(({ why }) => why).sort());
});

test('what real programs write, and pullthrough accepts, all verify', () => {
  const real = cases.filter((each) => each.name.startsWith('real-') && ours(each) === 'good');
  expect(real.length).toBeGreaterThan(14);
  expect(real.filter(({ gpgv, sqv }) => gpgv !== 'good' || sqv !== 'good')).toEqual([]);
});

test('docs/other-verifiers.md is what the manifest says', () => {
  expect(readFileSync('docs/other-verifiers.md', 'utf8')).toBe(otherVerifiersPage(cases));
});
