import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { newMinisignKey } from '../../evidence/keys/minisign-new-key.ts';
import { readMinisignSecret } from '../../evidence/keys/minisign-secret.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const PASSPHRASE = 'correct horse';
/** To lock one costs as much as to unlock it. */
const lockedPair = newMinisignKey({ passphrase: PASSPHRASE });
const message = Buffer.from('a statement');

/** The file with its second line's bytes changed. */
function changed(file: Uint8Array, change: (bytes: Buffer) => Buffer): Uint8Array {
  const [comment = '', body = ''] = text(file).split('\n');
  return Buffer.from(`${comment}\n${change(Buffer.from(body, 'base64')).toString('base64')}\n`);
}
const flipped = (at: number) => (bytes: Buffer) => {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};

describe('a minisign secret key', () => {
  test.each([undefined, PASSPHRASE])('signs with its passphrase: %s', async (passphrase) => {
    const pair = await (passphrase === undefined ? newMinisignKey({}) : lockedPair);
    const key = await readMinisignSecret(pair.secret, passphrase);
    expect(key).toMatchObject({ keyId: pair.keyId, text: pair.text });
    const spki = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' });
    expect(verify(null, message, spki, key.sign(message))).toBe(true);
  });

  test('that is locked wants its passphrase, and no other', async () => {
    const { secret } = await lockedPair;
    await expect(readMinisignSecret(secret, undefined)).toFailWith('E_SIGNING_KEY');
    await expect(readMinisignSecret(secret, 'wrong horse')).toFailWith('E_SIGNING_KEY');
  });

  test('whose halves do not belong together signs nothing', async () => {
    const { secret } = await newMinisignKey({});
    await expect(readMinisignSecret(changed(secret, flipped(70)), undefined)).toFailWith('E_SIGNING_KEY');
    await expect(readMinisignSecret(changed(secret, flipped(110)), undefined)).toFailWith('E_SIGNING_KEY');
  });

  test('that asks for endless memory or work is refused before any is spent', async () => {
    const { secret } = await lockedPair;
    for (const at of [38, 46]) {
      const greedy = changed(secret, (bytes) => {
        const copy = Buffer.from(bytes);
        copy.writeBigUInt64LE(2n ** 40n, at);
        return copy;
      });
      await expect(readMinisignSecret(greedy, PASSPHRASE)).toFailWith('E_SIGNING_KEY');
    }
  });

  test('is nothing else, and what is refused is not repeated', async () => {
    const { secret, public: publicKey } = await newMinisignKey({});
    const body = text(secret).split('\n')[1] ?? '';
    const wrong = [
      publicKey,
      Buffer.from(''),
      Buffer.from('-----BEGIN PGP PRIVATE KEY BLOCK-----\n'),
      Buffer.from(body),
      Buffer.from(`untrusted comment: x\n${body.slice(4)}\n`),
      Buffer.from(`untrusted comment: x\n${body}\nmore\n`),
      changed(secret, (bytes) => Buffer.concat([Buffer.from('ED'), bytes.subarray(2)])),
      changed(secret, (bytes) => Buffer.concat([bytes.subarray(0, 2), Buffer.from('Xx'), bytes.subarray(4)])),
      changed(secret, (bytes) => Buffer.concat([bytes.subarray(0, 4), Buffer.from('Xx'), bytes.subarray(6)])),
      Buffer.from([0xff, 0xfe]),
    ];
    for (const file of wrong) {
      const error: unknown = await readMinisignSecret(file, undefined).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'E_SIGNING_KEY' });
      expect(JSON.stringify(error)).not.toContain(body.slice(20, 40));
    }
  });
});
