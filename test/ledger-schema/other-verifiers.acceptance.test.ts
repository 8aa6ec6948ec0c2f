import { availableParallelism } from 'node:os';
import { beforeAll, describe, expect, test } from 'vitest';
import { concatBytes } from '../../ledger-schema/bytes.ts';
import type { Verdict } from '../fixtures/openpgp/fixtures.ts';
import { Verifiers } from '../fixtures/openpgp/measure.ts';
import { cases, fixture } from '../fixtures/openpgp/read.ts';

async function measureAll(): Promise<Map<string, { gpgv: Verdict; sqv: Verdict }>> {
  using verifiers = new Verifiers();
  const measured = new Map<string, { gpgv: Verdict; sqv: Verdict }>();
  const queue = [...cases];
  const work = async (): Promise<void> => {
    for (let each = queue.pop(); each !== undefined; each = queue.pop()) {
      const question = {
        key: fixture(each.key),
        signature: fixture(each.signature),
        data: concatBytes(...each.data.map(fixture)),
      };
      const [gpgv, sqv] = await Promise.all([verifiers.gpgv(question), verifiers.sqv(question)]);
      measured.set(each.name, { gpgv, sqv });
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return measured;
}

describe('gpgv and sqv, asked about every fixture', () => {
  let measured: Map<string, { gpgv: Verdict; sqv: Verdict }>;
  beforeAll(async () => {
    measured = await measureAll();
  }, 120_000);

  test.each(['gpgv', 'sqv'] as const)('%s answers as the manifest records', (verifier) => {
    const recorded = Object.fromEntries(cases.map((each) => [each.name, each[verifier]]));
    const answered = Object.fromEntries(cases.map(({ name }) => [name, measured.get(name)?.[verifier]]));
    expect(answered).toEqual(recorded);
  });
});
