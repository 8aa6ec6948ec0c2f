import { afterAll, beforeAll, expect, test } from 'vitest';
import { sha256Hex } from '../../ledger-schema/bytes.ts';
import { MockSigstore, bytesOf } from '../evidence/mock-sigstore.ts';
import { ACTIONS, FILES, REPOSITORY_ID, entryOf, provenance, workflow } from '../evidence/release.ts';
import { startGateway } from './gateway-fixture.ts';
import type { TestGateway } from './gateway-fixture.ts';
import { TestLedger } from './ledger-maker.ts';
import { StoreServer } from './store-server.ts';

let store: StoreServer;
let gateway: TestGateway;
let bundle: Buffer;
const digest = `sha256:${sha256Hex(FILES['tool-linux-amd64'] ?? Buffer.alloc(0))}`;

beforeAll(async () => {
  const [sigstore, ledger] = await Promise.all([MockSigstore.make(), TestLedger.create()]);
  bundle = bytesOf(await sigstore.statement(provenance(), workflow()));
  const evidence = [entryOf('sigstore', bundle, { signer: workflow().san, issuer: ACTIONS })];
  store = await StoreServer.start([bundle, ...Object.values(FILES)]);
  const record = { repository: 'acme/tool', repositoryId: REPOSITORY_ID, assets: FILES, evidence };
  await ledger.addRecord({ ...record, tag: 'v1.2.3' });
  await ledger.addRecord({ repository: 'acme/unacked', tag: 'v1', assets: FILES, evidence, acks: [] });
  await ledger.commit();
  gateway = await startGateway(ledger, [store]);
});

afterAll(async () => {
  await gateway.stop();
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
