import { md5, ripemd160, sha1 } from '@noble/hashes/legacy.js';
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { sha3_256, sha3_512 } from '@noble/hashes/sha3.js';
import { isCanonicalScalar, isWeakPoint } from './algorithms/ed25519.ts';
import { readMpis } from './packet.ts';
import { coveredBytes, showsDigest } from './signature-packet.ts';
import type { SignaturePacket } from './signature-packet.ts';
import type { Hash, PublicMaterial, Question, Verifier, WeakHash } from './algorithms/verifier.ts';

/** The hashes that a signature of the format may use, by their OpenPGP numbers; RFC 9580, section 9.5. */
const HASHES = new Map<number, Hash>([
  [8, 'SHA-256'],
  [9, 'SHA-384'],
  [10, 'SHA-512'],
]);

/** Hashes with which only revocations still count. */
const WEAK = new Map<number, WeakHash>([
  [1, 'MD5'],
  [2, 'SHA-1'],
  [3, 'RIPEMD-160'],
  [11, 'SHA-224'],
  [12, 'SHA3-256'],
  [14, 'SHA3-512'],
]);

const DIGESTS: Record<Hash | WeakHash, (message: Uint8Array) => Uint8Array> = {
  'SHA-256': sha256,
  'SHA-384': sha384,
  'SHA-512': sha512,
  MD5: md5,
  'SHA-1': sha1,
  'RIPEMD-160': ripemd160,
  'SHA-224': sha224,
  'SHA3-256': sha3_256,
  'SHA3-512': sha3_512,
};

/** Plain TypeScript, loaded when it is first needed. */
export const PORTABLE: Verifier = {
  digest: (hash, message) => DIGESTS[hash](message),
  verify: verifyPortably,
};

async function verifyPortably(question: Question<Hash | WeakHash>): Promise<boolean> {
  return (await import('./algorithms/portable-verifier.ts')).verify(question);
}

export function isStrongHash(signature: SignaturePacket): boolean {
  return HASHES.has(signature.hash);
}

/**
 * Why these bytes aren't a signature by this key over this subject; undefined where they are. What the signature says
 * about itself (its type, date, issuer) is judged elsewhere.
 */
export async function whyNotSigned(
  signature: SignaturePacket,
  subject: Uint8Array,
  key: PublicMaterial,
  verifier: Verifier,
): Promise<string | undefined> {
  if (signature.algorithm !== key.algorithm) return 'it is by another algorithm than the key';
  const numbers = numbersOf(signature, key);
  if (typeof numbers === 'string') return numbers;
  const message = coveredBytes(signature, subject);
  const strong = HASHES.get(signature.hash);
  const weak = WEAK.get(signature.hash);
  let fits: boolean;
  if (strong !== undefined) {
    const digest = verifier.digest(strong, message);
    fits =
      showsDigest(signature, digest) &&
      (await verifier.verify({ key, hash: strong, message, digest, signature: numbers }));
  } else if (weak !== undefined) {
    const digest = DIGESTS[weak](message);
    fits =
      showsDigest(signature, digest) &&
      (await verifyPortably({ key, hash: weak, message, digest, signature: numbers }));
  } else return `it uses the unknown hash ${signature.hash}`;
  return fits ? undefined : 'it was made over other bytes or by another key';
}

const WIDTH = { ed25519: 32, 'P-256': 32, 'P-384': 48 } as const;

/** The signature's numbers at their full width, or what is wrong with them. */
function numbersOf(signature: SignaturePacket, key: PublicMaterial): Uint8Array | string {
  const count = key.kind === 'RSA' ? 1 : 2;
  const width = key.kind === 'RSA' ? key.modulus.length : WIDTH[key.kind];
  const mpis = readMpis(signature.numbers, count);
  if (mpis === undefined) return 'its numbers do not fill its packet';
  if (mpis.some((mpi) => mpi.length > width)) return 'its numbers are too long';
  const bytes = new Uint8Array(count * width);
  mpis.forEach((mpi, i) => bytes.set(mpi, (i + 1) * width - mpi.length));
  if (key.kind === 'ed25519') {
    if (isWeakPoint(bytes.subarray(0, 32))) return 'its point is of small order';
    if (!isCanonicalScalar(bytes.subarray(32))) return 'its scalar is not in its one form';
  }
  return bytes;
}
