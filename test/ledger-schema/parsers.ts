import fc from 'fast-check';
import { armor } from '../../ledger-schema/openpgp/armor.ts';
import { equalBytes, fromUtf8, sha256Hex, utf8 } from '../../ledger-schema/bytes.ts';
import { EVIDENCE_BYTES } from '../../ledger-schema/evidence.ts';
import { encodeChecklist, parseChecklist } from '../../ledger-schema/checklist.ts';
import {
  ackPath,
  keyPath,
  nackPath,
  parseLedgerPath,
  policyPath,
  policySignPath,
  sealPath,
} from '../../ledger-schema/names/layout.ts';
import type { LedgerPath } from '../../ledger-schema/names/layout.ts';
import { canonicalKeyFile, readKeyFile } from '../../ledger-schema/openpgp/openpgp.ts';
import { splitPackets } from '../../ledger-schema/openpgp/packet.ts';
import { decodeSegment, encodeSegment, parseRecordPath, recordPath } from '../../ledger-schema/names/path.ts';
import { encodePolicy, parsePolicy } from '../../ledger-schema/policy.ts';
import { encodeSeal, parseSeal } from '../../ledger-schema/seal.ts';
import { parseSignatureFile } from '../../ledger-schema/openpgp/signature.ts';
import { encodeSums, parseSums } from '../../ledger-schema/sums.ts';
import { cases, fixture } from '../fixtures/openpgp/read.ts';

export const FINGERPRINT = 'A'.repeat(40);

/** One parser of the format, as a function from bytes to the bytes that writing its result again gives. */
export interface Parser {
  readonly name: string;
  /** The parser alone. */
  readonly parse: (bytes: Uint8Array) => unknown;
  /** Throws what the parser throws. */
  readonly again: (bytes: Uint8Array) => Promise<Uint8Array> | Uint8Array;
  /** Bytes that it accepts, for changes to be made to. */
  readonly good: fc.Arbitrary<Uint8Array>;
}

const hexDigits = (length: number, upper = false): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 15 }), { minLength: length, maxLength: length })
    .map((digits) => digits.map((digit) => digit.toString(16)).join(''))
    .map((text) => (upper ? text.toUpperCase() : text));

const segment = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter((text) => {
  try {
    return encodeSegment(text) !== '' && !text.includes('/');
  } catch {
    return false;
  }
});
const id = fc.record({
  source: fc.constantFrom('github.com', 'a.example'),
  owner: segment,
  repo: segment,
  tag: fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter((tag) => !/\p{Surrogate}/u.test(tag)),
});
const record = id.map(({ source, owner, repo, tag }) => recordPath({ source, repository: `${owner}/${repo}`, tag }));
const assetName = fc
  .stringMatching(/^[A-Za-z0-9_+][A-Za-z0-9._+-]{0,20}[A-Za-z0-9_+]$/)
  .filter((name) => !/^(checklist\.|con\b|prn\b|aux\b|nul\b|com[0-9]\b|lpt[0-9]\b)/i.test(name));
const assetNames = fc.uniqueArray(assetName, { minLength: 1, maxLength: 8, selector: (name) => name.toLowerCase() });

const evidenceSigner = fc.oneof(
  hexDigits(40, true).map((signer) => ({ kind: 'openpgp' as const, signer })),
  hexDigits(64).map((digits) => ({ kind: 'key' as const, signer: `key:${digits}` })),
  fc
    .stringMatching(/^[a-z!-/]{1,40}$/)
    .map((signer) => ({ kind: 'sigstore' as const, signer, issuer: 'https://a.example' })),
  fc.stringMatching(/^RW[QRST][A-Za-z0-9+/]{53}$/).map((signer) => ({ kind: 'minisign' as const, signer })),
  fc.constant({ kind: 'list' as const }),
);
const evidence = fc.uniqueArray(
  fc
    .tuple(evidenceSigner, hexDigits(64), fc.integer({ min: 1, max: EVIDENCE_BYTES }))
    .map(([{ kind, ...who }, sha256, size]) => ({ kind, sha256, size, ...who })),
  { maxLength: 4, selector: ({ sha256 }) => sha256 },
);

const checklist = fc
  .tuple(id, assetNames, fc.nat(), hexDigits(40), fc.option(fc.webUrl({ validSchemes: ['https'] })), evidence)
  .map(([{ source, owner, repo, tag }, names, number, commit, url, stated]) =>
    encodeChecklist({
      format: 1,
      ledger: 'a'.repeat(32),
      source,
      repository: `${owner}/${repo}`,
      repositoryId: number + 1,
      tag,
      commit,
      assets: names.map((name, i) => (url === null ? { name, size: i * number } : { name, size: number, url })),
      ...(stated.length === 0 ? {} : { evidence: stated }),
    }),
  );

const sums = fc
  .tuple(assetNames, hexDigits(64))
  .map(([names, sha256]) => encodeSums(['checklist.json', ...names].map((name) => ({ name, sha256 }))));

const seal = fc.tuple(fc.uniqueArray(record, { maxLength: 5 }), hexDigits(64)).map(([records, sha256]) =>
  encodeSeal(
    records.map((path) => ({ sha256, name: ackPath(path, FINGERPRINT) })),
    FINGERPRINT,
  ),
);

const policy = fc
  .tuple(
    fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/), { minLength: 2, maxLength: 6 }),
    fc.integer({ min: 1, max: 1_000_000 }),
    hexDigits(38, true),
    hexDigits(64),
  )
  .map(([[bot = '', ...people], version, digits, sha256]) => {
    const key = (i: number): { fingerprint: string; sha256: string } => ({ fingerprint: `${10 + i}${digits}`, sha256 });
    return encodePolicy({
      format: 1,
      ledger: 'a'.repeat(32),
      version,
      ...(version === 1 ? {} : { previous: sha256 }),
      expires: '2027-11-24T00:00:00Z',
      roots: { threshold: people.length, holders: people },
      executors: { holders: [bot] },
      reviewers: { threshold: 1, holders: people },
      holders: Object.fromEntries([bot, ...people].map((name, i) => [name, [key(2 * i), key(2 * i + 1)]])),
      former: { executors: [key(80)], reviewers: [{ ...key(81), holder: 'zoe-of-old', seal: sha256 }] },
    });
  });

const fingerprint = hexDigits(40, true);
const ledgerPath = fc.oneof(
  fc.integer({ min: 1, max: 999_999_999 }).map(policyPath),
  fc.tuple(fc.integer({ min: 1, max: 99 }), fingerprint).map(([version, by]) => policySignPath(version, by)),
  fc.tuple(fingerprint, hexDigits(64)).map(([by, sha256]) => keyPath({ fingerprint: by, sha256 })),
  fc.tuple(fingerprint, hexDigits(64)).map(([by, digest]) => sealPath({ fingerprint: by, seal: digest })),
  fc.tuple(record, fingerprint).map(([path, by]) => ackPath(path, by)),
  fc.tuple(record, fingerprint).map(([path, by]) => nackPath(path, by)),
  record.map((path) => `${path}/checklist.sha256.sign`),
);

/** A path again from what it was read as. */
function writeLedgerPath(path: LedgerPath): string {
  switch (path.kind) {
    case 'policy':
      return policyPath(path.version);
    case 'policy-sign':
      return policySignPath(path.version, path.fingerprint);
    case 'key':
      return keyPath({ fingerprint: path.fingerprint, sha256: path.digest16 });
    case 'seal':
      return sealPath({ fingerprint: path.fingerprint, seal: path.digest16 });
    case 'checklist':
      return `${path.record}/checklist.json`;
    case 'sums':
      return `${path.record}/checklist.sha256`;
    case 'sign':
      return `${path.record}/checklist.sha256.sign`;
    case 'ack':
      return ackPath(path.record, path.fingerprint);
    case 'nack':
      return nackPath(path.record, path.fingerprint);
  }
}

/** Paths reach the parsers as strings; bytes that are no UTF-8 become strings with odd characters. */
const asText = (bytes: Uint8Array): string => fromUtf8(bytes) ?? Buffer.from(bytes).toString('latin1');
/** Is it the text that was read? Its bytes then; others compare unequal. */
const sameText = (text: string, bytes: Uint8Array): Uint8Array => (text === asText(bytes) ? bytes : utf8(text));

/** Armour may have lines of any length up to 76: all else of a block is in one form. */
function armorAgain(bytes: Uint8Array, packets: Uint8Array, label: Parameters<typeof armor>[1]): Uint8Array {
  const written = utf8(armor(packets, label));
  const joined = (file: Uint8Array): string => asText(file).replace(/(?<=[A-Za-z0-9+/=])\n(?=[A-Za-z0-9+/=])/g, '');
  return joined(written) === joined(bytes) ? bytes : written;
}

const goodFile = (which: 'key' | 'signature'): fc.Arbitrary<Uint8Array> => {
  const files = [...new Set(cases.filter(({ expect }) => expect === 'good').map((each) => each[which]))];
  return fc.constantFrom(...files).map(fixture);
};

/** The binary content of a good file, changed by `change` and armoured again with the right checksum. */
export function rearmored(
  which: 'key' | 'signature',
  change: (packets: fc.Arbitrary<Uint8Array>) => fc.Arbitrary<Uint8Array>,
): fc.Arbitrary<Uint8Array> {
  const label = which === 'key' ? 'PGP PUBLIC KEY BLOCK' : 'PGP SIGNATURE';
  return change(goodFile(which).map(binary)).map((bytes) => utf8(armor(bytes, label)));
}

function binary(file: Uint8Array): Uint8Array {
  const lines = asText(file).split('\n').slice(2, -3);
  return Uint8Array.from(Buffer.from(lines.join(''), 'base64'));
}

/** The packets again, each with its length in five bytes: equal where the split found all bytes and nothing else. */
function packetsAgain(bytes: Uint8Array): Uint8Array {
  const packets = splitPackets(bytes, 'E_SIG_PACKET', 'the test');
  const long = Buffer.concat(
    packets.flatMap(({ tag, body }) => {
      const header = Buffer.from([0xc0 | tag, 0xff, 0, 0, 0, 0]);
      header.writeUInt32BE(body.length, 2);
      return [header, body];
    }),
  );
  const twice = splitPackets(long, 'E_SIG_PACKET', 'the test');
  const same =
    twice.length === packets.length &&
    twice.every(({ tag, body }, i) => tag === packets[i]?.tag && equalBytes(body, packets[i].body));
  return same ? bytes : long;
}

export const PARSERS: readonly Parser[] = [
  {
    name: 'decodeSegment',
    parse: (bytes) => decodeSegment(asText(bytes)),
    again: (bytes) => sameText(encodeSegment(decodeSegment(asText(bytes))), bytes),
    good: segment.map((text) => utf8(encodeSegment(text))),
  },
  {
    name: 'parseRecordPath',
    parse: (bytes) => parseRecordPath(asText(bytes)),
    again: (bytes) => sameText(recordPath(parseRecordPath(asText(bytes))), bytes),
    good: record.map(utf8),
  },
  {
    name: 'parseLedgerPath',
    parse: (bytes) => parseLedgerPath(asText(bytes)),
    again: (bytes) => sameText(writeLedgerPath(parseLedgerPath(asText(bytes))), bytes),
    good: ledgerPath.map(utf8),
  },
  {
    name: 'parseChecklist',
    parse: parseChecklist,
    again: (bytes) => encodeChecklist(parseChecklist(bytes)),
    good: checklist,
  },
  { name: 'parseSums', parse: parseSums, again: (bytes) => encodeSums(parseSums(bytes)), good: sums },
  { name: 'parsePolicy', parse: parsePolicy, again: (bytes) => encodePolicy(parsePolicy(bytes)), good: policy },
  {
    name: 'parseSeal',
    parse: (bytes) => parseSeal(bytes, FINGERPRINT),
    again: (bytes) => encodeSeal(parseSeal(bytes, FINGERPRINT), FINGERPRINT),
    good: seal,
  },
  {
    name: 'splitPackets',
    parse: (bytes) => splitPackets(bytes, 'E_SIG_PACKET', 'the test'),
    again: packetsAgain,
    good: goodFile('key').map(binary),
  },
  {
    name: 'parseSignatureFile',
    parse: parseSignatureFile,
    again: (bytes) => (parseSignatureFile(bytes), armorAgain(bytes, binary(bytes), 'PGP SIGNATURE')),
    good: goodFile('signature'),
  },
  {
    name: 'readKeyFile',
    parse: readKeyFile,
    again: async (bytes) => {
      const { sha256 } = await readKeyFile(bytes);
      return sha256 === sha256Hex(bytes) ? armorAgain(bytes, binary(bytes), 'PGP PUBLIC KEY BLOCK') : utf8(sha256);
    },
    good: goodFile('key'),
  },
  {
    // Takes what people have; what it writes is in the one form, and so stays as it is.
    name: 'canonicalKeyFile',
    parse: canonicalKeyFile,
    again: async (bytes) => {
      const once = await canonicalKeyFile(bytes);
      const twice = await canonicalKeyFile(once.bytes);
      return equalBytes(once.bytes, twice.bytes) ? bytes : twice.bytes;
    },
    good: goodFile('key'),
  },
];
