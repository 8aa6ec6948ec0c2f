import * as openpgp from 'openpgp';
import { fromUtf8, utf8 } from '../bytes.ts';
import { PullthroughError, fail } from '../error.ts';
import { KEY_BYTES, canonicalKeyFile, signingComponents } from './openpgp.ts';
import type { KeyComponent, KeyFile, SigningPurpose } from './openpgp.ts';
import type { Verifier } from './algorithms/verifier.ts';

/** Version 4, no salt in a notation, nothing that the tools of a stable distribution can't read. */
const CONFIG = {
  v6Keys: false,
  aeadProtect: false,
  nonDeterministicSignaturesViaNotation: false,
  preferredHashAlgorithm: openpgp.enums.hash.sha512,
  s2kType: openpgp.enums.s2k.iterated,
  showComment: false,
  showVersion: false,
} as const;

/** The library has these parameters; its types don't. */
interface SigningPacket extends openpgp.SignaturePacket {
  sign(
    key: openpgp.AnyKeyPacket,
    data: object,
    date?: Date,
    detached?: boolean,
    config?: openpgp.Config,
  ): Promise<void>;
}

/** A secret key that is unlocked and can sign. */
export interface SigningKey {
  readonly key: KeyFile;
  /** The key file: the public key in the format's one armour. */
  readonly publicFile: Uint8Array;
  /** Who signs: the first of {@link signingComponents} whose secret is there. */
  readonly component: KeyComponent;
  /** For this file alone: the library's own object. */
  readonly secret: openpgp.PrivateKey;
}

/**
 * Makes a key that does nothing but sign: version 4, Ed25519 (legacy algorithm 22), no subkey, no expiry. `userId` has
 * the form `Name <address>`. Returns the secret key as armour, locked where there is a passphrase, and the key file.
 */
export async function generateKey(request: {
  userId: string;
  passphrase?: string | undefined;
  now: Date;
}): Promise<{ secret: Uint8Array; public: Uint8Array; fingerprint: string }> {
  const [, name, email] = /^(.*?)\s*<([^<>]+)>$/.exec(request.userId.trim()) ?? [];
  let made: openpgp.PrivateKey;
  try {
    if (/[\0-\x1f\x7f-\x9f]|^\s*$/.test(request.userId)) throw new TypeError('control characters, or nothing');
    const { privateKey } = await openpgp.generateKey({
      userIDs: [email === undefined ? { name: request.userId.trim() } : { name, email }],
      type: 'ecc',
      curve: 'ed25519Legacy',
      subkeys: [],
      date: request.now,
      format: 'object',
      config: CONFIG,
      ...(request.passphrase === undefined || request.passphrase === '' ? {} : { passphrase: request.passphrase }),
    });
    made = privateKey;
  } catch (cause) {
    fail('E_USAGE', `no key can be made for the user id ${JSON.stringify(request.userId)}`, {
      hint: 'write it as "Name <name@example.org>"',
      cause,
    });
  }
  const { bytes, key } = await canonicalKeyFile(made.toPublic().write());
  const armored = made.armor({ ...openpgp.config, ...CONFIG }).replaceAll('\r\n', '\n');
  return { secret: utf8(armored), public: bytes, fingerprint: key.fingerprint };
}

/**
 * Reads and unlocks a secret key, armoured or binary. It must hold exactly one key of version 4, with an algorithm that
 * the format allows, and it must be able to sign at `now`; for a nack it may have expired or be revoked. Throws
 * `E_SIGNING_KEY`.
 */
export async function readSecretKey(request: {
  file: Uint8Array;
  passphrase?: string | undefined;
  now: Date;
  purpose?: SigningPurpose;
  verifier?: Verifier;
}): Promise<SigningKey> {
  const locked = await readPrivateKey(request.file);
  let canonical: { bytes: Uint8Array; key: KeyFile };
  let usable: KeyComponent[];
  try {
    canonical = await canonicalKeyFile(locked.toPublic().write(), request.verifier);
    usable = signingComponents(canonical.key, request.now, request.purpose);
  } catch (cause) {
    const why = cause instanceof PullthroughError ? `: ${cause.message}` : '';
    fail('E_SIGNING_KEY', `the signing key cannot be used${why}`, { hint: 'see `pullthrough key new`', cause });
  }
  const secret = await unlock(locked, request.passphrase);
  const open = new Set(
    secret.getKeys().flatMap(({ keyPacket }) => {
      return keyPacket.isDecrypted() === true ? [keyPacket.getFingerprint().toUpperCase()] : [];
    }),
  );
  const component = usable.find(({ fingerprint }) => open.has(fingerprint));
  if (component === undefined) {
    return fail(
      'E_SIGNING_KEY',
      `the file of the signing key ${canonical.key.fingerprint} lacks the secret part that signs`,
      {
        hint: 'export it with its secret: gpg --armor --export-secret-keys KEY',
      },
    );
  }
  return { key: canonical.key, publicFile: canonical.bytes, component, secret };
}

/** The packet of a detached binary signature of `data`, dated `now`. Throws `E_SIGNING_KEY`. */
export async function signDetached(signer: SigningKey, data: Uint8Array, now: Date): Promise<Uint8Array> {
  try {
    const { fingerprint } = signer.component;
    const part = signer.secret.getKeys().find((key) => key.getFingerprint().toUpperCase() === fingerprint);
    const [literal] = (await openpgp.createMessage({ binary: data })).packets;
    if (part === undefined || literal === undefined) throw new TypeError('the signing key or the data is missing');
    // Not with openpgp.sign: it judges the key again, and refuses an expired or revoked one even for a nack.
    const signature: SigningPacket = Object.assign(new openpgp.SignaturePacket(), {
      signatureType: openpgp.enums.signature.binary,
      publicKeyAlgorithm: part.keyPacket.algorithm,
      hashAlgorithm: openpgp.enums.hash.sha512,
      rawNotations: [],
    });
    await signature.sign(part.keyPacket, literal, now, true, { ...openpgp.config, ...CONFIG });
    const packets = new openpgp.PacketList<openpgp.SignaturePacket>();
    packets.push(signature);
    return packets.write();
  } catch (cause) {
    return fail('E_SIGNING_KEY', `the key ${signer.component.fingerprint} cannot sign`, { cause });
  }
}

async function readPrivateKey(file: Uint8Array): Promise<openpgp.PrivateKey> {
  const refuse = (problem: string, cause?: unknown): never =>
    fail('E_SIGNING_KEY', `the signing key cannot be read: ${problem}`, {
      hint: 'it is one secret key, as `pullthrough key new` or gpg --armor --export-secret-keys KEY writes it',
      cause,
    });
  if (file.length > 4 * KEY_BYTES) refuse(`it has more than ${4 * KEY_BYTES} bytes`);
  const text = fromUtf8(file);
  if (text?.includes('-----BEGIN PGP PUBLIC KEY BLOCK-----') && !text.includes('PRIVATE KEY BLOCK')) {
    refuse('it is a public key');
  }
  // The library reads the first block and drops the others.
  if ((text?.match(/-----BEGIN PGP/g) ?? []).length > 1) refuse('it holds several blocks');
  let keys: openpgp.PrivateKey[];
  try {
    const armored = text?.includes('-----BEGIN PGP') ? text.trim() : undefined;
    keys = await (armored === undefined
      ? openpgp.readPrivateKeys({ binaryKeys: file })
      : openpgp.readPrivateKeys({ armoredKeys: armored }));
  } catch (cause) {
    return refuse('it holds no OpenPGP secret key', cause);
  }
  const [key] = keys;
  if (key === undefined || keys.length > 1) return refuse(`it holds ${keys.length} secret keys, not one`);
  return key;
}

async function unlock(key: openpgp.PrivateKey, passphrase: string | undefined): Promise<openpgp.PrivateKey> {
  if (key.isDecrypted()) return key;
  if (passphrase === undefined || passphrase === '') {
    fail('E_SIGNING_KEY', 'the signing key is locked, and no passphrase is given', {
      hint: 'set PULLTHROUGH_SIGNING_PASSPHRASE',
    });
  }
  try {
    return await openpgp.decryptKey({ privateKey: key, passphrase, config: CONFIG });
  } catch (cause) {
    return fail('E_SIGNING_KEY', 'the signing key cannot be unlocked with the passphrase that is given', {
      hint: 'check PULLTHROUGH_SIGNING_PASSPHRASE',
      cause,
    });
  }
}
