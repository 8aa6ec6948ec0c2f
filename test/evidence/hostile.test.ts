import { createHash, generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { collectEvidence } from '../../evidence/collect.ts';
import type { CollectInput } from '../../evidence/collect.ts';
import { readMinisignKey } from '../../evidence/keys/minisign.ts';
import { filesToCover } from '../../evidence/names.ts';
import { parseRequirement } from '../../evidence/require.ts';
import { loadRoots } from '../../evidence/roots.ts';
import { readPublicKey } from '../../evidence/sigstore/public-key.ts';
import { verifyEvidence } from '../../evidence/verify.ts';
import { newKey } from '../../ledger/signing/signer.ts';
import { MockSigstore, bytesOf, sha256 } from './mock-sigstore.ts';
import type { MockBundle } from './mock-sigstore.ts';
import { newMinisign } from './minisign-maker.ts';
import {
  ACTIONS,
  FILES,
  GITHUB,
  entryOf,
  provenance,
  readerOf,
  releaseStatement,
  subjectOf,
  workflow,
} from './release.ts';

const LINUX = 'tool-linux-amd64';
const linux = FILES[LINUX] ?? Buffer.alloc(0);
const sha512 = (bytes: Uint8Array): string => createHash('sha512').update(bytes).digest('hex');

let good: MockSigstore;
let github: MockSigstore;
beforeAll(async () => {
  [good, github] = await Promise.all([MockSigstore.make(), MockSigstore.make({ withLogs: false })]);
});

const roots = () => [good.root('public-good'), github.root('github')];

function check(bundle: MockBundle | Buffer, { signer = workflow().san, issuer = ACTIONS } = {}) {
  const bytes = Buffer.isBuffer(bundle) ? bundle : bytesOf(bundle);
  const entry = entryOf('sigstore', bytes, { signer, ...(issuer === '' ? {} : { issuer }) });
  const stored = new Map([[entry.sha256, bytes]]);
  return verifyEvidence({ subject: subjectOf(), entries: [entry], bytes: stored, roots: roots(), read: readerOf() });
}

interface Offered {
  readonly files?: Readonly<Record<string, Uint8Array>>;
  readonly api?: MockBundle;
  readonly keys?: Partial<CollectInput['keys']>;
  readonly words?: readonly string[];
}

function collect({ files = {}, api, keys, words = [] }: Offered) {
  return collectEvidence({
    subject: subjectOf(),
    offers: [
      ...Object.entries(files).map(([name, bytes]) => ({ from: name, name, bytes })),
      ...(api === undefined ? [] : [{ from: 'the attestation API', bytes: bytesOf(api) }]),
    ],
    lists: [],
    keys: { openpgp: [], publicKeys: [], minisign: [], ...keys },
    roots: roots(),
    requirements: words.map((word) => parseRequirement(word, (glob) => glob)),
    keep: 'all',
    read: readerOf(),
  });
}

describe('a bundle that programs read differently is refused', () => {
  const text = async () => JSON.stringify(await good.statement(provenance(), workflow()));
  const twice = (key: string) => Buffer.from(`{${key}:"a",`);

  test.each([
    ['as it is', '"mediaType"'],
    ['spelled by escapes', '"\\u006dediaType"'],
    ['before white space', `"mediaType"${' '.repeat(100)}`],
  ])('for a key twice, %s', async (_, key) => {
    await expect(check(Buffer.concat([twice(key), Buffer.from((await text()).slice(1))]))).rejects.toThrow(
      'the bundle has the key mediaType twice',
    );
  });

  test('for a key twice in what it signs', async () => {
    const { subject } = provenance();
    const payload = JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject, predicate: {} }).replace(
      '{',
      '{"predicateType":"https://slsa.dev/provenance/v1","predicateType":"https://spdx.dev/Document",',
    );
    await expect(check(await good.statement(provenance(), { ...workflow(), payload }))).rejects.toThrow(
      'the in-toto statement has the key predicateType twice',
    );
  });

  test('but not for one key in two objects, or a text that looks like a key', async () => {
    const statement = { ...provenance(), predicate: { a: { b: '"b":', c: ['b', 'b'] }, b: { b: 1 } } };
    await expect(check(await good.statement(statement, workflow()))).resolves.toHaveLength(1);
  });

  test('for a statement and a signature at once, two signers, or none', async () => {
    const bundle = await good.statement(provenance(), workflow());
    const { messageSignature } = await good.message(linux, workflow());
    await expect(check(Buffer.from(JSON.stringify({ ...bundle, messageSignature })))).rejects.toThrow(
      'the bundle holds dsseEnvelope and messageSignature, and must hold one',
    );
    const material = { ...bundle.verificationMaterial, publicKey: { hint: 'a' } };
    await expect(check(Buffer.from(JSON.stringify({ ...bundle, verificationMaterial: material })))).rejects.toThrow(
      'holds certificate and publicKey',
    );
    await expect(check(Buffer.from(JSON.stringify({ ...bundle, dsseEnvelope: null })))).rejects.toThrow(
      'the bundle holds none of dsseEnvelope, messageSignature',
    );
  });

  test('for two signatures of one envelope', async () => {
    const bundle = await good.statement(provenance(), workflow());
    bundle.dsseEnvelope?.signatures.push(...bundle.dsseEnvelope.signatures);
    await expect(check(bundle)).rejects.toThrow('envelope has 2 signatures, not one');
  });

  test.each(['!payload', 'pay load', 'abc=d', 'abcde'])('for invalid base64: %s', async (wrong) => {
    const bundle = await good.statement(provenance(), workflow());
    if (bundle.dsseEnvelope !== undefined) bundle.dsseEnvelope.payload = wrong;
    await expect(check(bundle)).rejects.toThrow('payload of the bundle is not base64');
  });
});

test('times that no calendar has are refused, in a certificate and in a log entry', async () => {
  const bundle = await good.statement(provenance(), workflow());
  const { certificate } = bundle.verificationMaterial as { certificate: { rawBytes: string } };
  const der = Buffer.from(certificate.rawBytes, 'base64').toString('latin1');
  const broken = der.replace(/\x17\x0d[0-9]{12}Z/g, '\x17\x0d9999999999xxZ');
  expect(broken).not.toBe(der);
  const withCertificate = structuredClone(bundle);
  withCertificate.verificationMaterial.certificate = { rawBytes: Buffer.from(broken, 'latin1').toString('base64') };
  await expect(check(withCertificate)).toFailWith('E_EVIDENCE');
  Object.assign(bundle.verificationMaterial.tlogEntries[0] ?? {}, { integratedTime: '9'.repeat(19) });
  await expect(check(bundle)).toFailWith('E_EVIDENCE');
});

test('an extension of a certificate that is not what its name says is refused', async () => {
  const bundle = await good.statement(provenance(), workflow());
  const { certificate } = bundle.verificationMaterial as { certificate: { rawBytes: string } };
  const der = Buffer.from(certificate.rawBytes, 'base64').toString('latin1');
  // The authority's key identifier, a text instead of bytes.
  const broken = der.replace('\x06\x03\x55\x1d\x23\x04', '\x06\x03\x55\x1d\x23\x0c');
  expect(broken).not.toBe(der);
  bundle.verificationMaterial.certificate = { rawBytes: Buffer.from(broken, 'latin1').toString('base64') };
  await expect(check(bundle)).toFailWith('E_EVIDENCE');
});

test('a log entry whose proof lost its checkpoint is refused', async () => {
  const bundle = await good.statement(provenance(), workflow());
  const [entry] = bundle.verificationMaterial.tlogEntries as [{ inclusionProof: { checkpoint?: object } }];
  delete entry.inclusionProof.checkpoint;
  await expect(check(bundle)).rejects.toThrow('that can be read: verificationMaterial.tlogEntries[0].inclusionProof');
  bundle.mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.1';
  await expect(check(bundle)).rejects.toThrow("the bundle's log entry has a proof without a checkpoint");
});

describe('what an envelope signs is a statement that is known here', () => {
  test('and not another payload type, nor another version of in-toto', async () => {
    const other = await good.statement(provenance(), { ...workflow(), payloadType: 'application/json' });
    await expect(check(other)).rejects.toThrow('the bundle signs application/json, not an in-toto statement');
    const { subject } = provenance();
    const payload = JSON.stringify({ _type: 'https://in-toto.io/Statement/v2', subject, predicateType: 'a' });
    await expect(check(await good.statement(provenance(), { ...workflow(), payload }))).rejects.toThrow(
      'does not hold an in-toto statement',
    );
  });

  test('whose predicate of a version that is not known is kept, but is neither provenance nor a release attestation', async () => {
    const words = ['attestation', 'release-attestation'];
    for (const predicateType of [
      'https://slsa.dev/provenance/v1.1',
      'https://slsa.dev/provenance/v1/',
      'https://in-toto.io/attestation/release/v0.3',
    ]) {
      const api = await good.statement({ ...provenance(), predicateType }, workflow());
      expect((await collect({ api })).statements).toMatchObject([{ predicate: predicateType }]);
      for (const word of words) {
        await expect(collect({ api, words: [word] })).rejects.toThrow(`${word} is required, and there is none`);
      }
    }
  });
});

describe('a subject that names a recorded file', () => {
  const named = (digest: Record<string, string>) =>
    good.statement({ ...provenance(), subject: [{ name: LINUX, digest }] }, workflow());
  const other = 'gives another digest for tool-linux-amd64';

  test('with the digest of another recorded file is refused', async () => {
    await expect(check(await named({ sha256: sha256(FILES['tool-darwin-arm64'] ?? '') }))).rejects.toThrow(other);
  });

  test('with a wrong SHA-512 beside the right SHA-256 is refused, and the other way round', async () => {
    await expect(check(await named({ sha256: sha256(linux), sha512: sha512(Buffer.from('x')) }))).rejects.toThrow(
      other,
    );
    await expect(check(await named({ sha256: sha256('x'), sha512: sha512(linux) }))).rejects.toThrow(other);
    await expect(check(await named({ sha256: sha256(linux), sha512: sha512(linux) }))).resolves.toHaveLength(1);
  });

  test('twice, rightly and wrongly, is refused', async () => {
    const digests = [sha256(linux), sha256('x')];
    const subject = digests.map((digest) => ({ name: LINUX, digest: { sha256: digest } }));
    await expect(check(await good.statement({ ...provenance(), subject }, workflow()))).rejects.toThrow(other);
  });

  test('by two digests of one algorithm, in two spellings, is refused', async () => {
    const digests = [
      { sha256: sha256('x'), SHA256: sha256(linux) },
      { sha256: sha256(linux), SHA256: sha256('x') },
    ];
    for (const each of digests) {
      await expect(check(await named(each))).rejects.toThrow('two digests of one algorithm');
    }
  });

  test('by digests that are not known here alone covers nothing', async () => {
    await expect(check(await named({ sha1: 'a'.repeat(40) }))).rejects.toThrow('covers no recorded file');
  });
});

test("an added root cannot take the place of GitHub's by its name", async () => {
  const bytes = Buffer.from(JSON.stringify(github.rootJson));
  const bundle = bytesOf(await github.statement(releaseStatement(), GITHUB));
  const entry = entryOf('sigstore', bundle, { signer: GITHUB.san });
  const verify = verifyEvidence({
    subject: subjectOf(),
    entries: [entry],
    bytes: new Map([[entry.sha256, bundle]]),
    roots: loadRoots([{ name: 'github', bytes }]),
    read: readerOf(),
  });
  await expect(verify).rejects.toThrow('not by GitHub');
});

describe('a kept key', () => {
  test('that is not the one that its entry names is refused, even beside the right one', async () => {
    const [mine, other] = [1, 2].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    if (mine === undefined || other === undefined) throw new Error('no key');
    const [pem, otherPem] = [mine, other].map(({ publicKey }) =>
      Buffer.from(publicKey.export({ format: 'pem', type: 'spki' })),
    );
    const signer = `key:${readPublicKey(pem ?? Buffer.alloc(0)).sha256}`;
    const bundle = bytesOf(await good.message(linux, { san: 'a@example.com', key: mine.privateKey }));
    const parts = [
      { kind: 'sigstore', bytes: bundle },
      { kind: 'key', bytes: pem ?? Buffer.alloc(0) },
      { kind: 'key', bytes: otherPem ?? Buffer.alloc(0) },
    ] as const;
    const input = (count: number) => {
      const entries = parts.slice(0, count).map(({ kind, bytes }) => entryOf(kind, bytes, { signer }));
      const bytes = new Map(parts.map((part) => [sha256(part.bytes), part.bytes]));
      return { subject: subjectOf(), entries, bytes, roots: roots(), read: readerOf() };
    };
    await expect(verifyEvidence(input(2))).resolves.toHaveLength(1);
    await expect(verifyEvidence(input(3))).rejects.toThrow(`and the record says ${signer}`);
  });

  test('of a curve that nobody signs with here is refused', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    expect(() => readPublicKey(Buffer.from(publicKey.export({ format: 'pem', type: 'spki' })))).toThrow(
      'the key is ec of secp256k1, not ECDSA over P-256',
    );
  });
});

describe('by a key that nobody pinned', () => {
  test.each([
    ['a damaged .minisig', `${LINUX}.minisig`, 'untrusted comment: x\nAAAA\n'],
    ['a signature of OpenPGP version 3', `${LINUX}.sig`, Buffer.from('8805030000000000', 'hex')],
    ['a signature in broken armour', `${LINUX}.asc`, '-----BEGIN PGP SIGNATURE-----\n\n!!\n'],
    ['an inline-signed list', 'SHA256SUMS.asc', '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nabc\n'],
  ])('%s counts as nothing, and is said', async (_, name, bytes) => {
    const { entries, notes } = await collect({ files: { [name]: Buffer.from(bytes) } });
    expect(entries).toEqual([]);
    expect(notes).toEqual([expect.stringContaining(`${name} counts as nothing`)]);
  });

  test('a signature is told from a pinned one before it is read by our rules', async () => {
    const { readOpenPgpKey } = await import('../../evidence/keys/openpgp.ts');
    const pinned = await readOpenPgpKey((await newKey({ userId: 'up <up@example.com>' })).public);
    const keys = { openpgp: [pinned] };
    const packet = (id: string) =>
      Buffer.concat([
        Buffer.from('8813030500', 'hex'),
        Buffer.from('65000000', 'hex'),
        Buffer.from(id, 'hex'),
        Buffer.alloc(4),
      ]);
    const files = (id: string) => ({ [`${LINUX}.sig`]: packet(id) });
    expect((await collect({ files: files('0123456789abcdef'), keys })).notes).toHaveLength(1);
    const own = pinned.file.fingerprint.slice(-16);
    await expect(collect({ files: files(own), keys })).rejects.toThrow('the OpenPGP signature cannot be used');
  });
});

test('of two minisign keys with one number each is tried', async () => {
  const [ours, theirs] = [newMinisign(), newMinisign()];
  const number = Buffer.from(ours.publicKey, 'base64').subarray(0, 10);
  const copy = Buffer.concat([number, Buffer.from(theirs.publicKey, 'base64').subarray(10)]).toString('base64');
  const minisign = [copy, ours.publicKey].flatMap((text) => readMinisignKey(text) ?? []);
  const files = { [`${LINUX}.minisig`]: ours.signFile(linux) };
  expect((await collect({ files, keys: { minisign } })).entries).toMatchObject([{ signer: ours.publicKey }]);
});

describe('a statement by a pinned public key', () => {
  const made = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pinned = readPublicKey(Buffer.from(made.publicKey.export({ format: 'pem', type: 'spki' })));
  const by = { san: 'unused@example.com', key: made.privateKey };

  test('that gives another digest for a recorded file refuses the release', async () => {
    const statement = { ...provenance({ [LINUX]: Buffer.from('x') }), predicateType: 'https://example.com/test/v1' };
    const api = await good.statement(statement, by);
    await expect(collect({ api, keys: { publicKeys: [pinned] } })).rejects.toThrow(`gives another digest for ${LINUX}`);
    const other = readPublicKey(
      Buffer.from(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'pem', type: 'spki' })),
    );
    expect((await collect({ api, keys: { publicKeys: [other] } })).notes).toHaveLength(1);
  });

  test('is found among several', async () => {
    const publicKeys = [
      readPublicKey(Buffer.from(generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }))),
      pinned,
    ];
    const files = { [`${LINUX}.sigstore.json`]: bytesOf(await good.message(linux, by)) };
    expect((await collect({ files, keys: { publicKeys } })).statements).toMatchObject([
      { signer: `key:${pinned.sha256}` },
    ]);
  });
});

test('a program that is named like a signature must be covered: none has megabytes', () => {
  const files = [
    { name: 'tool', size: 10 },
    { name: 'tool.sig', size: 100 },
    { name: 'evil.sig', size: 5 * 1024 * 1024 },
  ];
  expect(filesToCover(files).map(({ name }) => name)).toEqual(['tool', 'evil.sig']);
});
