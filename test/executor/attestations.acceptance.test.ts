import { existsSync, readFileSync } from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { addTool } from '../../executor/add/add.ts';
import { namedDigests } from '../../executor/upkeep/referenced-digests.ts';
import { restock } from '../../executor/upkeep/restock.ts';
import { storeKey } from '../../store/store.ts';
import { parseChecklist } from '../../ledger-schema/checklist.ts';
import { MockSigstore, sha256 } from '../evidence/mock-sigstore.ts';
import { FILES, provenance, workflow } from '../evidence/release.ts';
import { newMinisign } from '../evidence/minisign-maker.ts';
import type { AssetSpec, TestRelease, TestRepository } from '../servers/github/github.ts';
import { actions, world } from '../kit/worlds/executor-world.ts';
import type { World } from '../kit/worlds/executor-world.ts';

const ATTESTATION = 'require[] = attestation:.github/workflows/release.yml';

let sigstore: MockSigstore;
beforeAll(async () => void (sigstore = await MockSigstore.make()));

interface Upstream {
  readonly made: World;
  readonly repository: TestRepository;
  readonly release: TestRelease;
  readonly commit: string;
}

/** A release of the two files and more, whose repository's workflow is as the certificates say. */
async function upstream(lines: readonly string[], more: readonly AssetSpec[] = []): Promise<Upstream> {
  const made = await world();
  made.trustedRoots = [{ name: 'root.json', bytes: Buffer.from(JSON.stringify(sigstore.rootJson)) }];
  const repository = made.github.addRepository('acme/tool');
  const assets = Object.entries(FILES).map(([name, content]) => ({ name, content }));
  const release = await repository.addRelease({ tag: 'v1.2.3', assets: [...assets, ...more] });
  const commit = repository.tags.get('v1.2.3')?.sha ?? '';
  await made.tool('acme/tool', ...lines);
  return { made, repository, release, commit };
}

const digests = (files = FILES) => Object.values(files).map((bytes) => `sha256:${sha256(bytes)}`);

async function attest({ repository, commit }: Upstream, other: Parameters<typeof workflow>[0] = {}) {
  const bundle = await sigstore.statement(provenance(), workflow({ id: String(repository.id), commit, ...other }));
  repository.attestations.push({ digests: digests(), bundle });
  return bundle;
}

function recorded({ made }: Upstream) {
  const [branch = ''] = made.branches();
  const path = `packages/${branch.slice('pullthrough/'.length)}/checklist.json`;
  return parseChecklist(Buffer.from(`${made.file(branch, path)}\n`));
}

test('provenance at the API is verified, recorded and stored, for one request more', async () => {
  const up = await upstream(['[evidence]', ATTESTATION]);
  const bundle = await attest(up);
  up.made.requests();
  expect(actions(await up.made.mirror())).toEqual(['v1.2.3 proposed']);
  expect(up.made.requests('api').filter((line) => line.includes('attestations'))).toEqual([
    'POST /users/acme/attestations/bulk-list?per_page=100',
  ]);
  const json = JSON.stringify(bundle);
  const { san: signer, issuer } = workflow();
  expect(recorded(up).evidence).toEqual([
    { kind: 'sigstore', sha256: sha256(json), size: Buffer.byteLength(json), signer, issuer },
  ]);
  expect((await up.made.stored()).get(sha256(json))).toBe(json);
  const [branch = ''] = up.made.branches();
  expect(up.made.git(['log', '-1', '--format=%B', branch])).toContain(`- signed by ${signer}, `);

  up.made.requests();
  await up.made.mirror();
  expect(up.made.requests().filter((line) => line.includes('attestations'))).toEqual([]);
});

test('a bundle that lies on another host is fetched without the token and decoded', async () => {
  const up = await upstream(['[evidence]', ATTESTATION]);
  up.made.github.addToken('secret', { login: 'reader' });
  up.made.env = { GITHUB_TOKEN: 'secret' };
  const bundle = await attest(up);
  up.repository.attestations = [{ digests: digests(), bundle, stored: 'elsewhere' }];
  expect(actions(await up.made.mirror())).toEqual(['v1.2.3 proposed']);
  expect(recorded(up).evidence).toMatchObject([{ sha256: sha256(JSON.stringify(bundle)) }]);
  const storage = up.made.github.takeRequests().filter(({ server }) => server === 'storage');
  expect(storage.every(({ headers }) => headers.authorization === undefined)).toBe(true);
});

test('where there is no list each file is asked about, and where there is nothing nothing is recorded', async () => {
  const up = await upstream(['[evidence]', ATTESTATION]);
  await attest(up);
  up.made.github.offerAttestations('no list');
  expect(actions(await up.made.mirror())).toEqual(['v1.2.3 proposed']);
  expect(up.made.requests('api').filter((line) => line.includes('/attestations/sha256%3A'))).toHaveLength(2);
  expect(recorded(up).evidence).toHaveLength(1);

  const without = await upstream([]);
  without.made.github.offerAttestations('none');
  expect(actions(await without.made.mirror())).toEqual(['v1.2.3 proposed']);
  expect(recorded(without).evidence).toBeUndefined();
});

test('a compressed bundle that declares a gigabyte is refused before it is decoded', async () => {
  const up = await upstream([]);
  const bomb = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x04, 0xff, 0xff]);
  up.repository.attestations = [{ digests: digests(), bundle: {}, stored: 'elsewhere', bytes: bomb }];
  const [result] = await up.made.mirror();
  expect(result?.error).toMatchObject({
    code: 'E_EVIDENCE',
    message: expect.stringContaining('declares 1073741824 bytes') as string,
  });
});

test('a bundle of ten megabytes is refused where it lies elsewhere, and where it stands in the answer', async () => {
  const elsewhere = await upstream([]);
  const bytes = Buffer.alloc(10 * 1024 * 1024, 0x20);
  elsewhere.repository.attestations = [{ digests: digests(), bundle: {}, stored: 'elsewhere', bytes }];
  expect(actions(await elsewhere.made.mirror())).toEqual(['v1.2.3 failed E_EVIDENCE']);
  elsewhere.repository.attestations = [{ digests: digests(), bundle: { mediaType: 'x'.repeat(10 * 1024 * 1024) } }];
  expect(actions(await elsewhere.made.mirror())).toEqual(['v1.2.3 failed E_EVIDENCE']);
});

test('what the list has of another repository of the owner is passed over', async () => {
  const up = await upstream([]);
  const bundle = await sigstore.statement(provenance(), workflow({ id: '42', repository: 'acme/other' }));
  up.repository.attestations = [{ digests: digests(), bundle, repositoryId: 42 }];
  expect(actions(await up.made.mirror())).toEqual(['v1.2.3 proposed']);
  expect(recorded(up).evidence).toBeUndefined();
});

test('provenance of another repository is said and not recorded; required, the release is refused', async () => {
  const up = await upstream([]);
  await attest(up, { id: '999' });
  const [result] = await up.made.mirror();
  expect(result?.action).toBe('proposed');
  expect(recorded(up).evidence).toBeUndefined();
  const [branch = ''] = up.made.branches();
  expect(up.made.git(['log', '-1', '--format=%B', branch])).toContain(
    'the provenance is of https://github.com/acme/tool (id 999)',
  );

  const strict = await upstream(['[evidence]', 'require[] = attestation']);
  await attest(strict, { id: '999' });
  await strict.made.tool('acme/other');
  const other = strict.made.github.addRepository('acme/other');
  await other.addRelease({ tag: 'v1', assets: [{ name: 'a', content: 'a' }] });
  expect(actions(await strict.made.mirror()).sort()).toEqual(['v1 proposed', 'v1.2.3 failed E_EVIDENCE']);
  expect(strict.made.branches()).toEqual(['pullthrough/github.com/acme/other/v1']);
});

test("the same workflow's path in another repository is not what a path alone asks for", async () => {
  const up = await upstream(['[evidence]', ATTESTATION]);
  await attest(up, { san: 'https://github.com/evil/shared/.github/workflows/release.yml@refs/heads/main' });
  expect(actions(await up.made.mirror())).toEqual(['v1.2.3 failed E_EVIDENCE']);

  await up.made.tool('acme/tool', '[evidence]', 'require[] = attestation:evil/shared/.github/workflows/release.yml');
  expect(actions(await up.made.mirror())).toEqual(['v1.2.3 proposed']);
});

test('a statement about a recorded file that does not verify refuses the release, whatever is required', async () => {
  const up = await upstream([]);
  const bundle = await attest(up);
  const broken = JSON.parse(JSON.stringify(bundle).replace(/"payload":".{8}/, '"payload":"AAAAAAAA')) as object;
  up.repository.attestations = [{ digests: digests(), bundle: broken }];
  expect(actions(await up.made.mirror())).toEqual(['v1.2.3 failed E_EVIDENCE']);
  expect(up.made.branches()).toEqual([]);
});

test('a signature over a list covers what the list names, and the list is kept where it is not a recorded file', async () => {
  const lines = Object.entries(FILES).map(([name, bytes]) => `${sha256(bytes)}  ${name}\n`);
  const list = Buffer.from(lines.join(''));
  const { publicKey, signFile } = newMinisign();
  const more = [
    { name: 'checksums.txt', content: list },
    { name: 'checksums.txt.minisig', content: signFile(list) },
  ];
  const up = await upstream(
    ['[assets]', 'include[] = tool-*', '[evidence]', `require[] = minisign:${publicKey}`],
    more,
  );
  expect(actions(await up.made.mirror())).toEqual(['v1.2.3 proposed']);
  const kinds = recorded(up).evidence?.map(({ kind, signer }) => [kind, signer]);
  expect(kinds?.sort()).toEqual([
    ['list', undefined],
    ['minisign', publicKey],
  ]);

  const wrong = Buffer.from(list.toString().replace(/^./, (digit) => (digit === '0' ? '1' : '0')));
  await up.release.replaceAsset('checksums.txt', wrong);
  await up.release.replaceAsset('checksums.txt.minisig', signFile(wrong));
  for (const branch of up.made.branches()) up.made.git(['update-ref', '-d', `refs/heads/${branch}`]);
  const [result] = await up.made.mirror();
  expect(result?.error).toMatchObject({
    code: 'E_EVIDENCE',
    message: expect.stringContaining('gives another digest for') as string,
  });
});

test('plan says before a download that a new release lacks a signature of the one before, for one request', async () => {
  const up = await upstream([]);
  await attest(up);
  await up.made.hold();
  const assets = Object.entries(FILES).map(([name, content]) => ({ name, content }));
  await up.repository.addRelease({ tag: 'v1.2.4', assets });
  const found = async () => (await up.made.plan()).flatMap(({ findings = [] }) => findings.map(({ name }) => name));
  up.repository.attestations.length = 0;
  up.made.requests();
  expect(await found()).toEqual(['weaker-evidence']);
  expect(up.made.requests().filter((line) => line.includes('attestations') || line.includes('/download/'))).toEqual([
    'POST /users/acme/attestations/bulk-list?per_page=100',
  ]);
  await attest(up, { san: 'https://github.com/acme/tool/.github/workflows/other.yml@refs/tags/v1.2.4' });
  expect(await found()).toEqual(['weaker-evidence']);
  // Whether it verifies is not looked at before a download; the ref of the signer is another for each release.
  await attest(up, { san: 'https://github.com/acme/tool/.github/workflows/release.yml@refs/tags/v1.2.4' });
  expect(await found()).toEqual([]);
});

test('provenance that a signer no longer states is said by plan, by a dry run and in the proposal, whatever else it signs', async () => {
  const up = await upstream([]);
  const other = { ...provenance(), predicateType: 'https://spdx.dev/Document/v2.3' };
  const sbom = await sigstore.statement(other, workflow({ id: String(up.repository.id), commit: up.commit }));
  await attest(up);
  up.repository.attestations.push({ digests: digests(), bundle: sbom });
  await up.made.hold();
  up.repository.attestations = [{ digests: digests(), bundle: sbom }];
  const assets = Object.entries(FILES).map(([name, content]) => ({ name, content }));
  await up.repository.addRelease({ tag: 'v1.2.4', assets });
  const weaker = (results: Awaited<ReturnType<World['plan']>>) =>
    results.flatMap(({ findings = [] }) => findings.filter(({ name }) => name === 'weaker-evidence'));
  const message = expect.stringContaining('release.yml (sigstore: https://slsa.dev/provenance/v1), and this') as string;
  expect(weaker(await up.made.plan())).toMatchObject([{ message }]);
  expect(weaker(await up.made.mirror({ dryRun: true, signing: undefined }))).toMatchObject([{ message }]);
  expect(weaker(await up.made.mirror())).toMatchObject([{ message }]);
});

test('a dry run says that what verifies is less than the release before had', async () => {
  const up = await upstream([]);
  await attest(up);
  await up.made.hold();
  const assets = Object.entries(FILES).map(([name, content]) => ({ name, content }));
  await up.repository.addRelease({ tag: 'v1.2.4', assets });
  await up.made.tool('acme/tool', '[evidence]', 'keep = none');
  const dry = await up.made.mirror({ dryRun: true, signing: undefined });
  expect(dry.flatMap(({ findings = [] }) => findings)).toMatchObject([
    { name: 'weaker-evidence', message: expect.stringContaining('v1.2.3 was also signed by') as string },
  ]);
});

test('a signature by a key that nobody pinned is said and counts as nothing', async () => {
  const { signFile } = newMinisign();
  const file = FILES['tool-linux-amd64'] ?? Buffer.alloc(0);
  const up = await upstream([], [{ name: 'tool-linux-amd64.minisig', content: signFile(file) }]);
  expect(actions(await up.made.mirror())).toEqual(['v1.2.3 proposed']);
  expect(recorded(up).evidence).toBeUndefined();
  const [branch = ''] = up.made.branches();
  expect(up.made.git(['log', '-1', '--format=%B', branch])).toContain('which is not pinned');
});

test('a public key beside tool.ini answers for a bundle without a certificate', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const digest = sha256(publicKey.export({ format: 'der', type: 'spki' }));
  const file = FILES['tool-linux-amd64'] ?? Buffer.alloc(0);
  const bundle = await sigstore.message(file, { san: 'unused@example.com', key: privateKey });
  const up = await upstream(
    ['[assets]', 'include[] = tool-linux*', '[evidence]', `require[] = key:${digest}`],
    [{ name: 'tool-linux-amd64.sigstore.json', content: JSON.stringify(bundle) }],
  );
  await expect(up.made.mirror()).toFailWith('E_CONFIG');
  const folder = join(up.made.folder, 'packages', 'github.com', 'acme', 'tool', 'keys');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${digest}.pub`), publicKey.export({ format: 'pem', type: 'spki' }));
  expect(actions(await up.made.mirror())).toEqual(['v1.2.3 proposed']);
  expect(
    recorded(up)
      .evidence?.map(({ kind }) => kind)
      .sort(),
  ).toEqual(['key', 'sigstore']);
});

test('keep says what is recorded of it', async () => {
  const required = await upstream(['[evidence]', 'keep = required']);
  await attest(required);
  await required.made.mirror();
  expect(recorded(required).evidence).toBeUndefined();

  const none = await upstream(['[evidence]', 'keep = none', ATTESTATION]);
  await attest(none);
  expect(actions(await none.made.mirror())).toEqual(['v1.2.3 proposed']);
  expect(recorded(none).evidence).toBeUndefined();

  const nothing = await upstream(['[evidence]', 'keep = none']);
  nothing.made.requests();
  await nothing.made.mirror();
  expect(nothing.made.requests().filter((line) => line.includes('attestations'))).toEqual([]);
});

test('add writes the strongest that the newest release meets, with a comment, and mirror then asks for it', async () => {
  const up = await upstream([]);
  await attest(up);
  await rm(join(up.made.folder, 'packages'), { recursive: true });
  const { text } = await up.made.run((context) => addTool(context, 'acme/tool'));
  expect(text).toContain(`; the strongest that this release meets: upstream itself signed its files\n${ATTESTATION}\n`);
  up.repository.attestations = [];
  up.made.now = new Date(Date.now() + 3 * 86_400_000);
  expect(actions(await up.made.mirror())).toEqual(['v1.2.3 failed E_EVIDENCE']);
});

test('store gc keeps evidence, restock brings what the store lost of it', async () => {
  const up = await upstream(['[evidence]', ATTESTATION]);
  const bundle = await attest(up);
  await up.made.mirror();
  const digest = sha256(JSON.stringify(bundle));
  const named = await up.made.run(async ({ ledger }) => {
    await ledger.update();
    return namedDigests(ledger, ledger.head() ?? '');
  });
  expect(named.has(digest)).toBe(true);
  await rm(join(up.made.storeDirectory, storeKey(digest)));
  const results = await up.made.run((context, tools) => restock(context, { tools }));
  expect(results).toMatchObject([{ action: 'restocked', reason: 'the store lost 1 statement' }]);
  expect((await up.made.stored()).has(digest)).toBe(true);
});

const real = process.env.PULLTHROUGH_TEST_EVIDENCE ?? '';

/** Real statements of upstream are no part of this repository. */
if (existsSync(real)) {
  test('gh 2.96.0 as GitHub has it: the release attestation is recorded, by its exact signer', async () => {
    const read = (name: string) => readFileSync(join(real, 'gh-2.96.0', name));
    const made = await world();
    const repository = made.github.addRepository('cli/cli');
    repository.id = 212613049;
    const list = read('gh_2.96.0_checksums.txt');
    const commit = 'b300f2ec7ec9dc9addc39b2ad88c54097ded7ca0';
    await repository.addRelease({
      tag: 'v2.96.0',
      commit,
      assets: [{ name: 'gh_2.96.0_checksums.txt', content: list }],
    });
    for (const name of ['release-attestation.json', 'provenance.json']) {
      const bundle = JSON.parse(read(name).toString()) as object;
      repository.attestations.push({ digests: [`sha256:${sha256(list)}`], bundle, stored: 'elsewhere' });
    }
    await made.tool('cli/cli', '[evidence]', 'require[] = release-attestation');
    expect(actions(await made.mirror())).toEqual(['v2.96.0 proposed']);
    const [branch = ''] = made.branches();
    const path = `packages/${branch.slice('pullthrough/'.length)}/checklist.json`;
    const { evidence } = parseChecklist(Buffer.from(`${made.file(branch, path)}\n`));
    expect(evidence).toMatchObject([{ kind: 'sigstore', signer: 'https://dotcom.releases.github.com' }]);
    expect(evidence?.[0]?.issuer).toBeUndefined();
  });
}
