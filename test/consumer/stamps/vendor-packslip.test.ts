import { beforeAll, expect, test } from 'vitest';
import { findVendorPackslip } from '../../../consumer/stamps/vendor-packslip.ts';
import type { StampRecord } from '../../../consumer/stamps/record.ts';
import { MockSigstore, bytesOf, sha256 } from '../../evidence/mock-sigstore.ts';
import { ACTIONS, workflow } from '../../evidence/release.ts';
import { stampAsset, stampRecord } from '../../kit/stamps.ts';

const TAG = 'jq-1.7.1';
const SAN = `https://github.com/jqlang/jq/.github/workflows/release.yml@refs/tags/${TAG}`;
const record = stampRecord(TAG);
const files = record.assets.slice(0, 2);

let mock: MockSigstore;
beforeAll(async () => void (mock = await MockSigstore.make()));

interface Forged {
  readonly predicate?: object;
  readonly predicateType?: string;
  readonly subject?: readonly object[];
  readonly identity?: Parameters<typeof workflow>[0];
  readonly record?: Partial<StampRecord>;
  readonly roots?: MockSigstore;
}

/** What is found in a record whose one piece of evidence is a packslip by the vendor's workflow, but for what is forged. */
async function find({ predicate, predicateType, subject, identity, record: changes, roots = mock }: Forged = {}) {
  const signer = workflow({ repository: 'jqlang/jq', san: SAN, commit: record.commit, ...identity });
  const bundle = await mock.statement(
    {
      predicateType: predicateType ?? 'https://packslip.dev/release/v1',
      predicate: {
        project: 'github.com/jqlang/jq',
        version: '1.7.1',
        published_at: '2026-02-27T10:00:00+02:00',
        source: { repo: 'https://github.com/jqlang/jq', tag: TAG },
        artifacts: files.map(({ name, size }) => ({ name, size, format: 'raw' })),
        identity: { scheme: 'sigstore-oidc', key_id: signer.san, issuer: signer.issuer },
        ...predicate,
      },
      subject: subject ?? files.map(({ name, sha256: digest }) => ({ name, digest: { sha256: digest } })),
    },
    signer,
  );
  const bytes = bytesOf(bundle);
  const entry = {
    kind: 'sigstore' as const,
    sha256: sha256(bytes),
    size: bytes.length,
    signer: signer.san,
    issuer: signer.issuer ?? ACTIONS,
  };
  const found = await findVendorPackslip(
    { ...record, evidence: [entry], ...changes },
    { fetch: () => Promise.resolve(bytes), roots: [roots.root('public-good')] },
  );
  return found === undefined ? undefined : { ...found, bytes: found.bytes.length === bytes.length };
}

test('the vendor’s own is found, with its time in UTC', async () => {
  expect(await find()).toMatchObject({ bytes: true, publishedAt: '2026-02-27T08:00:00Z', beyond: false });
  expect(await find({ predicate: { project: 'github.com/JQLang/JQ' } })).toMatchObject({ beyond: false });
});

test.each<[string, Forged]>([
  ['of another repository of the same name', { identity: { id: '666' } }],
  ['by who is no workflow of the forge', { identity: { issuer: 'https://accounts.example' } }],
  [
    'that says it is by somebody else',
    { predicate: { identity: { scheme: 'sigstore-oidc', key_id: 'x', issuer: ACTIONS } } },
  ],
  ['by a key', { predicate: { identity: { scheme: 'sigstore-key', key_id: '5A0A0B8B9C6D7E1F' } } }],
  ['of a repackager', { predicate: { attested_by: 'repackager' } }],
  ['of another project', { predicate: { project: 'github.com/jqlang/jq/tool' } }],
  ['of another tag', { predicate: { source: { repo: 'x', tag: 'jq-1.7.0' } } }],
  ['without a tag', { predicate: { source: undefined } }],
  ['of another version than its tag names', { predicate: { version: '1.7.2' } }],
  ['of a release list', { predicateType: 'https://packslip.dev/releases/v1' }],
  ['without an artifact', { predicate: { artifacts: [] } }],
  ['under a root that is not trusted', {}],
])('one %s is not', async (name, forged) => {
  const roots = name.includes('root') ? await MockSigstore.make() : mock;
  expect(await find({ ...forged, roots })).toBeUndefined();
});

test('one whose record names another signer is not', async () => {
  const evidence = { kind: 'sigstore' as const, sha256: 'a'.repeat(64), size: 1, signer: 'x', issuer: ACTIONS };
  expect(await find({ record: { evidence: [evidence] } })).toBeUndefined();
});

test.each<[string, Forged]>([
  [
    'a file more',
    {
      subject: [...files, stampAsset('jq-windows.exe')].map(({ name, sha256: d }) => ({ name, digest: { sha256: d } })),
    },
  ],
  ['a file of another size', { predicate: { artifacts: [{ name: 'jq-linux-amd64', size: 1, format: 'raw' }] } }],
  ['an artifact that is nowhere', { predicate: { artifacts: [{ name: 'evil', size: 4, format: 'raw' }] } }],
])('one that speaks of %s goes beyond the record', async (_, forged) => {
  expect(await find(forged)).toMatchObject({ beyond: true });
});

test('one with another digest of a recorded file is no evidence at all', async () => {
  const subject = files.map(({ name }) => ({ name, digest: { sha256: 'b'.repeat(64) } }));
  expect(await find({ subject })).toBeUndefined();
});
