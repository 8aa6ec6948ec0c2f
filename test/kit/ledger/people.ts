import * as openpgp from 'openpgp';
import { sha256Hex, utf8 } from '../../../ledger-schema/bytes.ts';
import { armor } from '../../../ledger-schema/openpgp/armor.ts';
import type { ListedKey } from '../../../ledger-schema/policy.ts';
import type { Signer } from '../../../ledger/signing/signer.ts';

/** A person or bot with a real key. */
export interface Person {
  readonly name: string;
  readonly key: openpgp.PrivateKey;
  /** The key file, in its one form. */
  readonly file: Uint8Array;
  readonly listed: ListedKey;
  readonly fingerprint: string;
  /** An armoured detached signature. `date`: now unless told. */
  sign(data: Uint8Array, date?: Date): Promise<Uint8Array>;
}

const config = { nonDeterministicSignaturesViaNotation: false };

export interface KeyOptions {
  /** When the key was made; a day ago unless told. */
  readonly made?: Date;
  /** Seconds from then on. */
  readonly lives?: number;
  readonly revoked?: boolean;
  /** Sign by a subkey. */
  readonly signingSubkey?: boolean;
  /** When this person's signatures are made, where nothing else is said; now unless told. */
  readonly signs?: Date;
}

const DAY = 86_400_000;

export async function person(name: string, options: KeyOptions = {}): Promise<Person> {
  const { privateKey, revocationCertificate } = await openpgp.generateKey({
    userIDs: [{ name, email: `${name}@example.org` }],
    date: options.made ?? new Date(Date.now() - DAY),
    keyExpirationTime: options.lives ?? 0,
    ...(options.signingSubkey === true ? { subkeys: [{ sign: true }] } : {}),
    format: 'object',
    config,
  });
  const revoked = options.revoked === true ? await revoke(privateKey, revocationCertificate) : privateKey.toPublic();
  return withKey(name, privateKey, revoked, options.signs);
}

async function revoke(key: openpgp.PrivateKey, revocationCertificate: string): Promise<openpgp.PublicKey> {
  const { publicKey } = await openpgp.revokeKey({ key: key.toPublic(), revocationCertificate, format: 'object' });
  return publicKey;
}

function withKey(name: string, key: openpgp.PrivateKey, published: openpgp.PublicKey, signs?: Date): Person {
  const file = utf8(armor(published.write(), 'PGP PUBLIC KEY BLOCK'));
  const fingerprint = key.getFingerprint().toUpperCase();
  return {
    name,
    key,
    file,
    listed: { fingerprint, sha256: sha256Hex(file) },
    fingerprint,
    async sign(data, date = signs ?? new Date()) {
      const message = await openpgp.createMessage({ binary: data });
      // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- the library types its answer so
      const signature = await openpgp.sign({
        message,
        signingKeys: key,
        detached: true,
        date,
        format: 'binary',
        config,
      });
      return utf8(armor(signature as Uint8Array, 'PGP SIGNATURE'));
    },
  };
}

/** The same person with a newer copy of the key file, revoked. */
export async function revokedCopy(who: Person): Promise<Person> {
  const { publicKey } = await openpgp.revokeKey({ key: who.key, format: 'object' });
  return withKey(who.name, who.key, publicKey);
}

/** The same person with a newer copy of the key file that lives so many milliseconds. */
export async function withLife(who: Person, milliseconds: number): Promise<Person> {
  const { publicKey } = await openpgp.reformatKey({
    privateKey: who.key,
    userIDs: [{ name: who.name, email: `${who.name}@example.org` }],
    keyExpirationTime: milliseconds / 1000,
    format: 'object',
    config,
  });
  return withKey(who.name, who.key, publicKey);
}

/** The same person with a copy of the key file that has no subkeys. */
export function withoutSubkeys(who: Person): Person {
  const bare = who.key.toPublic();
  bare.subkeys = [];
  return withKey(who.name, who.key, bare);
}

/** A person's key as the signer that a command opens. */
export function signerOf(who: Person): Signer {
  return {
    fingerprint: who.fingerprint,
    publicKey: () => Promise.resolve(who.file),
    sign: (data) => who.sign(data),
  };
}
