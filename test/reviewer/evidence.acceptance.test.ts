import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { namesOf } from '../../inspect/finding.ts';
import { openProposals } from '../../proposals/open-proposals.ts';
import { readTools } from '../../reviewer/review-tools.ts';
import { reviewProposal } from '../../reviewer/review.ts';
import type { ReviewReport } from '../../reviewer/report.ts';
import { storeKey } from '../../store/store.ts';
import { MockSigstore, bytesOf, sha256 } from '../evidence/mock-sigstore.ts';
import { entryOf, provenance, workflow } from '../evidence/release.ts';
import { putAck } from '../kit/ledger/ledger-tree.ts';
import { World } from './world.ts';

let world: World;
let sigstore: MockSigstore;
beforeAll(async () => {
  [world, sigstore] = await Promise.all([World.start(), MockSigstore.make()]);
});
beforeEach(() => void world.newTool());
afterAll(() => world[Symbol.asyncDispose]());

async function* chunks(bytes: Uint8Array) {
  yield bytes;
}

const identity = (other: Parameters<typeof workflow>[0] = {}) =>
  workflow({ id: String(world.tool.id), repository: world.tool.fullName, ...other });

const SMALL = { 'tool-linux-amd64': 'linux', 'tool-darwin-arm64': 'darwin' };
const contents = Object.fromEntries(Object.entries(SMALL).map(([name, text]) => [name, Buffer.from(text)]));

/** A proposal whose record names provenance, which lies in the store; `flip`: with one bit turned. */
async function propose(tag: string, { flip = false, predicateType = provenance().predicateType } = {}) {
  const bytes = bytesOf(await sigstore.statement({ ...provenance(contents), predicateType }, identity()));
  const { san: signer, issuer } = identity();
  const entry = entryOf('sigstore', bytes, { signer, ...(issuer === undefined ? {} : { issuer }) });
  await world.store.put({ name: 'evidence', size: bytes.length, sha256: entry.sha256 }, chunks(bytes));
  if (flip) {
    bytes[200] = (bytes[200] ?? 0) ^ 1;
    const path = join(world.folder, 'store', storeKey(entry.sha256));
    await rm(path);
    await writeFile(path, bytes);
  }
  return world.propose(tag, { files: SMALL, evidence: [entry] });
}

async function review(branch: string, changes: Parameters<World['context']>[0] = {}): Promise<ReviewReport> {
  const trustedRoots = [{ name: 'root.json', bytes: Buffer.from(JSON.stringify(sigstore.rootJson)) }];
  const context = await world.context({ trustedRoots, ...changes });
  const { context: seen, proposals } = await openProposals(context, branch);
  const [proposal] = proposals;
  if (proposal === undefined) throw new Error('no proposal');
  return (await reviewProposal(seen, proposal, await readTools(context))).report;
}

test('a reviewer verifies recorded evidence again from its bytes, and sees who signed what', async () => {
  const { branch } = await propose('v1.0.0');
  const report = await review(branch);
  expect(report.verdict).toBe('same');
  expect(report.evidence).toMatchObject([{ signer: identity().san, predicate: 'https://slsa.dev/provenance/v1' }]);
  const count = Object.keys(SMALL).length;
  expect(report.checks.join('\n')).toContain(`covers ${count} of ${count} files`);
});

test('a statement that does not verify here stops the review', async () => {
  const { branch } = await propose('v1.0.0', { flip: true });
  const report = await review(branch);
  expect(namesOf(report.findings)).toContain('evidence-refused');
  expect(report.verdict).toBe('differs');
});

test('evidence that the acknowledged record before had and this one has not is a finding that wants a look', async () => {
  const { path, tree } = await propose('v1.0.0');
  await putAck(tree, path, world.people.ada);
  world.merge(tree);
  const { branch } = await world.propose('v1.1.0', { files: SMALL });
  const found = (await review(branch)).findings.find(({ name }) => name === 'weaker-evidence');
  expect(found).toMatchObject({
    level: 'look',
    message: expect.stringContaining('release.yml (sigstore: https://slsa.dev/provenance/v1)') as string,
  });
});

test('and so is provenance whose signer now states something else alone', async () => {
  const { path, tree } = await propose('v1.0.0');
  await putAck(tree, path, world.people.ada);
  world.merge(tree);
  const { branch } = await propose('v1.1.0', { predicateType: 'https://spdx.dev/Document/v2.3' });
  const found = (await review(branch)).findings.find(({ name }) => name === 'weaker-evidence');
  expect(found?.message).toContain('release.yml (sigstore: https://slsa.dev/provenance/v1), and this release is not');
});

test('without a store, a signature, its list and its key are checked again from what upstream and the reviewer have', async () => {
  const { ada } = world.people;
  const { fingerprint } = ada;
  const list = Buffer.from(
    Object.entries(contents)
      .map(([name, bytes]) => `${sha256(bytes)}  ${name}\n`)
      .join(''),
  );
  const signature = Buffer.from(await ada.sign(list));
  const evidence = [
    entryOf('openpgp', signature, { signer: fingerprint }),
    entryOf('list', list),
    entryOf('key', ada.file, { signer: fingerprint }),
  ].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  const { branch, release } = await world.propose('v1.0.0', { files: SMALL, evidence });
  await release.addAsset({ name: 'SHA256SUMS', content: list });
  await release.addAsset({ name: 'SHA256SUMS.asc', content: signature });
  const tool = join(world.folder, 'packages', 'github.com', world.tool.fullName);
  await mkdir(join(tool, 'keys'), { recursive: true });
  await writeFile(join(tool, 'tool.ini'), '');
  await writeFile(join(tool, 'keys', `${fingerprint}.asc`), ada.file);
  const report = await review(branch, { store: undefined, tools: world.folder });
  expect(report.evidence).toMatchObject([{ kind: 'openpgp', signer: fingerprint, files: { length: 2 } }]);
  expect(namesOf(report.findings)).not.toContain('evidence-refused');
});

test('what upstream signed beyond the record is shown', async () => {
  const { branch } = await world.propose('v1.0.0', { files: SMALL });
  const statement = provenance(contents);
  const digests = statement.subject.map((each) => `sha256:${(each as { digest: { sha256: string } }).digest.sha256}`);
  world.tool.attestations.push({ digests, bundle: await sigstore.statement(statement, identity()) });
  const report = await review(branch);
  expect(report.verdict).toBe('same');
  expect(namesOf(report.findings)).toContain('evidence-beyond');
});
