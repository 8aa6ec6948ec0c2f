import { createPrivateKey, createPublicKey, scrypt, sign, timingSafeEqual } from 'node:crypto';
import { blake2b } from '@noble/hashes/blake2.js';
import { fromUtf8 } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';

/** A minisign key that signs. None of its properties holds the secret itself. */
export interface MinisignSigner {
  /** As minisign shows it: 16 upper-case hex digits. */
  readonly keyId: string;
  /** The public key as `minisign -P` takes it. */
  readonly text: string;
  /** The public key as DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** Ed25519 over the bytes themselves, as DSSE wants it; not over their BLAKE2b, as a .minisig is. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** Of the secret key's file; https://jedisct1.github.io/minisign/, "Secret key format". */
const PARTS = { algorithm: 2, derivation: 2, checksum: 2, salt: 32, operations: 8, memory: 8, locked: 104 } as const;
const WHOLE = Object.values(PARTS).reduce((sum, size) => sum + size, 0);
const PUBLIC = 42;
/** DER of a PKCS #8 Ed25519 key, without its 32 bytes. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** What `minisign -G` asks for, and the most that is allowed: 1 GiB, and the work that goes with it. */
const MOST = { operations: 33_554_432n, memory: 1_073_741_824n };

/**
 * Reads a minisign secret key: unencrypted (`minisign -G -W`, `key new --minisign` without a passphrase), or encrypted
 * by scrypt, as minisign does it. Errors never contain any of the file. Throws `E_SIGNING_KEY`.
 */
export async function readMinisignSecret(file: Uint8Array, passphrase: string | undefined): Promise<MinisignSigner> {
  const refuse = (problem: string, hint: string): never => fail('E_SIGNING_KEY', problem, { hint });
  const make = 'pullthrough key new --minisign makes a minisign key';
  const lines = (fromUtf8(file) ?? '').split('\n').map((line) => line.replace(/\r$/, ''));
  if (lines.at(-1) === '') lines.pop();
  const [comment = '', body = ''] = lines;
  if (lines.length !== 2 || !comment.startsWith('untrusted comment: ')) {
    refuse('the stamp key is not a minisign secret key', make);
  }
  const bytes = Buffer.from(body, 'base64');
  if (bytes.length === PUBLIC) refuse('the stamp key is a public key', 'name the file of the secret key');
  if (bytes.length !== WHOLE || bytes.toString('base64') !== body) {
    refuse('the stamp key is not a minisign secret key', make);
  }
  const part = parts(bytes);
  const kinds = [part.algorithm, part.checksum].map((kind) => kind.toString('latin1')).join(' ');
  if (kinds !== 'Ed B2') refuse('the stamp key is of a kind that minisign does not make', make);
  return signerOf(await open(part, passphrase, refuse), refuse);
}

type Part = Record<keyof typeof PARTS, Buffer>;
type Refuse = (problem: string, hint: string) => never;

function parts(bytes: Buffer): Part {
  let at = 0;
  const entries = Object.entries(PARTS).map(([name, size]) => [name, bytes.subarray(at, (at += size))] as const);
  return Object.fromEntries(entries) as Part;
}

/** The key's number, seed and point, and their checksum. */
async function open(part: Part, passphrase: string | undefined, refuse: Refuse): Promise<Buffer> {
  const derivation = part.derivation.toString('latin1');
  if (derivation === '\0\0') return part.locked;
  if (derivation !== 'Sc') return refuse('the stamp key is locked in a way that minisign does not use', 'make another');
  if (passphrase === undefined) {
    return refuse('the stamp key is locked', 'set PULLTHROUGH_SIGNING_PASSPHRASE to its passphrase');
  }
  const limits = { operations: part.operations.readBigUInt64LE(), memory: part.memory.readBigUInt64LE() };
  if (limits.operations > MOST.operations || limits.memory > MOST.memory) {
    return refuse('the stamp key asks for more than 1 GiB to unlock it', 'take a key that minisign -G makes');
  }
  const stream = await derive(passphrase, part.salt, part.locked.length, limits);
  const plain = part.locked.map((byte, i) => byte ^ (stream[i] ?? 0));
  const opened = Buffer.from(plain.buffer, plain.byteOffset, plain.length);
  const sum = blake2b(Buffer.concat([part.algorithm, opened.subarray(0, 72)]), { dkLen: 32 });
  if (timingSafeEqual(sum, opened.subarray(72))) return opened;
  return refuse('the passphrase does not unlock the stamp key', 'look at PULLTHROUGH_SIGNING_PASSPHRASE');
}

/** libsodium's `crypto_pwhash_scryptsalsa208sha256`: the parameters of scrypt that it makes of its two limits. */
function derive(
  passphrase: string,
  salt: Buffer,
  length: number,
  { operations, memory }: { readonly operations: bigint; readonly memory: bigint },
): Promise<Buffer> {
  const r = 8;
  const work = operations < 32_768n ? 32_768 : Number(operations);
  const narrow = work < Number(memory) / 32;
  const most = narrow ? work / (r * 4) : Number(memory) / (r * 128);
  let exponent = 1;
  while (exponent < 62 && 2 ** exponent <= most / 2) exponent += 1;
  const N = 2 ** exponent;
  const p = narrow ? 1 : Math.max(1, Math.floor(Math.floor(Math.min(work / 4 / N, 0x3fffffff)) / r));
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, length, { N, r, p, maxmem: 128 * r * (N + p + 2) + 1024 }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

function signerOf(opened: Buffer, refuse: Refuse): MinisignSigner {
  const [number, seed, point] = [opened.subarray(0, 8), opened.subarray(8, 40), opened.subarray(40, 72)];
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  if (!spki.subarray(-32).equals(point)) refuse('the stamp key is damaged: its two halves differ', 'take a copy of it');
  return {
    keyId: Buffer.from(number).reverse().toString('hex').toUpperCase(),
    text: Buffer.concat([Buffer.from('Ed'), number, point]).toString('base64'),
    spki,
    sign: (bytes) => sign(null, bytes, key),
  };
}
