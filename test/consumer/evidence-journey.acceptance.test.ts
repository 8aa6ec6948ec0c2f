import { existsSync, readFileSync } from 'node:fs';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { storeKey } from '../../store/store.ts';
import { MockSigstore, sha256 } from '../evidence/mock-sigstore.ts';
import { FILES, GITHUB, provenance, releaseStatement, workflow } from '../evidence/release.ts';
import { people } from '../kit/worlds/executor-keys.ts';
import { executor } from '../kit/worlds/executor-cli-world.ts';
import type { AssetSpec } from '../servers/github/github.ts';

interface Upstream {
  readonly name: string;
  readonly id: number;
  readonly tag: string;
  readonly commit: string;
  readonly assets: readonly AssetSpec[];
  readonly bundles: readonly object[];
  /** A trusted_root.json of one's own. */
  readonly roots: readonly object[];
  readonly require: string;
  /** Signer and issuer of what is recorded. */
  readonly signers: readonly (readonly [signer: string, issuer: string | undefined])[];
}

/** From a release to a consumer without a network: mirror, review, ack, verify; each another person's folder. */
async function journey(upstream: Upstream): Promise<void> {
  const { made, cli, env } = await executor();
  await rm(join(made.folder, 'packages'), { recursive: true });
  const repository = made.github.addRepository(upstream.name);
  repository.id = upstream.id;
  await repository.addRelease({ tag: upstream.tag, commit: upstream.commit, assets: [...upstream.assets] });
  const digests = upstream.assets.map(({ content }) => `sha256:${sha256(content as Buffer)}`);
  for (const bundle of upstream.bundles) repository.attestations.push({ digests, bundle, stored: 'elsewhere' });
  await made.tool(upstream.name, '[evidence]', `require[] = ${upstream.require}`);
  await appendFile(join(made.folder, 'mirror.ini'), '[evidence]\n');
  for (const [at, root] of upstream.roots.entries()) {
    await writeFile(join(made.folder, `root-${at}.json`), JSON.stringify(root));
    await appendFile(join(made.folder, 'mirror.ini'), `trusted-root[] = root-${at}.json\n`);
  }

  expect(await cli(['mirror'])).toMatchObject({ code: 0 });
  const [branch = ''] = made.branches();
  const { evidence } = JSON.parse(
    made.file(branch, `packages/${branch.slice('pullthrough/'.length)}/checklist.json`),
  ) as {
    evidence: readonly { kind: string; sha256: string; signer: string; issuer?: string }[];
  };
  const recorded = evidence.map(({ signer, issuer }) => [signer, issuer]);
  expect(recorded.sort()).toEqual([...upstream.signers].map((each) => [...each]).sort());

  const key = join(made.folder, 'ada.key');
  await writeFile(key, (await people()).ada.secret);
  const ada = { ...env, PULLTHROUGH_SIGNING_KEY_FILE: key, XDG_CACHE_HOME: join(made.folder, 'ada'), LEDGER_TOKEN: '' };
  const reviewed = await cli(['review', branch], { env: ada });
  expect(reviewed.code).toBe(0);
  for (const { signer } of evidence) expect(reviewed.stdout).toContain(`by ${signer}`);
  const accepted = ['--accept', 'first-record', '--accept', 'young-release'];
  const acked = await cli(['ack', branch, '--yes', ...accepted], { env: ada });
  expect([acked.code, acked.stderr]).toEqual([0, expect.any(String)]);
  made.merge(branch);

  const stored = (sha256 = '') => join(made.storeDirectory, storeKey(sha256));
  const [first] = evidence;
  expect((await cli(['store', 'check'])).code).toBe(0);
  await rm(stored(first?.sha256));
  const checked = await cli(['store', 'check']);
  expect(checked.code).not.toBe(0);
  expect(checked.stdout + checked.stderr).toContain(first?.sha256);
  expect((await cli(['mirror', '--restock'])).code).toBe(0);
  expect((await cli(['store', 'check'])).code).toBe(0);
  expect((await cli(['store', 'gc', '--delete', '--yes'])).code).toBe(0);
  expect((await cli(['store', 'check'])).code).toBe(0);

  // Upstream is gone.
  await made.github.close();
  const verify = () => cli(['verify', `${upstream.name}@${upstream.tag}`, '--evidence']);
  const shown = await cli(['trust', 'show', '--json']);
  const { sha256: pin } = JSON.parse(shown.stdout) as { sha256: string };
  await appendFile(join(made.folder, 'mirror.ini'), `[trust]\npin = sha256:${pin}\n`);
  const online = await verify();
  expect([online.code, online.stderr]).toEqual([0, expect.any(String)]);
  for (const { signer } of evidence) expect(online.stdout).toContain(`by ${signer}`);
  expect((await cli(['verify', `${upstream.name}@${upstream.tag}`, '--evidence', '--offline'])).code).toBe(0);

  const path = stored(first?.sha256);
  const bytes = await readFile(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await rm(path);
  await writeFile(path, bytes);
  const flipped = await cli(['verify', `${upstream.name}@${upstream.tag}`, '--evidence', '--offline']);
  expect([flipped.code, flipped.stderr]).toEqual([3, expect.stringContaining('E_EVIDENCE')]);
}

test("upstream's statements go from its release to a consumer without a network", async () => {
  const [sigstore, github] = await Promise.all([MockSigstore.make(), MockSigstore.make()]);
  const commit = '71c2ab509a8628dbbad4bc7b3f98a64aa90d3297';
  const other = { ...releaseStatement(), predicateType: 'https://spdx.dev/Document/v2.3' };
  await journey({
    name: 'acme/tool',
    id: 5101141,
    tag: 'v1.2.3',
    commit,
    assets: Object.entries(FILES).map(([name, content]) => ({ name, content })),
    bundles: [
      await sigstore.statement(provenance(), workflow({ commit })),
      await github.statement(other, { ...GITHUB, issuer: 'https://issuer.example' }),
    ],
    roots: [sigstore.rootJson, github.rootJson],
    require: 'attestation:.github/workflows/release.yml',
    signers: [
      [workflow().san, workflow().issuer],
      [GITHUB.san, 'https://issuer.example'],
    ],
  });
});

const real = process.env.PULLTHROUGH_TEST_EVIDENCE ?? '';

/** Real statements of upstream are no part of this repository. */
if (existsSync(real)) {
  test("gh 2.96.0's own statements go from GitHub to a consumer without a network", async () => {
    const read = (name: string): Buffer => readFileSync(join(real, 'gh-2.96.0', name));
    await journey({
      name: 'cli/cli',
      id: 212613049,
      tag: 'v2.96.0',
      commit: 'b300f2ec7ec9dc9addc39b2ad88c54097ded7ca0',
      assets: [{ name: 'gh_2.96.0_checksums.txt', content: read('gh_2.96.0_checksums.txt') }],
      bundles: ['release-attestation.json', 'provenance.json'].map(
        (name) => JSON.parse(read(name).toString()) as object,
      ),
      roots: [],
      require: 'release-attestation',
      signers: [['https://dotcom.releases.github.com', undefined]],
    });
  });
}
