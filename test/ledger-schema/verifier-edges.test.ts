import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { concatBytes, utf8 } from '../../ledger-schema/bytes.ts';
import { isCanonicalScalar, isWeakPoint, littleEndian } from '../../ledger-schema/openpgp/algorithms/ed25519.ts';
import type { Hash, Question } from '../../ledger-schema/openpgp/algorithms/verifier.ts';
import { PORTABLE } from '../../ledger-schema/openpgp/verify.ts';
import { NODE_VERIFIER, THREAD_VERIFIER } from '../../ledger/signing/node-verifier.ts';

/** What the three verifiers say; they must say one thing. */
async function answer(question: Question): Promise<boolean> {
  const [portable, native] = [await PORTABLE.verify(question), await NODE_VERIFIER.verify(question)];
  expect(portable).toBe(native);
  expect(await THREAD_VERIFIER.verify(question)).toBe(native);
  return native;
}

const { Point } = ed25519;
const { ORDER } = Point.Fn;
const SCALAR = 0x1234567890abcdef1234567890abcdefn;
const KEY = Point.BASE.multiply(SCALAR);
/** A point whose order is 8: added to another, it gives one of mixed order. */
const TORSION = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');

const little = (number: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(number.toString(16).padStart(64, '0'), 'hex')).reverse();
const modulo = (number: bigint): bigint => ((number % ORDER) + ORDER) % ORDER;

interface Forged {
  readonly question: Question;
  /** What the digest of R, the key and the message is, by which the key is multiplied. */
  readonly k: bigint;
}

/** A signature by somebody who knows the scalar, and adds multiples of the point of order 8 to the key and to R. */
function forge(text: string, inKey: number, inR: number, addToS = 0n): Forged {
  const digest = createHash('sha256').update(text).digest();
  const nonce = modulo(littleEndian(sha512(utf8(`nonce of ${text}`))));
  const point = KEY.add(TORSION.multiplyUnsafe(BigInt(inKey))).toBytes();
  const r = Point.BASE.multiply(nonce)
    .add(TORSION.multiplyUnsafe(BigInt(inR)))
    .toBytes();
  const k = modulo(littleEndian(sha512(concatBytes(r, point, digest))));
  const signature = concatBytes(r, little(modulo(nonce + k * SCALAR) + addToS));
  const key = { kind: 'ed25519', algorithm: 22, point } as const;
  return { question: { key, hash: 'SHA-256', message: utf8(text), digest, signature }, k };
}

const TEXTS = Array.from({ length: 12 }, (_, i) => `message ${i}`);

describe('Ed25519, without the cofactor', () => {
  test('a good signature is good', async () => {
    for (const text of TEXTS) expect(await answer(forge(text, 0, 0).question)).toBe(true);
  });

  // With the cofactor all of these would be good: two verifiers could be told two things by one signature.
  test.each([
    [1, 0],
    [4, 0],
    [0, 1],
    [0, 4],
    [1, 7],
    [3, 5],
  ])(
    'by a key of mixed order (%d) or with an R of mixed order (%d) it is good where the sum itself is',
    async (a, r) => {
      for (const text of TEXTS) {
        const { question, k } = forge(text, a, r);
        expect(isWeakPoint(question.key.kind === 'ed25519' ? question.key.point : new Uint8Array())).toBe(false);
        expect(await answer(question)).toBe((BigInt(r) + k * BigInt(a)) % 8n === 0n);
      }
    },
  );

  test('an S beyond the order is refused, by the byte rules and by each verifier', async () => {
    for (const text of TEXTS.slice(0, 4)) {
      for (const times of [1n, 2n, 7n]) {
        const { question } = forge(text, 0, 0, times * ORDER);
        expect(isCanonicalScalar(question.signature.subarray(32))).toBe(false);
        expect(await answer(question)).toBe(false);
      }
    }
  });

  test('zeros are no signature', async () => {
    const { question } = forge('zero', 0, 0);
    const { signature } = question;
    for (const zeros of [
      concatBytes(new Uint8Array(32), signature.subarray(32)),
      concatBytes(signature.subarray(0, 32), new Uint8Array(32)),
      new Uint8Array(64),
    ]) {
      expect(await answer({ ...question, signature: zeros })).toBe(false);
    }
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7])(
    'the point of small order %d is refused before anybody multiplies it',
    (times) => {
      const point = TORSION.multiplyUnsafe(BigInt(times)).toBytes();
      expect(isWeakPoint(point)).toBe(true);
      // The other sign of the same y.
      const other = Uint8Array.from(point);
      other[31] = (other[31] ?? 0) ^ 0x80;
      expect(isWeakPoint(other)).toBe(true);
    },
  );

  test('a point has one encoding: y at or beyond the prime is refused', () => {
    const prime = 2n ** 255n - 19n;
    for (let y = 0n; y < 19n; y++) expect(isWeakPoint(little(prime + y))).toBe(true);
    expect(isWeakPoint(KEY.toBytes())).toBe(false);
  });
});

const CURVES = [
  ['P-256', 32, 'SHA-256', 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n],
  ['P-384', 48, 'SHA-384', BigInt(`0x${'f'.repeat(48)}c7634d81f4372ddf581a0db248b0a77aecec196accc52973`)],
] as const;

describe.each(CURVES)('ECDSA over %s', (kind, width, hash: Hash, order) => {
  const pair = generateKeyPairSync('ec', { namedCurve: kind });
  const { x = '', y = '' } = pair.publicKey.export({ format: 'jwk' });
  const point = concatBytes(Uint8Array.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url'));
  const name = hash.replace('-', '').toLowerCase();
  const message = utf8('a message');
  const digest = createHash(name).update(message).digest();
  const signature = sign(name, message, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
  const asked = (bytes: Uint8Array): Promise<boolean> =>
    answer({ key: { kind, algorithm: 19, point }, hash, message, digest, signature: Uint8Array.from(bytes) });
  const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  const bytes = (value: bigint): Uint8Array => Buffer.from(value.toString(16).padStart(2 * width, '0'), 'hex');
  const [r, s] = [number(signature.subarray(0, width)), number(signature.subarray(width))];

  test('a good signature is good, by its low and by its high S', async () => {
    expect(await asked(signature)).toBe(true);
    expect(await asked(concatBytes(bytes(r), bytes(order - s)))).toBe(true);
  });

  test.each([
    ['r is zero', 0n, s],
    ['s is zero', r, 0n],
    ['both are zero', 0n, 0n],
    ['r is the order', order, s],
    ['s is the order', r, order],
    ['r and s are changed about', s, r],
    ['r is one more', r + 1n, s],
    ['s is one less', r, s - 1n],
  ])('%s: refused', async (_, first, second) => {
    expect(await asked(concatBytes(bytes(first), bytes(second)))).toBe(false);
  });

  test('as DER it is no signature, nor with a byte more or less', async () => {
    expect(await asked(sign(name, message, pair.privateKey))).toBe(false);
    expect(await asked(concatBytes(signature, Uint8Array.of(0)))).toBe(false);
    expect(await asked(signature.subarray(1))).toBe(false);
    expect(await asked(new Uint8Array())).toBe(false);
  });

  test('a key beside its curve has no signatures', async () => {
    const beside = Uint8Array.from(point);
    beside[width] = (beside[width] ?? 0) ^ 1;
    const key = { kind, algorithm: 19, point: beside } as const;
    expect(await answer({ key, hash, message, digest, signature: Uint8Array.from(signature) })).toBe(false);
  });
});
