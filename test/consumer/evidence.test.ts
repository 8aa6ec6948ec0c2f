import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { verify as verifyRelease, verifyEvidence } from '../../consumer/index.ts';
import { storeKey } from '../../store/store.ts';
import { MockSigstore, bytesOf } from '../evidence/mock-sigstore.ts';
import { newMinisign } from '../evidence/minisign-maker.ts';
import type { MinisignPair } from '../evidence/minisign-maker.ts';
import { COMMIT, FILES, REPOSITORY_ID, entryOf, provenance, workflow } from '../evidence/release.ts';
import { Machine } from '../kit/consumer-machine.ts';
import { TestLedger } from '../kit/ledger/ledger-maker.ts';
import { NOW, temporaryFolder } from '../kit/readers.ts';

let sigstore: MockSigstore;
let minisign: MinisignPair;
let machine: Machine;
let ledger: TestLedger;
let store: string;
let bundle: Buffer;

async function put(bytes: Uint8Array): Promise<string> {
  const path = join(store, storeKey(createHash('sha256').update(bytes).digest('hex')));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  return path;
}

beforeAll(async () => {
  [sigstore, machine, ledger, store] = await Promise.all([
    MockSigstore.make(),
    Machine.create(),
    TestLedger.create(),
    temporaryFolder(),
  ]);
  minisign = newMinisign();
  bundle = bytesOf(await sigstore.statement(provenance(), workflow({ commit: COMMIT })));
  const signature = minisign.signFile(FILES['tool-linux-amd64'] ?? Buffer.alloc(0));
  const { san: signer, issuer } = workflow();
  const evidence = [
    entryOf('sigstore', bundle, { signer, ...(issuer === undefined ? {} : { issuer }) }),
    entryOf('minisign', signature, { signer: minisign.publicKey }),
  ].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  await ledger.addRecord({
    repository: 'acme/tool',
    repositoryId: REPOSITORY_ID,
    tag: 'v1.2.3',
    assets: FILES,
    evidence,
  });
  await ledger.addRecord({ repository: 'acme/bare', tag: 'v1', assets: { a: 'a' } });
  await ledger.commit();
  for (const bytes of [bundle, signature, ...Object.values(FILES)]) await put(bytes);
  await writeFile(join(machine.cwd, 'root.json'), JSON.stringify(sigstore.rootJson));
});

async function configure(...lines: string[]): Promise<void> {
  const head = ['[ledger]', `repository = ${ledger.directory}`, '[store]', `url = ${store}`, '[trust]'];
  const text = [...head, `pin = sha256:${ledger.pin()}`, '[evidence]', 'trusted-root[] = root.json', ...lines];
  await writeFile(join(machine.cwd, 'mirror.ini'), `${text.join('\n')}\n`);
}

test('verify names the evidence; --evidence verifies it here, with no host asked', async () => {
  await configure();
  const named = await machine.run(['verify', 'acme/tool@v1.2.3']);
  expect(named.stdout).toContain(`sigstore by ${workflow().san} (named, not verified here)`);
  const checked = await machine.run(['verify', 'acme/tool@v1.2.3', '--evidence', '--offline']);
  expect(checked.exit).toBe(0);
  expect(checked.stdout).toContain(`https://slsa.dev/provenance/v1 by ${workflow().san}`);
  expect(checked.stdout).toContain('verified, covers 2 of 2 files');
  const { releases } = (await machine.run(['verify', 'acme/tool@v1.2.3', '--evidence', '--json'])).json();
  expect(releases).toMatchObject([{ evidence: { length: 2 }, statements: { length: 2 } }]);
});

test('the library verifies it too, and refuses what its caller requires and a release lacks', async () => {
  const options = {
    ledger: ledger.directory,
    pin: ledger.pin(),
    stores: [store],
    now: NOW,
    cacheDir: join(machine.cwd, 'library'),
    stateDir: join(machine.cwd, 'library'),
  };
  const trustedRoots = [{ name: 'root.json', bytes: Buffer.from(JSON.stringify(sigstore.rootJson)) }];
  const { statements = [] } = await verifyEvidence('acme/tool@v1.2.3', { ...options, evidence: { trustedRoots } });
  expect(statements.map(({ signer }) => signer).sort()).toEqual([minisign.publicKey, workflow().san].sort());
  await expect(verifyEvidence('acme/tool@v1.2.3', options)).toFailWith('E_EVIDENCE');
  const bare = await verifyEvidence('acme/bare@v1', options);
  expect(bare.statements).toEqual([]);
  const evidence = { trustedRoots, require: ['attestation'] };
  await expect(verifyEvidence('acme/bare@v1', { ...options, evidence })).toFailWith('E_EVIDENCE');
  await expect(verifyRelease('acme/bare@v1', { ...options, evidence })).toFailWith('E_EVIDENCE');
  await expect(verifyRelease('acme/tool@v1.2.3', { ...options, evidence })).resolves.toMatchObject({
    statements: { length: 2 },
  });
  const wrong = { require: ['atestation'] };
  await expect(verifyRelease('acme/tool@v1.2.3', { ...options, evidence: wrong })).toFailWith('E_CONFIG');
});

test('a flipped byte in a stored bundle is exit 3', async () => {
  await configure();
  const path = await put(bundle);
  const flipped = Buffer.from(bundle);
  flipped[300] = (flipped[300] ?? 0) ^ 1;
  await writeFile(path, flipped);
  const ran = await machine.run(['verify', 'acme/tool@v1.2.3', '--evidence']);
  await writeFile(path, bundle);
  expect([ran.exit, ran.stderr]).toEqual([3, expect.stringContaining('E_EVIDENCE')]);
});

test('evidence that the consumer requires must be there, also for get and for a file', async () => {
  await configure('require[] = attestation');
  expect((await machine.run(['verify', 'acme/tool@v1.2.3'])).exit).toBe(0);
  const bare = await machine.run(['verify', 'acme/bare@v1']);
  expect([bare.exit, bare.stderr]).toEqual([3, expect.stringContaining('attestation is required, and there is none')]);
  const output = join(machine.cwd, 'out');
  expect((await machine.run(['get', 'acme/bare@v1', '--output', output])).exit).toBe(3);
  await expect(readdir(output)).rejects.toThrow();
  await writeFile(join(machine.cwd, 'a'), 'a');
  const file = await machine.run(['verify', './a']);
  expect([file.exit, file.stderr]).toEqual([3, expect.stringContaining('E_EVIDENCE')]);
  await writeFile(join(machine.cwd, 'tool'), FILES['tool-linux-amd64'] ?? '');
  expect((await machine.run(['verify', './tool'])).exit).toBe(0);
  await configure('require[] = minisign:RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3');
  expect((await machine.run(['verify', 'acme/tool@v1.2.3'])).exit).toBe(3);
});

test('a lock file takes no release without it, and its check names one that was locked before', async () => {
  await configure();
  expect((await machine.run(['lock', 'acme/bare@v1', 'acme/tool@v1.2.3'])).exit).toBe(0);
  expect((await machine.run(['lock', '--check'])).exit).toBe(0);
  await configure('require[] = attestation');
  const checked = await machine.run(['lock', '--check', '--json']);
  expect(checked.exit).toBe(3);
  expect(checked.json()).toMatchObject({ problems: [{ tag: 'v1', code: 'E_EVIDENCE' }] });
  expect((await machine.run(['lock', 'acme/bare@v1'])).exit).toBe(3);
});

test('a wrong word is exit 2 with file, line and what would be right', async () => {
  await configure('require[] = openpgp:4AEE18F83AFDEB23');
  const ran = await machine.run(['verify', 'acme/tool@v1.2.3']);
  expect(ran.exit).toBe(2);
  expect(ran.stderr).toContain('mirror.ini:9');
  expect(ran.stderr).toContain('write the whole fingerprint');
  await configure('require[] = github-digest');
  expect((await machine.run(['verify', 'acme/tool@v1.2.3'])).exit).toBe(2);
});

test('get --evidence brings the bundles under the names that other programs take', async () => {
  await configure();
  const ran = await machine.run(['get', 'acme/tool@v1.2.3', '--output', 'bin', '--evidence', 'proof']);
  expect(ran.exit).toBe(0);
  const proof = join(machine.cwd, 'proof');
  expect((await readdir(proof)).sort()).toEqual(['provenance.sigstore.json', 'tool-linux-amd64.minisig']);
  expect(await readFile(join(proof, 'provenance.sigstore.json'))).toEqual(bundle);
  expect((await machine.run(['get', 'acme/tool@v1.2.3', '--output', 'bin', '--evidence', 'proof'])).exit).toBe(0);
  await writeFile(join(proof, 'provenance.sigstore.json'), 'mine');
  const refused = await machine.run(['get', 'acme/tool@v1.2.3', '--output', 'bin', '--evidence', 'proof']);
  expect(refused.exit).toBe(2);
});
