import { expect, test } from 'vitest';
import { firstSigned } from '../../evidence/signed-time.ts';

const statement = (signedAt: string | undefined, kind: 'sigstore' | 'minisign' = 'sigstore') => ({
  kind,
  sha256: '',
  size: 1,
  signer: 'x',
  signedAt,
  files: ['a'],
});

test('the first time that a log knows counts; a signer’s own word and a time to come do not', () => {
  const now = new Date('2026-02-01T00:00:00Z');
  const statements = [
    statement('2026-03-01T00:00:00Z'),
    statement('2026-01-03T00:00:00Z'),
    statement('2026-01-02T00:00:00Z'),
    statement('2026-01-01T00:00:00Z', 'minisign'),
    statement(undefined),
  ];
  expect(firstSigned(statements, now)).toEqual(new Date('2026-01-02T00:00:00Z'));
  expect(firstSigned(statements.slice(3), now)).toBeUndefined();
});
