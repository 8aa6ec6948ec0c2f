import fc from 'fast-check';
import * as openpgp from 'openpgp';
import { expect, test } from 'vitest';
import { concatBytes } from '../../ledger-schema/bytes.ts';
import { isWeakPoint } from '../../ledger-schema/openpgp/algorithms/ed25519.ts';
import { readKeyFile, verifySignature } from '../../ledger-schema/openpgp/openpgp.ts';
import { parseSignatureFile } from '../../ledger-schema/openpgp/signature.ts';
import type { PublicMaterial, Question, Verifier } from '../../ledger-schema/openpgp/algorithms/verifier.ts';
import { PORTABLE } from '../../ledger-schema/openpgp/verify.ts';
import { NODE_VERIFIER } from '../../ledger/signing/node-verifier.ts';
import type { Case } from '../fixtures/openpgp/fixtures.ts';
import { cases, fixture } from '../fixtures/openpgp/read.ts';
import { codeThrown } from '../matchers.ts';

/** Answers as another does, and remembers what it was asked. */
class Asked implements Verifier {
  readonly questions: [Question, boolean][] = [];
  readonly #by: Verifier;
  constructor(by: Verifier) {
    this.#by = by;
  }
  digest: Verifier['digest'] = (hash, message) => this.#by.digest(hash, message);
  verify: Verifier['verify'] = async (question) => {
    const answer = await this.#by.verify(question);
    this.questions.push([question, answer]);
    return answer;
  };
}

const NEITHER = { now: new Date('2025-06-01T00:00:00Z'), revocation: false, expiry: false };

async function judge(each: Case, verifier: Verifier): Promise<string> {
  return codeThrown(async () => {
    const signature = parseSignatureFile(fixture(each.signature));
    const key = await readKeyFile(fixture(each.key), verifier);
    await verifySignature(signature, concatBytes(...each.data.map(fixture)), key, NEITHER);
  });
}

/** Whether openpgp.js thinks that the signature's numbers fit; it is asked where our byte rules had nothing to say. */
async function byLibrary(each: Case): Promise<boolean | undefined> {
  const armoredKey = Buffer.from(fixture(each.key)).toString();
  const key = await openpgp.readKey({ armoredKey }).catch(() => undefined);
  if (key === undefined) return undefined;
  const armoredSignature = Buffer.from(fixture(each.signature)).toString();
  const { packets } = await openpgp.readSignature({ armoredSignature });
  const [literal] = (await openpgp.createMessage({ binary: concatBytes(...each.data.map(fixture)) })).packets;
  const issuers = parseSignatureFile(fixture(each.signature)).issuers;
  const part = key
    .getKeys()
    .find(({ keyPacket }) => issuers.every((id) => keyPacket.getFingerprint().toUpperCase().endsWith(id)));
  const [packet] = packets;
  if (part === undefined || packet === undefined || literal === undefined) throw new Error('nothing to ask about');
  const binary = openpgp.enums.signature.binary;
  return packet.verify(part.keyPacket, binary, literal, null as unknown as Date, true).then(
    () => true,
    () => false,
  );
}

const good: Question[] = [];

test("the portable verifier, node's own cryptography and openpgp.js give one answer to each fixture", async () => {
  let compared = 0;
  for (const each of cases) {
    const node = new Asked(NODE_VERIFIER);
    const [portable, native] = [await judge(each, PORTABLE), await judge(each, node)];
    expect([each.name, native]).toEqual([each.name, portable]);
    for (const [question, answer] of node.questions) {
      expect([each.name, await PORTABLE.verify(question)]).toEqual([each.name, answer]);
      if (answer && question.message.length < 4096) good.push(question);
    }
    // The last question is the detached signature's, where its bytes and its key were fine.
    if (portable !== 'nothing was thrown' && portable !== 'E_SIG_INVALID') continue;
    const asked = node.questions.at(-1);
    if (portable === 'E_SIG_INVALID' && asked?.[1] !== false) continue;
    // It knows fewer critical subpackets.
    if (/^hashed-.*-critical$/.test(each.name)) continue;
    const library = await byLibrary(each);
    // Nor can it read some keys, for what others signed of them.
    if (library === undefined) continue;
    compared++;
    expect([each.name, library]).toEqual([each.name, portable === 'nothing was thrown']);
  }
  expect(compared).toBeGreaterThan(200);
}, 60_000);

const ORDERS = {
  ed25519: 2n ** 252n + 27742317777372353535851937790883648493n,
  'P-256': 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  'P-384': BigInt(`0x${'f'.repeat(48)}c7634d81f4372ddf581a0db248b0a77aecec196accc52973`),
  RSA: 1n,
};

/** A number of so many bytes, near an end of what it may be. */
function edge(kind: PublicMaterial['kind'], width: number, offset: bigint): Uint8Array {
  const value = BigInt.asUintN(8 * width, ORDERS[kind] + offset);
  const bytes = Uint8Array.from(Buffer.from(value.toString(16).padStart(2 * width, '0'), 'hex'));
  return kind === 'ed25519' ? bytes.reverse() : bytes;
}

const flipped = (bytes: Uint8Array, bits: readonly number[]): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  for (const bit of bits) copy[(bit >> 3) % copy.length] = (copy[(bit >> 3) % copy.length] ?? 0) ^ (1 << (bit & 7));
  return copy;
};

function keyFlipped(key: PublicMaterial, bits: readonly number[]): PublicMaterial {
  if (key.kind === 'RSA')
    return {
      ...key,
      modulus: flipped(
        key.modulus,
        bits.map((bit) => bit + 8),
      ),
    };
  // The first byte of an ECDSA point says that it is uncompressed, which is checked before.
  const [first, rest] = key.kind === 'ed25519' ? [0, key.point] : [1, key.point.subarray(1)];
  return { ...key, point: concatBytes(key.point.subarray(0, first), flipped(rest, bits)) };
}

const bits = fc.array(fc.nat(100_000), { minLength: 1, maxLength: 3 });
const change = fc.oneof(
  bits.map((at) => ['signature', at] as const),
  bits.map((at) => ['message', at] as const),
  bits.map((at) => ['key', at] as const),
  fc.tuple(fc.boolean(), fc.bigInt(-2n, 2n)).map((at) => ['edge', at] as const),
);

function changed(question: Question, [what, at]: typeof change extends fc.Arbitrary<infer T> ? T : never): Question {
  const { key, signature, message, hash } = question;
  if (what === 'signature') return { ...question, signature: flipped(signature, at) };
  if (what === 'key') return { ...question, key: keyFlipped(key, at) };
  if (what === 'message') {
    const other = flipped(message, at);
    return { ...question, message: other, digest: PORTABLE.digest(hash, other) };
  }
  const half = key.kind === 'RSA' ? signature.length : signature.length / 2;
  const number = edge(key.kind, half, at[1]);
  if (half === signature.length) return { ...question, signature: number };
  const second = at[0] || key.kind === 'ed25519';
  const parts = second ? [signature.subarray(0, half), number] : [number, signature.subarray(half)];
  return { ...question, signature: concatBytes(...parts) };
}

test("the portable verifier and node's own give one answer to good questions that were changed", async () => {
  expect(new Set(good.map(({ key }) => key.kind))).toEqual(new Set(['ed25519', 'P-256', 'P-384', 'RSA']));
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...good), change, async (question, how) => {
      const other = changed(question, how);
      // What the byte rules refuse is never asked.
      fc.pre(other.key.kind !== 'ed25519' || !isWeakPoint(other.key.point));
      fc.pre(other.key.kind !== 'RSA' || ((other.key.modulus.at(-1) ?? 0) & 1) === 1);
      fc.pre(other.key.kind !== 'ed25519' || !isWeakPoint(other.signature.subarray(0, 32)));
      const answer = await NODE_VERIFIER.verify(other);
      expect(await PORTABLE.verify(other)).toBe(answer);
      if (!answer) refused++;
    }),
    { numRuns: 1000 },
  );
  expect(refused).toBeGreaterThan(800);
}, 60_000);

test('a key file full of forged signatures is refused after 32 of them', async () => {
  const each = cases.find(({ name }) => name === 'key-packets-hundreds-of-broken-self-signatures');
  const asked = new Asked(PORTABLE);
  expect(await codeThrown(() => readKeyFile(fixture(each?.key ?? ''), asked))).toBe('E_KEY_FORMAT');
  expect(asked.questions.length).toBe(32);
});
