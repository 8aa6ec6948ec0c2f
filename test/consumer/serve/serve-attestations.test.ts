import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VerifiedRelease } from '../../../consumer/release.ts';
import { attestationsOf } from '../../../consumer/serve/api/attestations.ts';
import type { FileCache } from '../../../consumer/serve/bytes/cache.ts';
import { sha256Hex } from '../../../ledger-schema/bytes.ts';
import { MockSigstore, bytesOf } from '../../evidence/mock-sigstore.ts';
import { ACTIONS, FILES, REPOSITORY_ID, entryOf, provenance, workflow } from '../../evidence/release.ts';
import { startGateway } from './gateway-fixture.ts';
import type { TestGateway } from './gateway-fixture.ts';
import { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { StoreServer } from '../../kit/store-server.ts';

let ledger: TestLedger;
let store: StoreServer;
let gateway: TestGateway;
/** Of a consumer who requires provenance. */
let strict: TestGateway;
let bundle: Buffer;
const digest = `sha256:${sha256Hex(FILES['tool-linux-amd64'] ?? Buffer.alloc(0))}`;

beforeAll(async () => {
  let sigstore: MockSigstore;
  [sigstore, ledger] = await Promise.all([MockSigstore.make(), TestLedger.create()]);
  bundle = bytesOf(await sigstore.statement(provenance(), workflow()));
  const evidence = [entryOf('sigstore', bundle, { signer: workflow().san, issuer: ACTIONS })];
  store = await StoreServer.start([bundle, ...Object.values(FILES)]);
  const record = { repository: 'acme/tool', repositoryId: REPOSITORY_ID, assets: FILES, evidence };
  await ledger.addRecord({ ...record, tag: 'v1.2.3' });
  await ledger.addRecord({ repository: 'acme/tool', repositoryId: REPOSITORY_ID, tag: 'v1.2.4', assets: FILES });
  await ledger.addRecord({ repository: 'acme/unacked', tag: 'v1', assets: FILES, evidence, acks: [] });
  await ledger.commit();
  gateway = await startGateway(ledger, [store]);
  const trustedRoots = [{ name: 'root.json', bytes: Buffer.from(JSON.stringify(sigstore.rootJson)) }];
  strict = await startGateway(ledger, [store], { evidence: { require: ['attestation'], trustedRoots } });
});

afterAll(async () => {
  await Promise.all([gateway.stop(), strict.stop()]);
  await store.close();
});

const expected = () => ({
  repository_id: REPOSITORY_ID,
  bundle: JSON.parse(bundle.toString()) as unknown,
  bundle_url: null,
});

test.each(['', '/api/v3'])(
  "the gateway answers GitHub's attestations of a file from the kept bundles: %s",
  async (base) => {
    const response = await fetch(`${gateway.url}${base}/repos/acme/tool/attestations/${digest}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ attestations: [expected()] });
  },
);

test.each([
  ['orgs/acme', ''],
  ['users/acme', ''],
  ['repos/acme/tool', '?per_page=30&predicate_type=https://slsa.dev/provenance/v1'],
  ['orgs/acme', '?per_page=30&predicate_type=provenance'],
])('gh asks for those of a file by %s%s', async (of, query) => {
  const response = await fetch(`${gateway.url}/api/v3/${of}/attestations/${digest}${query}`);
  expect(await response.json()).toEqual({ attestations: [expected()] });
});

test.each(['sbom', 'release', 'https://slsa.dev/provenance/v0.2', 'constructor'])(
  'and for no other predicate than it names: %s',
  async (predicate) => {
    const query = `?predicate_type=${predicate}`;
    const response = await fetch(`${gateway.url}/repos/acme/tool/attestations/${digest}${query}`);
    expect(await response.json()).toEqual({ attestations: [] });
    const body = JSON.stringify({ subject_digests: [digest], predicate_type: predicate });
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
    const list = await fetch(`${gateway.url}/orgs/acme/attestations/bulk-list`, init);
    expect(await list.json()).toMatchObject({ attestations_subject_digests: {} });
    expect(await (await fetch(`${gateway.url}/orgs/other/attestations/${digest}`)).json()).toEqual({
      attestations: [],
    });
  },
);

test('the list of an owner has those of acknowledged records alone', async () => {
  const body = JSON.stringify({ subject_digests: [digest, `sha256:${'0'.repeat(64)}`] });
  for (const kind of ['orgs', 'users']) {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
    const response = await fetch(`${gateway.url}/${kind}/acme/attestations/bulk-list`, init);
    expect(await response.json()).toMatchObject({ attestations_subject_digests: { [digest]: [expected()] } });
  }
});

test('where nothing is kept there is none, and no list of digests is a 422', async () => {
  const none = await fetch(`${gateway.url}/repos/acme/tool/attestations/sha256:${'0'.repeat(64)}`);
  expect(await none.json()).toEqual({ attestations: [] });
  const unacked = await fetch(`${gateway.url}/repos/acme/unacked/attestations/${digest}`);
  expect(await unacked.text()).not.toContain('dsseEnvelope');
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  expect((await fetch(`${gateway.url}/users/acme/attestations/bulk-list`, init)).status).toBe(422);
});

describe('a list that is asked for to exhaust the gateway', () => {
  const many = Array.from({ length: 1023 }, (_, at) => `sha512:${String(at).padStart(128, '0')}`);

  test('has each bundle once, however often its digest stands in the question', async () => {
    const body = JSON.stringify({ subject_digests: Array.from({ length: 1024 }, () => digest) });
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
    const response = await fetch(`${gateway.url}/orgs/acme/attestations/bulk-list`, init);
    expect(await response.json()).toMatchObject({ attestations_subject_digests: { [digest]: [expected()] } });
  });

  const fake = (size: number, named: readonly string[] = many) => {
    const payload = JSON.stringify({ subject: named.map((each) => ({ digest: { sha512: each.slice(7) } })) });
    const json = JSON.stringify({ dsseEnvelope: { payload: Buffer.from(payload).toString('base64') } });
    const bytes = Buffer.from(json.padEnd(size));
    let reads = 0;
    const read = async (into: Uint8Array): Promise<void> => void (reads++, bytes.copy(into));
    const cache = { get: async () => ({ read, release: () => undefined }) } as unknown as FileCache;
    const evidence = [{ kind: 'sigstore', sha256: sha256Hex(bytes), size: bytes.length }];
    const release = { assets: [], evidence, repositoryId: 1 } as unknown as VerifiedRelease;
    return { cache, release, reads: () => reads };
  };
  const { signal } = new AbortController();

  test('reads each bundle once for all digests', async () => {
    const { cache, release, reads } = fake(0, many.slice(0, 50));
    const found = await attestationsOf([release, release, release], [...many, digest], { cache, signal });
    expect([found.size, reads()]).toEqual([50, 1]);
  });

  test('is refused where one bundle would stand in it a thousand times and more than fits', async () => {
    const { cache, release } = fake(500_000);
    await expect(attestationsOf([release], many, { cache, signal })).toFailWith('E_TOO_LARGE');
  });

  test('ends when its client is gone', async () => {
    const { cache, release, reads } = fake(0);
    const gone = AbortSignal.abort(new Error('gone'));
    await expect(attestationsOf([release], many, { cache, signal: gone })).rejects.toThrow('gone');
    expect(reads()).toBe(0);
  });
});

test('a release without the evidence that the consumer requires is not served by any name', async () => {
  const path = '/acme/tool/releases/download/v1.2.4/tool-linux-amd64';
  expect((await fetch(`${gateway.url}${path}`)).status).toBe(200);
  const refused = await fetch(`${strict.url}${path}`);
  expect([refused.status, await refused.text()]).toEqual([404, expect.stringContaining('[E_EVIDENCE]')]);
  expect((await fetch(`${strict.url}${path.replace('v1.2.4', 'v1.2.3')}`)).status).toBe(200);
  const tags = async (url: string) => {
    const [list, latest] = (await Promise.all(
      ['', '/latest'].map(async (end) => (await fetch(`${url}/repos/acme/tool/releases${end}`)).json()),
    )) as [{ tag_name: string }[], { tag_name: string }];
    return { list: list.map(({ tag_name: tag }) => tag), latest: latest.tag_name };
  };
  expect(await tags(gateway.url)).toEqual({ list: ['v1.2.4', 'v1.2.3'], latest: 'v1.2.4' });
  expect(await tags(strict.url)).toEqual({ list: ['v1.2.3'], latest: 'v1.2.3' });
});

test('a store that cannot be read makes the list fail, and not shorter', async () => {
  const silent = await StoreServer.start([...Object.values(FILES)]);
  const root = { require: ['attestation'] };
  const blind = await startGateway(ledger, [silent], { evidence: root });
  expect((await fetch(`${blind.url}/repos/acme/tool/releases`)).status).toBe(502);
  await blind.stop();
  await silent.close();
});
