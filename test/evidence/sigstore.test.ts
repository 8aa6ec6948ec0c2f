import { createHash, generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { readPublicKey } from '../../evidence/sigstore/public-key.ts';
import { loadRoots } from '../../evidence/roots.ts';
import { verifyBundle } from '../../evidence/sigstore/sigstore.ts';
import { verifyEvidence } from '../../evidence/verify.ts';
import type { EvidenceInput } from '../../evidence/verify.ts';
import { MockSigstore, bytesOf } from './mock-sigstore.ts';
import type { MockBundle } from './mock-sigstore.ts';
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

let good: MockSigstore;
let github: MockSigstore;
let stranger: MockSigstore;

beforeAll(async () => {
  [good, github, stranger] = await Promise.all([
    MockSigstore.make(),
    MockSigstore.make({ withLogs: false }),
    MockSigstore.make(),
  ]);
});

interface Case {
  readonly bundle: MockBundle | Buffer;
  readonly signer?: string;
  readonly issuer?: string | undefined;
  readonly input?: Partial<EvidenceInput>;
}

function check({ bundle, signer = workflow().san, issuer = ACTIONS, input = {} }: Case) {
  const bytes = Buffer.isBuffer(bundle) ? bundle : bytesOf(bundle);
  const entry = entryOf('sigstore', bytes, { signer, ...(issuer === '' ? {} : { issuer }) });
  return verifyEvidence({
    subject: subjectOf(),
    entries: [entry],
    bytes: new Map([[entry.sha256, bytes]]),
    roots: [good.root('public-good'), github.root('github')],
    read: readerOf(),
    ...input,
  });
}

const refused = async (one: Case, sentence: string) => {
  await expect(check(one)).rejects.toThrow(sentence);
  await expect(check(one)).toFailWith('E_EVIDENCE');
};

describe('a bundle counts', () => {
  test('as the provenance of this repository, with who signed it, when, and for which files', async () => {
    const [statement] = await check({ bundle: await good.statement(provenance(), workflow()) });
    expect(statement).toMatchObject({
      kind: 'sigstore',
      predicate: 'https://slsa.dev/provenance/v1',
      signer: workflow().san,
      issuer: ACTIONS,
      signedAt: good.now.toISOString(),
      sourceRepository: 'https://github.com/acme/tool',
      files: ['tool-darwin-arm64', 'tool-linux-amd64'],
    });
  });

  test("by another repository's reusable workflow, where the source repository's id is right", async () => {
    const identity = {
      ...workflow(),
      san: 'https://github.com/acme/shared/.github/workflows/build.yml@refs/heads/main',
    };
    const [statement] = await check({ bundle: await good.statement(provenance(), identity), signer: identity.san });
    expect(statement?.signer).toBe(identity.san);
  });

  test("as GitHub's release attestation, under GitHub's root, without a log", async () => {
    const bundle = await github.statement(releaseStatement(), GITHUB);
    const [statement] = await check({ bundle, signer: GITHUB.san, issuer: '' });
    expect(statement).toMatchObject({ predicate: 'https://in-toto.io/attestation/release/v0.2', files: { length: 2 } });
  });

  test('by subjects that have a SHA-512 alone', async () => {
    const digest = {
      sha512: createHash('sha512')
        .update(FILES['tool-linux-amd64'] ?? '')
        .digest('hex'),
    };
    const statement = { ...provenance(), subject: [{ name: 'pkg:npm/tool@1.2.3', digest }] };
    const [verified] = await check({ bundle: await good.statement(statement, workflow()) });
    expect(verified?.files).toEqual(['tool-linux-amd64']);
  });

  test('with a predicate that is not known, kept by its name', async () => {
    const statement = { ...provenance(), predicateType: 'https://spdx.dev/Document/v2.3' };
    const [verified] = await check({ bundle: await good.statement(statement, workflow()) });
    expect(verified?.predicate).toBe('https://spdx.dev/Document/v2.3');
  });

  test('as a signature over a file, by a person or by a key', async () => {
    const file = FILES['tool-linux-amd64'] ?? Buffer.alloc(0);
    const person = { san: 'ada@example.com', issuer: 'https://accounts.example.com' };
    const [byPerson] = await check({
      bundle: await good.message(file, person),
      signer: person.san,
      issuer: person.issuer,
    });
    expect(byPerson).toMatchObject({ signer: 'ada@example.com', files: ['tool-linux-amd64'], predicate: undefined });

    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = Buffer.from(publicKey.export({ format: 'pem', type: 'spki' }));
    const signer = `key:${readPublicKey(pem).sha256}`;
    const bytes = bytesOf(await good.message(file, { ...person, key: privateKey }));
    const entries = [entryOf('sigstore', bytes, { signer }), entryOf('key', pem, { signer })];
    const stored = new Map([bytes, pem].map((each, i) => [entries[i]?.sha256 ?? '', each]));
    const [byKey] = await check({ bundle: bytes, input: { entries, bytes: stored } });
    expect(byKey).toMatchObject({ signer, files: ['tool-linux-amd64'] });
  });

  test('years later: no clock of the verifier is asked', async () => {
    const bundle = await good.statement(provenance(), workflow());
    // Its certificate lived for ten minutes a minute from now: at no present time of this test was it valid.
    expect(Date.now()).toBeLessThan(good.now.getTime());
    await expect(check({ bundle })).resolves.toHaveLength(1);
  });

  test('under a root that was added', async () => {
    const bundle = await stranger.statement(provenance(), workflow());
    const added = { name: 'root.json', bytes: Buffer.from(JSON.stringify(stranger.rootJson)) };
    await expect(check({ bundle, input: { roots: loadRoots([added]) } })).resolves.toHaveLength(1);
  });

  test("under an added root by the log's time or an authority's, whichever it has", async () => {
    const roots = [stranger.root('added')];
    for (const stamp of [true, false]) {
      const bundle = await stranger.statement(provenance(), { ...workflow(), stamp });
      await expect(check({ bundle, input: { roots } })).resolves.toHaveLength(1);
    }
    await refused(
      { bundle: await stranger.statement(provenance(), { ...workflow(), log: false }), input: { roots } },
      'no entry of a transparency log',
    );
    const unlogged = await github.statement(provenance(), { ...workflow(), stamp: false });
    await refused({ bundle: unlogged, input: { roots: [github.root('added')] } }, 'no timestamp by an authority');
  });
});

describe('a statement is refused', () => {
  test('of a repository that took the name over: the id decides', async () => {
    const bundle = await good.statement(provenance(), workflow({ id: '999' }));
    await refused(
      { bundle },
      'the provenance is of https://github.com/acme/tool (id 999), and the record is of repository 5101141',
    );
  });

  test('of another repository, or of none that is named', async () => {
    const identity = workflow({ repository: 'evil/tool', id: '31337' });
    await refused(
      { bundle: await good.statement(provenance(), identity), signer: identity.san },
      'is of https://github.com/evil/tool (id 31337)',
    );
    const nameless = { san: workflow().san, issuer: ACTIONS };
    await refused({ bundle: await good.statement(provenance(), nameless) }, '(id unknown)');
  });

  test("with provenance that the forge's own issuer does not vouch for", async () => {
    const issuer = 'https://token.actions.githubusercontent.com.example.com';
    const bundle = await good.statement(provenance(), workflow({ issuer }));
    await refused({ bundle, issuer }, 'not by a workflow of github.com');
  });

  test.each([
    ['.co for .com', 'https://github.co/acme/tool/.github/workflows/release.yml@refs/tags/v1.2.3'],
    [
      'with what a prefix would match',
      'https://github.com/acme/tool/.github/workflows/release.yml@refs/tags/v1.2.3-evil',
    ],
    ['another workflow', 'https://github.com/acme/tool/.github/workflows/test.yml@refs/tags/v1.2.3'],
    ['with what a pattern would match', 'https://githubxcom/acme/tool/.github/workflows/release.yml@refs/tags/v1.2.3'],
  ])('by a look-alike of the recorded signer: %s', async (_, san) => {
    await refused({ bundle: await good.statement(provenance(), workflow({ san })) }, `it is signed by ${san}`);
  });

  test('with another issuer than the recorded one', async () => {
    const bundle = await good.message(FILES['tool-linux-amd64'] ?? Buffer.alloc(0), {
      san: 'a@example.com',
      issuer: 'https://a.example',
    });
    await refused(
      { bundle, signer: 'a@example.com', issuer: 'https://b.example' },
      'its issuer is https://a.example, and the record says https://b.example',
    );
  });

  test.each([
    ['another tag', { tag: 'v1.2.4' }, 'of the tag v1.2.4, not of v1.2.3'],
    ['another commit', { commit: 'f'.repeat(40) }, `names the commit ${'f'.repeat(40)}`],
    ['another repository', { id: '999' }, 'of repository 999'],
  ])('as the attestation of a release of %s', async (_, other, sentence) => {
    await refused(
      { bundle: await github.statement(releaseStatement(other), GITHUB), signer: GITHUB.san, issuer: '' },
      sentence,
    );
  });

  test("as a release attestation that GitHub didn't sign", async () => {
    const bundle = await good.statement(releaseStatement(), workflow());
    await refused({ bundle }, 'not by GitHub');
    const under = await github.statement(releaseStatement(), { san: 'https://dotcom.releases.github.co' });
    await refused({ bundle: under, signer: 'https://dotcom.releases.github.co', issuer: '' }, 'not by GitHub');
  });

  test('with another digest for a recorded file', async () => {
    const files = { ...FILES, 'tool-darwin-arm64': Buffer.from('other') };
    await refused(
      { bundle: await good.statement(provenance(files), workflow()) },
      'gives another digest for tool-darwin-arm64',
    );
    await refused(
      { bundle: await github.statement(releaseStatement({ files }), GITHUB), signer: GITHUB.san, issuer: '' },
      'gives another digest for tool-darwin-arm64',
    );
  });

  test('that covers no recorded file', async () => {
    const other = { other: Buffer.from('other') };
    await refused({ bundle: await good.statement(provenance(other), workflow()) }, 'covers no recorded file');
  });

  test('with a certificate that was not valid when it signed', async () => {
    const at = new Date(good.now.getTime() + 3_600_000);
    await refused(
      { bundle: await good.statement(provenance(), { ...workflow(), at }) },
      `was not valid when it signed, at ${at.toISOString()}`,
    );
  });

  test('without a log entry, or without any time', async () => {
    await refused(
      { bundle: await good.statement(provenance(), { ...workflow(), log: false }) },
      'no entry of a transparency log',
    );
    await refused(
      {
        bundle: await github.statement(releaseStatement(), { ...GITHUB, stamp: false }),
        signer: GITHUB.san,
        issuer: '',
      },
      'no timestamp by an authority',
    );
  });

  test('under a root that is not trusted here', async () => {
    await refused({ bundle: await stranger.statement(provenance(), workflow()) }, 'under no root that is trusted here');
  });

  test('with one log entry given twice, which @sigstore/verify counts as two', async () => {
    const bundle = await good.statement(provenance(), workflow());
    bundle.verificationMaterial.tlogEntries.push(...bundle.verificationMaterial.tlogEntries);
    await refused({ bundle }, 'gives one log entry twice');
    const again = await good.statement(provenance(), workflow());
    again.verificationMaterial.timestampVerificationData.rfc3161Timestamps.push(
      ...again.verificationMaterial.timestampVerificationData.rfc3161Timestamps,
    );
    await refused({ bundle: again }, 'gives one timestamp twice');
  });

  test('with the log entry of another statement', async () => {
    const [bundle, other] = await Promise.all([1, 2].map(() => good.statement(provenance(), workflow())));
    if (bundle === undefined || other === undefined) throw new Error('no bundle');
    bundle.verificationMaterial.tlogEntries = other.verificationMaterial.tlogEntries;
    await refused({ bundle }, 'log entry is about another signature');
  });

  test('whose payload was changed', async () => {
    const bundle = await good.statement(provenance(), { ...workflow(), log: false });
    const logged = await good.statement(provenance(), workflow());
    if (bundle.dsseEnvelope === undefined || logged.dsseEnvelope === undefined) throw new Error('no envelope');
    logged.dsseEnvelope.payload = bundle.dsseEnvelope.payload.replace(/.{8}$/, 'AAAAAAAA');
    await refused({ bundle: logged }, 'log entry is about another signature');
  });
});

describe('what is hostile is refused before a library reads it', () => {
  const verify = (bytes: Uint8Array) => () => verifyBundle(bytes, [good.root('public-good')]);

  test('a bundle of ten megabytes', () => {
    expect(verify(Buffer.alloc(10 * 1024 * 1024, 0x20))).toThrow('the bundle has more than 1048576 bytes');
  });

  test('JSON that is nested a thousand levels deep', () => {
    expect(verify(Buffer.from(`{"mediaType":${'['.repeat(1000)}${']'.repeat(1000)}}`))).toThrow(
      'nested more than 32 levels deep',
    );
  });

  test('a certificate that is nested deeply, or lies about its lengths', async () => {
    const bundle = await good.statement(provenance(), workflow());
    const withCertificate = (der: Buffer) => {
      bundle.verificationMaterial.certificate = { rawBytes: der.toString('base64') };
      return verify(bytesOf(bundle));
    };
    let deep = Buffer.from([0x05, 0x00]);
    for (let i = 0; i < 60; i++) deep = Buffer.concat([Buffer.from([0x30, deep.length]), deep]);
    expect(withCertificate(deep)).toThrow('nested more than 32 levels deep');
    expect(withCertificate(Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]))).toThrow('not well-formed DER');
    expect(withCertificate(Buffer.from([0x30, 0x80, 0x00, 0x00]))).toThrow('not well-formed DER');
    expect(withCertificate(Buffer.alloc(40_000))).toThrow('more than 32768 bytes');
  });

  test("a log's name that would be run as a pattern, and numbers that take long to read", async () => {
    const tamper = async (change: (envelope: string) => string) => {
      const bundle = await good.statement(provenance(), workflow());
      const [entry] = bundle.verificationMaterial.tlogEntries as [
        { inclusionProof: { checkpoint: { envelope: string } } },
      ];
      entry.inclusionProof.checkpoint.envelope = change(entry.inclusionProof.checkpoint.envelope);
      return verify(bytesOf(bundle));
    };
    expect(await tamper((text) => text.replace('\u2014 rekor.sigstore.dev', '\u2014 (((.*)*)*)*@'))).toThrow(
      'a name that is not one',
    );
    expect(await tamper((text) => text.replace('\n1\n', `\n${'9'.repeat(2000)}\n`))).toThrow(
      'a number that is not one',
    );
    const bundle = await good.statement(provenance(), workflow());
    Object.assign(bundle.verificationMaterial.tlogEntries[0] ?? {}, { logIndex: '9'.repeat(100_000) });
    expect(verify(bytesOf(bundle))).toThrow("a number of the bundle's log entry is not one");
  });

  test('more log entries than any bundle has', async () => {
    const bundle = await good.statement(provenance(), workflow());
    const [entry] = bundle.verificationMaterial.tlogEntries;
    bundle.verificationMaterial.tlogEntries = Array.from({ length: 9 }, () => ({ ...entry }));
    expect(verify(bytesOf(bundle))).toThrow('more than 8');
  });

  test('a version that is not known', async () => {
    const bundle = await good.statement(provenance(), workflow());
    bundle.mediaType = 'application/vnd.dev.sigstore.bundle.v0.9+json';
    expect(verify(bytesOf(bundle))).toThrow('not a Sigstore bundle of version 0.1 to 0.3');
  });
});

describe('bytes that are not the entry’s are not parsed', () => {
  test('a flipped byte, another size, none at all', async () => {
    const bytes = bytesOf(await good.statement(provenance(), workflow()));
    const entry = entryOf('sigstore', bytes, { signer: workflow().san, issuer: ACTIONS });
    const flipped = Buffer.from(bytes);
    flipped[100] = (flipped[100] ?? 0) ^ 1;
    const given = (stored: Buffer | undefined) =>
      check({ bundle: bytes, input: { entries: [entry], bytes: new Map(stored ? [[entry.sha256, stored]] : []) } });
    await expect(given(flipped)).rejects.toThrow('its bytes are not those that the record names');
    await expect(given(bytes.subarray(1))).rejects.toThrow(`and the record says ${bytes.length}`);
    await expect(given(undefined)).rejects.toThrow('its bytes are not there');
  });
});
