import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { collectEvidence } from '../../evidence/collect.ts';
import { readKeys } from '../../evidence/keys/keys.ts';
import type { KeyFileBytes } from '../../evidence/keys/keys.ts';
import type { Offer } from '../../evidence/offer.ts';
import { parseRequirement } from '../../evidence/require.ts';
import { readPublicKey } from '../../evidence/sigstore/public-key.ts';
import { verifyEvidence } from '../../evidence/verify.ts';
import { readKeyFile } from '../../ledger-schema/openpgp/openpgp.ts';
import { fileSigner, newKey } from '../../ledger/signing/signer.ts';
import { MockSigstore, bytesOf, sha256 } from './mock-sigstore.ts';
import type { MockBundle } from './mock-sigstore.ts';
import { newMinisign } from './minisign-maker.ts';
import { FILES, GITHUB, provenance, readerOf, releaseStatement, subjectOf, workflow } from './release.ts';

const list = Buffer.from(
  Object.entries(FILES)
    .map(([name, bytes]) => `${sha256(bytes)}  ${name}\n`)
    .join(''),
);
const person = { san: 'me@example.com', issuer: 'https://accounts.google.com' };
const SHARED = 'https://github.com/acme/shared/.github/workflows/build.yml@refs/heads/main';
const minisign = newMinisign();
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = Buffer.from(pair.publicKey.export({ format: 'pem', type: 'spki' }));
const spki = readPublicKey(pem).sha256;

let good: MockSigstore;
let github: MockSigstore;
let offers: Readonly<Record<string, Offer>>;
let fingerprint: string;
let keyFiles: KeyFileBytes[];

beforeAll(async () => {
  [good, github] = await Promise.all([MockSigstore.make(), MockSigstore.make({ withLogs: false })]);
  const made = await newKey({ userId: 'upstream <up@example.com>' });
  const signer = await fileSigner({ key: made.secret });
  ({ fingerprint } = await readKeyFile(made.public));
  keyFiles = [
    { name: `${fingerprint}.asc`, bytes: made.public },
    { name: `${spki}.pub`, bytes: pem },
  ];
  const api = (bundle: MockBundle): Offer => ({ from: 'the attestation API', bytes: bytesOf(bundle) });
  const file = (name: string, bytes: Uint8Array): Offer => ({ from: name, name, bytes });
  const test = { ...provenance(), predicateType: 'https://in-toto.io/attestation/test-result/v0.1' };
  offers = {
    release: api(await github.statement(releaseStatement(), GITHUB)),
    provenance: api(await good.statement(provenance(), workflow())),
    shared: api(await good.statement(provenance(), workflow({ san: SHARED }))),
    person: file('SHA256SUMS.sigstore.json', bytesOf(await good.message(list, person))),
    minisign: file('SHA256SUMS.minisig', minisign.signFile(list)),
    openpgp: file('SHA256SUMS.asc', await signer.sign(list)),
    key: api(await good.statement(test, { san: 'unused@example.com', key: pair.privateKey })),
  };
});

/** Collects what is offered against one word, and verifies again what would be recorded. */
async function meet(word: string, offered: readonly string[] = Object.keys(offers)) {
  const requirements = [parseRequirement(word, (glob) => glob)];
  const subject = subjectOf();
  const roots = [good.root('public-good'), github.root('github')];
  const read = readerOf();
  const collected = await collectEvidence({
    subject,
    offers: offered.flatMap((name) => offers[name] ?? []),
    lists: [{ name: 'SHA256SUMS', sha256: sha256(list), bytes: list }],
    keys: await readKeys(keyFiles, requirements),
    roots,
    requirements,
    keep: 'required',
    read,
  });
  return verifyEvidence({ subject, roots, read, entries: collected.entries, bytes: collected.bytes });
}

const FORMS: readonly (readonly [offer: string, word: () => string, signer: () => string])[] = [
  ['release', () => 'release-attestation', () => GITHUB.san],
  ['provenance', () => 'attestation', () => workflow().san],
  ['provenance', () => 'attestation:.github/workflows/release.yml', () => workflow().san],
  ['provenance', () => 'attestation:acme/tool/.github/workflows/release.yml', () => workflow().san],
  ['shared', () => 'attestation:acme/shared/.github/workflows/build.yml', () => SHARED],
  ['person', () => `sigstore:${person.issuer} ${person.san}`, () => person.san],
  ['minisign', () => `minisign:${minisign.publicKey}`, () => minisign.publicKey],
  ['openpgp', () => `openpgp:${fingerprint}`, () => fingerprint],
  ['key', () => `key:${spki}`, () => `key:${spki}`],
];

describe('each form of require[]', () => {
  test.each(FORMS)('is met by its statement: %s %#', async (offer, word, signer) => {
    expect(await meet(word(), [offer])).toMatchObject([{ signer: signer(), files: { length: 2 } }]);
  });

  test.each(FORMS)('is not met by all the others together: %s %#', async (offer, word) => {
    // Provenance by either workflow is an attestation.
    const alike = word() === 'attestation' ? ['provenance', 'shared'] : [offer];
    const others = Object.keys(offers).filter((name) => !alike.includes(name));
    await expect(meet(word(), others)).rejects.toThrow(`${word()} is required, and there is none`);
    await expect(meet(word(), others)).toFailWith('E_EVIDENCE');
  });

  test.each([
    'attestation:.github/workflows/release.yaml',
    'attestation:.github/workflows/build.yml',
    'attestation:.github/workflows/lease.yml',
    'attestation:acme/tool2/.github/workflows/release.yml',
    'attestation:Acme/tool/.github/workflows/release.yml',
    'attestation:acme/shared/.github/workflows/release.yml',
    `sigstore:${person.issuer} me@example.co`,
    `sigstore:${person.issuer} e@example.com`,
    `sigstore:${person.issuer} me@example.com.evil`,
    `sigstore:${person.issuer} .*`,
    `sigstore:${person.issuer}/ me@example.com`,
    'sigstore:https://accounts.google.co me@example.com',
    `sigstore:${person.issuer} ME@example.com`,
    `sigstore:${person.issuer} ${workflow().san}`,
  ])('is met by nothing that only looks like it: %s', async (word) => {
    await expect(meet(word)).rejects.toThrow(`${word} is required, and there is none`);
  });
});
