import { generateKeyPairSync, randomBytes, scrypt } from 'node:crypto';
import { blake2b } from '@noble/hashes/blake2.js';
import { fail } from '../../ledger-schema/error.ts';

/** An Ed25519 key pair in the files of minisign. */
export interface MinisignPair {
  /** The secret key's file; encrypted where a passphrase was given. */
  readonly secret: Uint8Array;
  /** The public key's file. */
  readonly public: Uint8Array;
  /** The public key's second line, as `minisign -P` takes it. */
  readonly text: string;
  /** As minisign shows it: 16 upper-case hex digits. */
  readonly keyId: string;
}

/** Signature algorithm, key derivation and checksum, as a secret key's file names them. */
const ED25519 = Buffer.from('Ed');
const SCRYPT = Buffer.from('Sc');
const BLAKE2B = Buffer.from('B2');
const NOTHING = Buffer.alloc(2);

/**
 * libsodium's two limits, and the parameters of scrypt that it makes of them: 64 MiB, where minisign -G takes 1 GiB.
 * They are in the file, so minisign reads it all the same.
 */
const LIMITS = { operations: 4_194_304n, memory: 67_108_864n };
const COST = { N: 65_536, r: 8, p: 2, maxmem: 128 * 1024 * 1024 };

/**
 * Makes a minisign key: the secret in minisign's own encrypted form, or unencrypted as `minisign -G -W` writes it;
 * https://jedisct1.github.io/minisign/, "Secret key format". Throws `E_USAGE` for a passphrase that minisign can't ask for.
 */
export async function newMinisignKey(request: { passphrase?: string | undefined }): Promise<MinisignPair> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  const point = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const number = randomBytes(8);
  const text = Buffer.concat([ED25519, number, point]).toString('base64');
  const keyId = Buffer.from(number).reverse().toString('hex').toUpperCase();
  const secret = await secretBytes(Buffer.concat([number, seed, point]), request.passphrase);
  const file = (comment: string, base64: string): Uint8Array =>
    new TextEncoder().encode(`untrusted comment: ${comment}\n${base64}\n`);
  return {
    secret: file('minisign encrypted secret key', secret.toString('base64')),
    public: file(`minisign public key ${keyId}`, text),
    text,
    keyId,
  };
}

/** `plain` is the key's number, seed and point. */
async function secretBytes(plain: Buffer, passphrase: string | undefined): Promise<Buffer> {
  if (passphrase === undefined || passphrase === '') {
    const empty = Buffer.alloc(32 + 8 + 8);
    return Buffer.concat([ED25519, NOTHING, BLAKE2B, empty, plain, Buffer.alloc(32)]);
  }
  // minisign reads one line of at most 1,024 bytes.
  if (/[\0\r\n]/.test(passphrase) || Buffer.byteLength(passphrase) > 1023) {
    fail('E_USAGE', 'minisign could not be given this passphrase', { hint: 'take one line of at most 1023 bytes' });
  }
  const salt = randomBytes(32);
  const limits = Buffer.alloc(16);
  limits.writeBigUInt64LE(LIMITS.operations, 0);
  limits.writeBigUInt64LE(LIMITS.memory, 8);
  const checksum = blake2b(Buffer.concat([ED25519, plain]), { dkLen: 32 });
  const open = Buffer.concat([plain, checksum]);
  const stream = await derive(passphrase, salt, open.length);
  const locked = open.map((byte, i) => byte ^ (stream[i] ?? 0));
  return Buffer.concat([ED25519, SCRYPT, BLAKE2B, salt, limits, locked]);
}

function derive(passphrase: string, salt: Buffer, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, length, COST, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
