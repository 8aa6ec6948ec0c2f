import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { armor } from '../../ledger-schema/openpgp/armor.ts';
import { ackPath } from '../../ledger-schema/names/layout.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { versionOf } from '../../ledger-schema/versions/version.ts';
import { readKeyFile } from '../../ledger-schema/openpgp/openpgp.ts';
import { armorKey, cat, mpi } from '../fixtures/openpgp/bytes.ts';
import {
  boundSubkey,
  certificate,
  keyRevocation,
  primaryPacket,
  selfSignature,
  userIdPacket,
} from '../fixtures/openpgp/certificates.ts';
import { DSA, RSA, ecdsa, ed25519, pair } from '../fixtures/openpgp/keys.ts';
import type { Hash, Pair } from '../fixtures/openpgp/keys.ts';
import { Recorded } from '../fixtures/openpgp/recorded.ts';
import { MADE } from '../fixtures/openpgp/signatures.ts';
import { FINGERPRINT, PARSERS } from './parsers.ts';
import type { Parser } from './parsers.ts';

const MIB = 1024 * 1024;
/**
 * Milliseconds of processor time that only a runaway needs: what is found here took minutes. PULLTHROUGH_TEST_MS is a tighter
 * bound, for a machine that does nothing else.
 */
const LIMIT = Number(process.env.PULLTHROUGH_TEST_MS ?? 5000);

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
/** Text again and again, 1 MiB of it, between a beginning and an end. */
const filled = (text: string, before = '', after = ''): Uint8Array =>
  bytes(before + text.repeat(Math.floor((MIB - before.length - after.length) / text.length)) + after);
/** Numbered lines or items, 1 MiB of them. */
function numbered(item: (number: string, i: number) => string, before = '', after = '', glue = ''): Uint8Array {
  const items: string[] = [];
  let length = before.length + after.length;
  for (let i = 0; ; i++) {
    const next = item(String(i).padStart(7, '0'), i);
    length += next.length + glue.length;
    if (length > MIB) return bytes(before + items.join(glue) + after);
    items.push(next);
  }
}
const random = (): Uint8Array => {
  let state = 1;
  return Uint8Array.from({ length: MIB }, () => (state = (state * 1103515245 + 12345) & 0x7fffffff) >> 16);
};

const HEX = 'a'.repeat(64);
const LEDGER = 'a'.repeat(32);
const CHECKLIST = `{
  "format": 1,
  "ledger": "${LEDGER}",
  "source": "github.com",
  "repository": "a/b",
  "repositoryId": 1,
  "tag": "v1",
  "commit": "${'c'.repeat(40)}",
  "assets": [
`;
const POLICY = `{
  "format": 1,
  "ledger": "${LEDGER}",
  "version": 1,
  "expires": "2027-11-24T00:00:00Z",
  "roots": {
    "threshold": 1,
    "holders": [
`;
const asset = (name: string): string => `    {\n      "name": "${name}",\n      "size": 1\n    }`;
const entry = (sha256: string): string =>
  `    {\n      "kind": "list",\n      "sha256": "${sha256}",\n      "size": 1\n    }`;
const EVIDENCE = `${CHECKLIST}${asset('a')}\n  ],\n  "evidence": [\n`;
const begin = (label: string): string => `-----BEGIN PGP ${label}-----\n\n`;
const end = (label: string): string => `=AAAA\n-----END PGP ${label}-----\n`;

/** 1 MiB each: of the wrong kind, of nearly the right one, and of the right one with one fault at the end. */
const MAKERS: readonly (readonly [name: string, make: () => Uint8Array])[] = [
  ['zeros', () => new Uint8Array(MIB)],
  ['0xff', () => new Uint8Array(MIB).fill(0xff)],
  ['random bytes', random],
  ['one letter', () => filled('a')],
  ['newlines', () => filled('\n')],
  ['carriage returns and newlines', () => filled('\r\n')],
  ['spaces', () => filled(' ')],
  ['slashes', () => filled('/', 'packages/')],
  ['percent signs', () => filled('%')],
  ['percent-encoded letters', () => filled('%41', 'packages/github.com/a/b/')],
  ['dots', () => filled('.', 'packages/github.com/')],
  ['letters and dots', () => filled('a.', 'packages/')],
  ['letters and hyphens', () => filled('a-')],
  ['a wide character', () => filled('\u{1F600}')],
  ['a combining character', () => filled('\u0301', 'a')],
  ['digits', () => filled('9')],
  ['a path with a long tag', () => filled('a', 'packages/github.com/a/b/', '/checklist.json')],
  ['open brackets', () => filled('[')],
  ['open braces', () => filled('{"a":')],
  ['brackets', () => bytes('['.repeat(MIB / 2) + ']'.repeat(MIB / 2))],
  ['braces', () => bytes('{"a":'.repeat(MIB / 6) + '1' + '}'.repeat(MIB / 6))],
  [
    'brackets where a list is wanted',
    () => bytes(`{"format":1,"assets":${'['.repeat(MIB / 2)}${']'.repeat(MIB / 2)}}`),
  ],
  ['one long string', () => filled('a', '"', '"\n')],
  ['one long string of escapes', () => filled('\\u0041', '"', '"\n')],
  ['one long number', () => filled('9', '{"format": ', '}\n')],
  ['a long tag', () => filled('a', CHECKLIST.replace('v1"', ''), '"}')],
  ['a long version', () => filled('9', '{"format": 1, "version": ', '}\n')],
  ['wrong items of assets', () => filled('0,', CHECKLIST, '0]}\n')],
  ['empty objects as assets', () => filled('{},', CHECKLIST, '{}]}\n')],
  ['unknown keys', () => numbered((i) => `"${i}": 1`, '{', '}\n', ',')],
  ['unknown keys of assets', () => filled('{"a":1,"b":2},', CHECKLIST, '{}]}\n')],
  ['one key again and again', () => filled('"format": 1,', '{', '"format": 1}\n')],
  ['good assets', () => numbered((i) => asset(i), CHECKLIST, '\n  ]\n}\n', ',\n')],
  [
    'good assets, the last twice',
    () => numbered((i) => asset(i), CHECKLIST, `,\n${asset('9999999')},\n${asset('9999999')}\n  ]\n}\n`, ',\n'),
  ],
  [
    'assets that fold to one',
    () => numbered((_, i) => asset(`a${i % 2 === 0 ? 'A' : 'a'}`), CHECKLIST, '\n  ]\n}\n', ',\n'),
  ],
  ['assets in the wrong order', () => numbered((_, i) => asset(String(9_999_999 - i)), CHECKLIST, '\n  ]\n}\n', ',\n')],
  ['wrong items of evidence', () => filled('0,', EVIDENCE, '0]}\n')],
  ['empty objects as evidence', () => filled('{},', EVIDENCE, '{}]}\n')],
  ['good evidence', () => numbered((i) => entry(i.padStart(64, '0')), EVIDENCE, '\n  ]\n}\n', ',\n')],
  ['wrong items of holders', () => filled('0,', POLICY, '0]}}\n')],
  ['many root holders', () => numbered((i) => `"a${i}"`, POLICY, ']}}\n', ',\n')],
  ['holders with wrong names', () => numbered((i) => `"${i}": 0`, '{"holders": {', '}}\n', ',')],
  ['holders with empty keys', () => numbered((i) => `"a${i}": [{}]`, '{"holders": {', '}}\n', ',')],
  ['good sums', () => numbered((i) => `${HEX}  a${i}\n`, '', `${HEX}  checklist.json\n`)],
  ['sums without checklist.json', () => numbered((i) => `${HEX}  a${i}\n`)],
  ['sums of one name', () => filled(`${HEX}  a\n`)],
  ['sums in the wrong order', () => numbered((_, i) => `${HEX}  ${9_999_999 - i}\n`)],
  ['a sum with a long name', () => filled('a', `${HEX}  `, '\n')],
  ['a sum with many spaces', () => filled(' ', HEX, '\n')],
  ['sums whose names share a long beginning', () => numbered((i) => `${HEX}  ${'a'.repeat(240)}${i}\n`)],
  ['a good seal', () => numbered((i) => `${HEX}  ${ackPath(`packages/github.com/a/b/v${i}`, FINGERPRINT)}\n`)],
  [
    'a seal of encoded paths',
    () => numbered((i) => `${HEX}  ${ackPath(`packages/github.com/a/b/${'%2F'.repeat(60)}${i}`, FINGERPRINT)}\n`),
  ],
  ['empty packets', () => filled('\u0000', '').map((_, i) => (i % 2 === 0 ? 0xc2 : 0))],
  ['packets with long lengths', () => new Uint8Array(MIB).map((_, i) => [0xc2, 0xff, 0, 0, 0, 0][i % 6] ?? 0)],
  ...['SIGNATURE', 'PUBLIC KEY BLOCK'].flatMap((label): (readonly [string, () => Uint8Array])[] => [
    [`${label}: one long line`, () => filled('A', begin(label), `\n${end(label)}`)],
    [`${label}: long lines`, () => filled(`${'A'.repeat(76)}\n`, begin(label), end(label))],
    [`${label}: short lines`, () => filled('A\n', begin(label), end(label))],
    [`${label}: empty lines`, () => filled('\n', begin(label), end(label))],
    [`${label}: padding`, () => filled('=', begin(label), `\n${end(label)}`)],
    [`${label}: headers`, () => filled('Comment: a\n', begin(label).trimEnd() + '\n', end(label))],
    [`${label}: one long header`, () => filled(' ', `${begin(label).trimEnd()}\nComment:`, `\n\n${end(label)}`)],
    [`${label}: blocks`, () => filled(`${begin(label)}${end(label)}`)],
    [`${label}: dashes`, () => filled('-')],
    [`${label}: BEGIN lines`, () => filled(begin(label))],
  ]),
];

const SHAPES = MAKERS.map(([name, make]) => ({ name, input: make() }));

/** Processor milliseconds of this process, the best of five: other processes' work doesn't count. */
async function cost(parser: Pick<Parser, 'parse'>, input: Uint8Array): Promise<number> {
  let best = Infinity;
  for (let run = 0; run < 5 && best > LIMIT / 2; run++) {
    const before = process.cpuUsage();
    try {
      await parser.parse(input);
    } catch (error) {
      if (!(error instanceof PullthroughError)) throw error;
    }
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

describe.each(PARSERS)('$name', (parser) => {
  test('takes about as long for 1 MiB of any shape, and throws nothing but refusals', async () => {
    const slow: string[] = [];
    for (const { name, input } of SHAPES) {
      expect(input.length).toBeGreaterThan(MIB * 0.9);
      const took = await cost(parser, input);
      if (took > LIMIT) slow.push(`${name}: ${Math.round(took)} ms`);
    }
    expect(slow).toEqual([]);
  });
});

test('versions of long tags are read without delay', async () => {
  for (const { name, input } of SHAPES) {
    const tag = Buffer.from(input).toString('latin1');
    expect([name, (await cost({ parse: () => versionOf(tag) }, input)) < LIMIT]).toEqual([name, true]);
  }
});

test.each(['PGP SIGNATURE', 'PGP PUBLIC KEY BLOCK'] as const)(
  'armour of the right size (%s) is read without delay, whatever it holds',
  async (label) => {
    const size = label === 'PGP SIGNATURE' ? 2800 : 47_000;
    for (const { name, input } of SHAPES) {
      const file = bytes(armor(input.subarray(0, size), label));
      for (const parser of PARSERS.filter((each) => /File$/.test(each.name))) {
        expect([name, parser.name, (await cost(parser, file)) < LIMIT]).toEqual([name, parser.name, true]);
      }
    }
  },
);

describe('key files of 64 KiB full of signatures that must be verified', () => {
  /** An odd number of so many bytes, whose factors nobody knows. */
  const number = (length: number, first = 0xc0): Uint8Array => {
    const made = createHash('shake256', { outputLength: length }).update(`busy ${first}`).digest();
    made[0] = first;
    made[length - 1] = 0xff;
    return Uint8Array.from(made);
  };
  /** A key whose signatures are only of the right length. */
  const made = (algorithm: number, numbers: readonly Uint8Array[], signs = 1): Pair => {
    const signature = Array.from({ length: signs }, () => mpi(number((numbers[0] ?? cat()).length - 1, 0x91)));
    return pair({ algorithm, public: cat(...numbers.map(mpi)), sign: () => cat(...signature) }, MADE);
  };
  const exponent = Uint8Array.of(1, 0, 1);
  const dsa = [number(3000), number(32), number(2999), number(2998)];
  const p384 = pair(ecdsa('P-384', 'busy', new Recorded(undefined)), MADE);
  const kinds: readonly { readonly name: string; readonly key: Pair; readonly hash?: Hash }[] = [
    { name: 'Ed25519', key: pair(ed25519('busy'), MADE) },
    { name: 'P-384', key: p384 },
    { name: 'P-384 by a hash that node does not know with it', key: p384, hash: 'sha224' },
    { name: 'RSA-3072', key: made(RSA, [number(384), exponent]) },
    { name: 'RSA-3072 by SHA-224', key: made(RSA, [number(384), exponent]), hash: 'sha224' },
    { name: 'RSA of the longest exponent', key: made(RSA, [number(384), number(8)]), hash: 'sha224' },
    { name: 'RSA of an exponent that is too long', key: made(RSA, [number(384), number(383)]) },
    { name: 'RSA of a long exponent by SHA-224', key: made(RSA, [number(384), number(383)]), hash: 'sha224' },
    { name: 'RSA-8192 by SHA-224', key: made(RSA, [number(1024), number(8)]), hash: 'sha224' },
    { name: 'RSA-16384', key: made(RSA, [number(2048), number(8)]) },
    { name: 'RSA-16384 by SHA-224', key: made(RSA, [number(2048), number(8)]), hash: 'sha224' },
    { name: 'RSA of too many bits', key: made(RSA, [number(4096), number(4095)]), hash: 'sha224' },
    { name: 'DSA of too many bits', key: made(DSA, dsa, 2) },
  ];
  const broken = (packet: Uint8Array): Uint8Array =>
    packet.map((byte, i) => (i === packet.length - 1 ? byte ^ 1 : byte));
  /** As many of the packets as fit into a key file. */
  const full = (before: Uint8Array, packets: (i: number) => Uint8Array, after = cat()): Uint8Array => {
    const parts = [before];
    let length = before.length + after.length;
    for (let i = 0; ; i++) {
      const next = packets(i);
      length += next.length;
      if (length > 47_500) break;
      parts.push(next);
    }
    return armorKey(cat(...parts, after));
  };

  test.each(kinds)('$name: take no longer than few would', async ({ key, hash = 'sha256' }) => {
    const bare = primaryPacket(key);
    const identity = cat(userIdPacket(), selfSignature(key));
    const subkeys = [1, 2, 3].map((i) => boundSubkey(key, pair(ed25519(`busy ${i}`), MADE + i)));
    const forged = (i: number): Uint8Array => broken(selfSignature(key, { time: MADE + 1 + (i % 20), hash }));
    const revoked = broken(keyRevocation(key, 2, { hash }));
    const files = {
      'forged self-signatures': full(cat(bare, identity), forged),
      'forged revocations': full(bare, () => revoked, identity),
      subkeys: full(certificate(key), (i) => subkeys[i % 3] ?? cat()),
      'user ids': full(bare, () => identity),
    };
    for (const [name, file] of Object.entries(files)) {
      expect(file.length).toBeGreaterThan(58_000);
      expect([name, (await cost({ parse: readKeyFile }, file)) < LIMIT]).toEqual([name, true]);
    }
  });
});
