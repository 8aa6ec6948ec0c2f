import { expect, test } from 'vitest';
import { readUsableKey } from '../../ledger/signing/usable-key.ts';
import { cases, fixture } from '../fixtures/openpgp/read.ts';

const now = new Date('2025-06-01T00:00:00Z');
const keyOf = (name: string): Uint8Array => fixture(cases.find((each) => each.name === name)?.key ?? '');

test.each([
  ['RSA of 2048 bits', 'algorithm-rsa-2048', '2048 bits', 'gpg --quick-generate-key NAME ed25519 sign'],
  ['brainpool', 'algorithm-ecdsa-brainpool', 'not P-256 or P-384', 'the ledger takes Ed25519'],
  ['P-521', 'algorithm-ecdsa-p521', 'not P-256 or P-384', 'the ledger takes Ed25519'],
  ['DSA', 'algorithm-dsa', 'not Ed25519', 'the ledger takes Ed25519'],
  ['expired', 'expired-primary', 'expired at', 'gpg --quick-set-expire'],
  ['revoked', 'revoked-primary', 'is revoked', 'make a version 4 key'],
  ['of version 6', 'key-version-6-file', 'of version 6, not 4', 'make a version 4 key'],
  ['for encryption alone', 'self-encrypt-only', 'no signing flag', 'pullthrough key new'],
  ['of small order', 'point-key-order-1', 'small order', 'pullthrough key new'],
  ['no key', 'armor-plain', 'not an OpenPGP key', 'gpg --armor --export'],
])(
  'a key that can not sign is refused before a policy lists it, and what to do is said: %s',
  async (_, name, said, hint) => {
    const file = name === 'armor-plain' ? new TextEncoder().encode('hello\n') : keyOf(name);
    await expect(readUsableKey(file, 'ada.asc', now)).rejects.toMatchObject({
      code: 'E_INPUT',
      exit: 2,
      message: expect.stringMatching(new RegExp(`^ada.asc: .*${said}`)) as unknown,
      hint: expect.stringContaining(hint) as unknown,
    });
  },
);

test('a key that can sign is given in the one form of a key file', async () => {
  const { key, bytes } = await readUsableKey(keyOf('armor-plain'), 'ada.asc', now);
  expect(key.sha256).toHaveLength(64);
  expect(Buffer.from(bytes).toString()).toMatch(/^-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n/);
});
