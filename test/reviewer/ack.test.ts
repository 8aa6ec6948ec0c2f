import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { concatBytes } from '../../ledger-schema/bytes.ts';
import { ackPath } from '../../ledger-schema/names/layout.ts';
import { checkAck } from '../../ledger-schema/record-signatures.ts';
import { canonicalKeyFile } from '../../ledger-schema/openpgp/openpgp.ts';
import { checkLedger } from '../../ledger/gate/gate.ts';
import { gpgSigner } from '../../ledger/signing/signer.ts';
import { acknowledge, hasAcked, requireAckable } from '../../reviewer/signing/ack.ts';
import type { AckResult } from '../../reviewer/signing/ack.ts';
import type { ReviewerContext } from '../../reviewer/context.ts';
import { openProposals } from '../../proposals/open-proposals.ts';
import { lateProposal } from '../../proposals/read-proposal.ts';
import { findMergedRecord } from '../../reviewer/signing/merged-record.ts';
import { requireReviewer } from '../../reviewer/signing/reviewer-key.ts';
import { requireSame, reviewProposal } from '../../reviewer/review.ts';
import type { SameReview } from '../../reviewer/review.ts';
import { readTools } from '../../reviewer/review-tools.ts';
import type { Signer } from '../../ledger/signing/signer.ts';
import { putAck, putNack } from '../kit/ledger/ledger-tree.ts';
import { person } from '../kit/ledger/people.ts';
import type { Person } from '../kit/ledger/people.ts';
import { signerOf } from '../kit/ledger/people.ts';
import { World } from './world.ts';
import { worldFor } from './world-for.ts';
import type { Transport } from './world.ts';
import { withView } from '../../proposals/with-view.ts';
import type { WithView } from '../../proposals/with-view.ts';

/** What compared equal, and the ledger that it was judged on. */
type Compared = SameReview & { readonly seen: WithView<ReviewerContext> };

async function compare(context: ReviewerContext, branch: string): Promise<Compared> {
  const { context: seen, proposals } = await openProposals(context, branch);
  const [proposal] = proposals;
  if (proposal === undefined) throw new Error('there is no proposal');
  return { ...requireSame(await reviewProposal(seen, proposal, await readTools(context))), seen };
}

async function sign(
  { seen, ...review }: Compared,
  signer: Signer,
  merge: 'manual' | 'acknowledged' = 'manual',
): Promise<AckResult> {
  const reviewer = await requireReviewer(seen.view.trust, signer.fingerprint, 'ack');
  return acknowledge(seen, review, { signer, reviewer }, { merge });
}

async function ack(
  context: ReviewerContext,
  branch: string,
  who: Person,
  merge: 'manual' | 'acknowledged' = 'manual',
): Promise<AckResult> {
  return sign(await compare(context, branch), signerOf(who), merge);
}

describe.each<Transport>(['file', 'http'])('over %s', (transport) => {
  let world: World;
  let context: ReviewerContext;
  worldFor({ transport, threshold: 2 }, (made) => ({ world, context } = made));

  test('the .ack is one commit on the branch, over the list and the sign as they lie there', async () => {
    const { ada, grace } = world.people;
    const { branch, commit, path } = await world.propose('v1.0.0');
    const result = await ack(context, branch, ada);
    expect(result).toMatchObject({ action: 'acked', standing: { acks: ['ada'], missing: 1, owes: ['grace'] } });
    expect(world.branches().get(branch)).toBe(result.head);
    expect(world.host.facts(world.host.at(branch)).parents[0]).toBe(commit);
    expect(world.host.added(commit, world.host.at(branch))).toEqual([ackPath(path, ada.fingerprint)]);
    expect(world.host.facts(world.host.at(branch)).author).toBe('ada <ada@example.org>');
    const { context: seen } = await openProposals(context, branch);
    const raw = (name: string): Uint8Array => world.host.file(branch, `${path}/${name}`);
    const data = concatBytes(raw('checklist.sha256'), raw('checklist.sha256.sign'));
    const file = raw(`checklist.sha256.${ada.fingerprint}.ack`);
    const place = ackPath(path, ada.fingerprint);
    expect(await checkAck(file, data, ada.fingerprint, place, seen.view.trust)).toMatchObject({ holder: 'ada' });

    const second = await ack(context, branch, grace);
    expect(second.standing).toMatchObject({ acks: ['ada', 'grace'], missing: 0, state: 'acknowledged' });
    const gate = await checkLedger(context.ledger, {
      base: world.head,
      head: second.head,
      now: new Date(),
      requireAcknowledged: true,
    });
    expect(gate.problems).toEqual([]);
  });
});

describe('who may ack what', () => {
  let world: World;
  let context: ReviewerContext;
  let expired: Person;
  let revoked: Person;
  beforeAll(async () => {
    expired = await person('dora', { made: new Date(Date.now() - 10 * 86_400_000), lives: 86_400 });
    revoked = await person('rita', { revoked: true });
    const [ada, grace] = [await person('ada'), await person('grace')];
    world = await World.start({ roles: { reviewers: [ada, grace, expired, revoked] } });
    Object.assign(world.people, { ada, grace });
    context = await world.context();
  });
  beforeEach(() => void world.newTool());
  afterAll(() => world[Symbol.asyncDispose]());

  test.each([
    ['an executor’s', () => world.people.bot],
    ['a root’s', () => world.people.root],
    ['a stranger’s', () => world.people.eve],
    ['an expired reviewer’s', () => expired],
    ['a revoked reviewer’s', () => revoked],
  ])('%s key is refused, before anything is downloaded', async (_, who) => {
    const { context: seen } = await openProposals(context, undefined);
    world.upstream.takeRequests();
    await expect(() => requireReviewer(seen.view.trust, who().fingerprint, 'ack')).toFailWith('E_NOT_REVIEWER');
    expect(world.upstream.takeRequests()).toEqual([]);
  });

  test('for a nack neither expiry nor revocation is looked at', async () => {
    const { context: seen } = await openProposals(context, undefined);
    for (const who of [expired, revoked]) {
      expect(await requireReviewer(seen.view.trust, who.fingerprint, 'nack')).toMatchObject({ holder: who.name });
    }
    await expect(() => requireReviewer(seen.view.trust, world.people.bot.fingerprint, 'nack')).toFailWith(
      'E_NOT_REVIEWER',
    );
  });

  test('an ack that comes after another one goes on top of it, and nothing is fetched again', async () => {
    const { branch, commit, tree, path } = await world.propose('v1.0.0');
    const review = await compare(context, branch);
    await putAck(tree, path, world.people.grace);
    const first = world.commit(tree, { branch, parents: [commit] });
    world.takeDownloads();
    const result = await sign(review, signerOf(world.people.ada));
    expect(result.standing.acks).toEqual(['ada', 'grace']);
    expect(world.host.facts(world.host.at(branch)).parents[0]).toBe(first);
    expect(world.takeDownloads()).toEqual([]);
  });

  test('a proposal that is another one by now is not acked, nor one that was nacked meanwhile', async () => {
    const { branch } = await world.propose('v1.0.0');
    const review = await compare(context, branch);
    const other = await world.record(await world.release('v1.0.0', { other: 'other bytes' }));
    const moved = world.commit(other.tree, { branch, parents: [world.head] });
    await expect(() => sign(review, signerOf(world.people.ada))).toFailWith('E_MOVED');
    expect(world.branches().get(branch)).toBe(moved);

    const second = await world.propose('v1.1.0');
    const seen = await compare(context, second.branch);
    await putNack(second.tree, second.path, world.people.grace);
    const nacked = world.commit(second.tree, { branch: second.branch, parents: [second.commit] });
    await expect(() => sign(seen, signerOf(world.people.ada))).toFailWith('E_WITHDRAWN');
    expect(world.branches().get(second.branch)).toBe(nacked);
  });

  test('a merged record whose branch is gone is acked late, on a branch of its name, and merged', async () => {
    const { branch, path, tree } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    world.merge(new Map(tree));
    world.host.remove(branch);
    const seen = await withView(context);
    const record = await findMergedRecord(seen, `${world.tool.fullName}@v1.0.0`);
    if (record === undefined) throw new Error('it is merged');
    const late = await lateProposal(seen, record);
    const review = requireSame(await reviewProposal(seen, late, await readTools(context)));
    const result = await sign({ ...review, seen }, signerOf(world.people.grace), 'acknowledged');
    expect(result.standing.acks).toEqual(['ada', 'grace']);
    expect(result.merged?.title).toBe(`late ack of ${world.tool.fullName} v1.0.0`);
    expect(world.host.paths('main')).toContain(ackPath(path, world.people.grace.fingerprint));
    expect(world.branches().has(branch)).toBe(false);
    world.follow();
  });

  test('a proposal that was removed meanwhile does not come back', async () => {
    const { branch } = await world.propose('v1.0.0');
    const review = await compare(context, branch);
    world.host.remove(branch);
    await expect(() => sign(review, signerOf(world.people.ada))).toFailWith('E_MOVED');
    expect(world.branches().has(branch)).toBe(false);
  });

  test('a signature that would not count is not pushed', async () => {
    const { branch, commit } = await world.propose('v1.0.0');
    const review = await compare(context, branch);
    const lying = { ...signerOf(world.people.eve), fingerprint: world.people.ada.fingerprint };
    await expect(() => sign(review, lying)).toFailWith('E_NOT_REVIEWER');
    expect(world.branches().get(branch)).toBe(commit);
  });

  test('who acked already is told so', async () => {
    const { branch, commit } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    const review = await compare(context, branch);
    expect(hasAcked(review.proposal, world.people.ada.fingerprint)).toBe(true);
    expect(await sign(review, signerOf(world.people.ada))).toMatchObject({ action: 'already', head: commit });
    expect(world.branches().get(branch)).toBe(commit);
  });

  test('a nacked proposal takes no ack', async () => {
    const { tree, branch, path } = await world.propose('v1.0.0');
    await putNack(tree, path, world.people.grace);
    world.commit(tree, { branch, parents: [world.head] });
    const review = await compare(context, branch);
    await expect(() => requireAckable(review.proposal)).toFailWith('E_WITHDRAWN');
    await expect(() => sign(review, signerOf(world.people.ada))).toFailWith('E_WITHDRAWN');
  });

  test('a merged record takes a late ack on a branch of its name', async () => {
    const { tree, branch, path } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    const head = world.host.at(branch);
    world.merge(new Map(tree));
    await putAck(tree, path, world.people.grace);
    world.commit(tree, { branch, parents: [head] });
    const review = await compare(context, branch);
    expect(review.report).toMatchObject({ adds: 'ack', verdict: 'same' });
    expect(hasAcked(review.proposal, world.people.ada.fingerprint)).toBe(true);
  });

  test('with merge = acknowledged the last ack merges', async () => {
    const { branch, path } = await world.propose('v1.0.0');
    const result = await ack(context, branch, world.people.ada, 'acknowledged');
    expect(result.merged).toMatchObject({ title: `${world.tool.fullName} v1.0.0` });
    expect(world.branches().has(branch)).toBe(false);
    expect(world.branches().get('main')).toBe(result.merged?.commit);
    expect(world.host.paths('main')).toContain(ackPath(path, world.people.ada.fingerprint));
    world.follow();
  });
});

describe('on GitHub', () => {
  let world: World;
  let context: ReviewerContext;
  worldFor({ transport: 'github', threshold: 2 }, (made) => ({ world, context } = made));
  afterEach(() => world.upstream.faults.clear());

  const comments = (number: number | undefined) =>
    (world.ledger?.comments ?? []).filter(({ issue }) => issue === number).map(({ body }) => body);

  test('one comment says what is still missing, and is updated', async () => {
    const { branch } = await world.propose('v1.0.0');
    const number = world.ledger?.pulls.at(-1)?.number;
    await ack(context, branch, world.people.ada);
    expect(comments(number)).toHaveLength(1);
    expect(comments(number)[0]).toContain('Acknowledged by `ada`: 1 of 2. Still missing: `grace`.');
    await ack(context, branch, world.people.grace);
    expect(comments(number)).toHaveLength(1);
    expect(comments(number)[0]).toContain('Acknowledged by `ada`, `grace`: 2 of 2. Nothing is missing.');
  });

  test('a comment that GitHub refuses is a warning: the ack is pushed', async () => {
    const { branch } = await world.propose('v1.0.0');
    world.upstream.faults.forbidden({ match: /POST .*comments/ });
    const result = await ack(context, branch, world.people.ada);
    expect(world.branches().get(branch)).toBe(result.head);
    expect(world.warnings.join()).toContain('no comment could be written');
  });

  test('with merge = acknowledged the last ack merges by the API', async () => {
    const { branch } = await world.propose('v1.0.0');
    expect((await ack(context, branch, world.people.ada, 'acknowledged')).merged).toBeUndefined();
    const result = await ack(context, branch, world.people.grace, 'acknowledged');
    expect(result.merged?.commit).toBe(world.branches().get('main'));
    expect(world.ledger?.pulls.at(-1)).toMatchObject({ state: 'closed', mergeSha: result.merged?.commit });
    expect(world.branches().has(branch)).toBe(false);
    world.follow();
  });

  test('a merge that GitHub refuses leaves the ack where it is', async () => {
    const { branch } = await world.propose('v1.0.0', { acks: [world.people.grace] });
    world.upstream.faults.answer({ match: /PUT .*merge/, status: 405, message: 'Required status check is pending' });
    const result = await ack(context, branch, world.people.ada, 'acknowledged');
    expect(result).toMatchObject({ action: 'acked', mergeError: { code: 'E_HTTP' } });
    expect(world.branches().get(branch)).toBe(result.head);
  });
});

describe('with gpg-agent', () => {
  const home = mkdtempSync(join(tmpdir(), 'pt-gpg-'));
  const env = { ...process.env, GNUPGHOME: home };
  const gpg = (...args: string[]): Buffer => execFileSync('gpg', ['--batch', '--quiet', ...args], { env });
  afterAll(() => {
    execFileSync('gpgconf', ['--kill', 'all'], { env });
    rmSync(home, { recursive: true, force: true });
  });

  test('several proposals are signed in one sitting', async () => {
    writeFileSync(join(home, 'gpg-agent.conf'), 'allow-loopback-pinentry\n');
    gpg('--passphrase', '', '--quick-generate-key', 'Ada <ada@acme.example>', 'ed25519', 'sign', 'never');
    const exported = await canonicalKeyFile(gpg('--export', 'ada@acme.example'));
    const ada: Person = {
      ...(await person('ada')),
      file: exported.bytes,
      fingerprint: exported.key.fingerprint,
      listed: { fingerprint: exported.key.fingerprint, sha256: exported.key.sha256 },
    };
    await using world = await World.start({ roles: { reviewers: [ada] } });
    const context = await world.context();
    const branches = [(await world.propose('v1.0.0')).branch, (await world.propose('v2.0.0')).branch];
    const signer = await gpgSigner({ key: 'ada@acme.example', env });
    for (const branch of branches) {
      const result = await sign(await compare(context, branch), signer);
      expect(result).toMatchObject({ action: 'acked', standing: { acks: ['ada'], missing: 0 } });
    }
    expect(world.host.facts(world.host.at(branches[0] ?? '')).author).toBe('Ada <ada@acme.example>');
  });
});
