import * as openpgp from 'openpgp';
import { armor } from '../../ledger-schema/openpgp/armor.ts';
import { sha256Hex, utf8 } from '../../ledger-schema/index.ts';
import type { ListedKey } from '../../ledger-schema/index.ts';

/** Somebody with an OpenPGP key. */
export interface Person {
  readonly name: string;
  readonly fingerprint: string;
  /** The key file. */
  readonly file: Uint8Array;
  readonly listed: ListedKey;
  /** An armoured detached signature. */
  sign(data: Uint8Array): Promise<Uint8Array>;
}

const config = { nonDeterministicSignaturesViaNotation: false };
const MADE = new Date('2025-01-01T00:00:00Z');

export async function person(name: string): Promise<Person> {
  const { privateKey } = await openpgp.generateKey({
    type: 'ecc',
    curve: 'ed25519Legacy',
    userIDs: [{ name }],
    date: MADE,
    format: 'object',
    config,
  });
  const fingerprint = privateKey.getFingerprint().toUpperCase();
  const file = utf8(armor(privateKey.toPublic().write(), 'PGP PUBLIC KEY BLOCK'));
  return {
    name,
    fingerprint,
    file,
    listed: { fingerprint, sha256: sha256Hex(file) },
    async sign(data) {
      const message = await openpgp.createMessage({ binary: data });
      const signature = (await openpgp.sign({
        message,
        signingKeys: privateKey,
        detached: true,
        format: 'binary',
        date: MADE,
        config,
      })) as unknown as Uint8Array;
      return utf8(armor(signature, 'PGP SIGNATURE'));
    },
  };
}
