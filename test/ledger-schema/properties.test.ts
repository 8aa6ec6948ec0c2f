import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { armor } from '../../ledger-schema/openpgp/armor.ts';
import { equalBytes } from '../../ledger-schema/bytes.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { readKeyFile, verifySignature } from '../../ledger-schema/openpgp/openpgp.ts';
import { decodeSegment, encodeSegment } from '../../ledger-schema/names/path.ts';
import { parseSignatureFile } from '../../ledger-schema/openpgp/signature.ts';
import { versionOf } from '../../ledger-schema/versions/version.ts';
import { cases, fixture } from '../fixtures/openpgp/read.ts';
import { PARSERS, rearmored } from './parsers.ts';
import type { Parser } from './parsers.ts';

/** Bytes changed in up to four places: overwritten, removed, put in, doubled, cut off. */
function changed(good: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    kind: fc.constantFrom('set', 'remove', 'insert', 'double', 'cut'),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.integer({ min: 1, max: 12 }),
    byte: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(...Buffer.from('\n\r =-+/%."{}[],0'))),
  });
  return fc.tuple(good, fc.array(edit, { minLength: 1, maxLength: 4 })).map(([bytes, edits]) =>
    edits.reduce((now, { kind, at, length, byte }) => {
      const i = Math.floor(at * now.length);
      const before = Buffer.from(now.subarray(0, i));
      const after = Buffer.from(now.subarray(i));
      const parts = {
        set: [before, Buffer.of(byte), after.subarray(1)],
        remove: [before, after.subarray(length)],
        insert: [before, Buffer.alloc(length, byte), after],
        double: [before, after.subarray(0, length), after],
        cut: [before],
      };
      return Uint8Array.from(Buffer.concat(parts[kind]));
    }, bytes),
  );
}

/** The property of every parser: the very bytes again, or a refusal with a code of exit 3. */
async function sameOrRefused(parser: Parser, bytes: Uint8Array): Promise<'same' | 'refused'> {
  let again: Uint8Array;
  try {
    again = await parser.again(bytes);
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    expect(error.exit).toBe(3);
    return 'refused';
  }
  expect(equalBytes(again, bytes)).toBe(true);
  return 'same';
}

describe.each(PARSERS)('$name', (parser) => {
  const runs = /Key/.test(parser.name) ? 100 : 400;
  const check = (input: fc.Arbitrary<Uint8Array>, numRuns = runs): Promise<void> =>
    fc.assert(
      fc.asyncProperty(input, async (bytes) => void (await sameOrRefused(parser, bytes))),
      { numRuns },
    );

  test('gives good bytes again, and never refuses them', () =>
    fc.assert(
      fc.asyncProperty(parser.good, async (bytes) => {
        expect(await sameOrRefused(parser, bytes)).toBe('same');
      }),
      { numRuns: 60 },
    ));
  test('gives changed bytes again or refuses them', () => check(changed(parser.good)));
  test('gives any bytes again or refuses them', () => check(fc.uint8Array({ maxLength: 400 })));
  test('gives any text again or refuses it', () =>
    check(fc.string({ unit: 'binary', maxLength: 400 }).map((text) => Uint8Array.from(Buffer.from(text)))));
  test('gives any JSON again or refuses it', () =>
    check(fc.json().map((text) => Uint8Array.from(Buffer.from(`${JSON.stringify(JSON.parse(text), null, 2)}\n`)))));
});

describe.each(['signature', 'key'] as const)('changed packets of a %s in good armour', (which) => {
  test('are read and give the same bytes, or are refused', () => {
    const name = which === 'key' ? 'readKeyFile' : 'parseSignatureFile';
    const parser = PARSERS.find((each) => each.name === name);
    expect(parser).toBeDefined();
    if (parser === undefined) return;
    return fc.assert(
      fc.asyncProperty(rearmored(which, changed), async (file) => void (await sameOrRefused(parser, file))),
      { numRuns: which === 'key' ? 200 : 500 },
    );
  });
});

test('any text is a segment that decodes to it, or is refused', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 120 }), (text) => {
      try {
        expect(decodeSegment(encodeSegment(text))).toBe(text);
      } catch (error) {
        expect(error).toMatchObject({ code: 'E_PATH' });
      }
    }),
    { numRuns: 500 },
  ));

test('no tag makes the reading of versions throw', () =>
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (tag) => void versionOf(tag))));

test('a good signature fits no changed data', async () => {
  const good = cases.filter(({ name }) => /^real-.*(ed25519|nistp256|rsa3072)$/.test(name));
  expect(good.length).toBeGreaterThan(2);
  const now = new Date('2025-06-01T00:00:00Z');
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...good),
      changed(fc.constant(fixture('data/checklist.sha256'))),
      async (each, data) => {
        fc.pre(!equalBytes(data, fixture('data/checklist.sha256')));
        const signature = parseSignatureFile(fixture(each.signature));
        const key = await readKeyFile(fixture(each.key));
        const verify = () => verifySignature(signature, data, key, { now, revocation: true, expiry: true });
        await expect(verify).toFailWith('E_SIG_INVALID');
      },
    ),
  );
});

test('a changed signature that still verifies says the same: date, algorithm and numbers', async () => {
  const original = cases.find(({ name }) => name === 'armor-plain');
  expect(original).toBeDefined();
  if (original === undefined) return;
  const key = await readKeyFile(fixture(original.key));
  const data = fixture('data/checklist.sha256');
  const before = parseSignatureFile(fixture(original.signature));
  const now = new Date(original.now);
  const only = fc.constant(fixture(original.signature)).map((file) => {
    const lines = Buffer.from(file).toString().split('\n').slice(2, -3);
    return Uint8Array.from(Buffer.from(lines.join(''), 'base64'));
  });
  await fc.assert(
    fc.asyncProperty(changed(only), async (packet) => {
      const file = Uint8Array.from(Buffer.from(armor(packet, 'PGP SIGNATURE')));
      try {
        const after = parseSignatureFile(file);
        await verifySignature(after, data, key, { now, revocation: true, expiry: true });
        const said = ({ created, algorithm, mpis }: typeof after): unknown => ({ created, algorithm, mpis });
        expect(said(after)).toEqual(said(before));
      } catch (error) {
        if (!(error instanceof PullthroughError)) throw error;
      }
    }),
    { numRuns: 500 },
  );
});
