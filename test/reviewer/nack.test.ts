import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { closePull } from '../../github/pulls.ts';
import { nackPath } from '../../ledger-schema/names/layout.ts';
import { nackBranch } from '../../ledger-schema/names/branches.ts';
import { findChange } from '../../proposals/list-changes.ts';
import type { ReviewerContext } from '../../reviewer/context.ts';
import { mergeChange } from '../../proposals/merge/merge.ts';
import { findNackTarget, nackTarget } from '../../reviewer/signing/nack.ts';
import type { NackResult } from '../../reviewer/signing/nack.ts';
import { requireReviewer } from '../../reviewer/signing/reviewer-key.ts';
import { person } from '../kit/ledger/people.ts';
import type { Person } from '../kit/ledger/people.ts';
import { signerOf } from '../kit/ledger/people.ts';
import { World } from './world.ts';
import { worldFor } from './world-for.ts';
import { withView } from '../../proposals/with-view.ts';

async function nack(
  context: ReviewerContext,
  who: Person,
  id: { repository: string; tag: string },
  reason?: string,
): Promise<NackResult> {
  const seen = await withView(context);
  const reviewer = await requireReviewer(seen.view.trust, who.fingerprint, 'nack');
  const target = await findNackTarget(seen, { source: 'github.com', ...id });
  return nackTarget(seen, target, { signer: signerOf(who), reviewer }, reason);
}

describe('on plain git', () => {
  let world: World;
  let context: ReviewerContext;
  let revoked: Person;
  beforeAll(async () => {
    revoked = await person('rita', { revoked: true });
    const ada = await person('ada');
    world = await World.start({ roles: { reviewers: [ada, revoked] } });
    Object.assign(world.people, { ada });
    context = await world.context();
  });
  beforeEach(() => void world.newTool());
  afterAll(() => world[Symbol.asyncDispose]());

  async function merged(tag = 'v1.0.0'): Promise<string> {
    const { tree, path, branch } = await world.propose(tag, { acks: [world.people.ada] });
    world.merge(tree);
    world.host.remove(branch);
    return path;
  }

  test('a merged record is nacked by a proposal of its own, which withdraws it when it is merged', async () => {
    const { ada } = world.people;
    const path = await merged();
    const repository = world.tool.fullName.toUpperCase();
    const result = await nack(context, ada, { repository, tag: 'v1.0.0' }, 'built on a\nbroken \u202erunner');
    const branch = nackBranch(path, ada.fingerprint);
    expect(result).toEqual({ action: 'nacked', record: path, of: 'record', branch });
    expect(world.host.added(world.host.at('main'), world.host.at(branch))).toEqual([nackPath(path, ada.fingerprint)]);
    expect(world.host.facts(world.host.at(branch)).parents[0]).toBe(world.head);
    expect(world.host.facts(world.host.at(branch)).message).toBe(
      `Nack ${world.tool.fullName} v1.0.0\n\nbuilt on a\\u{a}broken \\u{202e}runner`,
    );

    const seen = await withView(context);
    const done = await mergeChange(seen, await findChange(context, branch), {});
    expect(done.title).toBe(`nack of ${world.tool.fullName} v1.0.0`);
    expect(world.branches().has(branch)).toBe(false);
    world.follow();
    expect(await nack(context, ada, { repository, tag: 'v1.0.0' })).toEqual({
      action: 'already',
      record: path,
      of: 'record',
    });
  });

  test('a second run finds the branch of the first', async () => {
    const { ada } = world.people;
    const path = await merged();
    const id = { repository: world.tool.fullName, tag: 'v1.0.0' };
    await nack(context, ada, id);
    const branch = nackBranch(path, ada.fingerprint);
    const commit = world.branches().get(branch);
    expect(await nack(context, ada, id)).toMatchObject({ action: 'already', branch });
    expect(world.branches().get(branch)).toBe(commit);
  });

  test('a branch of that name that holds something else is replaced', async () => {
    const { ada } = world.people;
    const path = await merged();
    const branch = nackBranch(path, ada.fingerprint);
    world.commit(new Map(world.tree).set('x', Buffer.from('x')), { branch, parents: [world.head] });
    const id = { repository: world.tool.fullName, tag: 'v1.0.0' };
    expect(await nack(context, ada, id)).toMatchObject({ action: 'nacked', branch });
    expect(world.host.paths(branch)).toContain(nackPath(path, ada.fingerprint));
  });

  test('onto an open proposal the .nack is pushed, and it cannot be merged any more', async () => {
    const { ada } = world.people;
    const { branch, commit, path } = await world.propose('v1.0.0', { acks: [ada] });
    const result = await nack(context, ada, { repository: world.tool.fullName, tag: 'v1.0.0' });
    expect(result).toEqual({ action: 'nacked', record: path, of: 'proposal', branch });
    expect(world.host.facts(world.host.at(branch)).parents[0]).toBe(commit);
    const seen = await withView(context);
    const change = await findChange(context, branch);
    await expect(() => mergeChange(seen, change, {})).toFailWith('E_WITHDRAWN');
    expect(await nack(context, ada, { repository: world.tool.fullName, tag: 'v1.0.0' })).toMatchObject({
      action: 'already',
      branch,
    });
  });

  test('a reviewer whose key is revoked may still nack', async () => {
    const path = await merged();
    const result = await nack(context, revoked, { repository: world.tool.fullName, tag: 'v1.0.0' });
    expect(result).toMatchObject({ action: 'nacked', branch: nackBranch(path, revoked.fingerprint) });
  });

  test('what is neither recorded nor proposed cannot be nacked', async () => {
    await merged();
    const repository = world.tool.fullName;
    await expect(() => nack(context, world.people.ada, { repository, tag: 'V1.0.0' })).toFailWith('E_NO_CHANGE');
    await expect(() => nack(context, world.people.ada, { repository: 'acme/none', tag: 'v1' })).toFailWith(
      'E_NO_CHANGE',
    );
  });

  test('a new name of a repository is told what is recorded under names like it', async () => {
    await merged();
    const [owner = '', repo = ''] = world.tool.fullName.split('/');
    const hint = expect.stringContaining(
      `the ledger has ${world.tool.fullName}: a repository that was renamed stays under the name that was recorded first; look`,
    ) as string;
    const renamed = { repository: `new-owner-${owner}/${repo}`, tag: 'v1.0.0' };
    await expect(nack(context, world.people.ada, renamed)).rejects.toMatchObject({ code: 'E_NO_CHANGE', hint });
    const none = { repository: 'nobody/nothing', tag: 'v1.0.0' };
    await expect(nack(context, world.people.ada, none)).rejects.toMatchObject({
      code: 'E_NO_CHANGE',
      hint: expect.stringMatching(/^look at its spelling/) as string,
    });
  });

  test('a proposal that moves meanwhile is not nacked', async () => {
    const { branch, commit, tree } = await world.propose('v1.0.0');
    const seen = await withView(context);
    const id = { source: 'github.com', repository: world.tool.fullName, tag: 'v1.0.0' };
    const target = await findNackTarget(seen, id);
    const { ada } = world.people;
    const reviewer = await requireReviewer(seen.view.trust, ada.fingerprint, 'nack');
    const moved = world.commit(tree, { branch, parents: [commit] });
    await expect(() => nackTarget(seen, target, { signer: signerOf(ada), reviewer }, undefined)).toFailWith('E_MOVED');
    expect(world.branches().get(branch)).toBe(moved);
  });
});

describe('on GitHub', () => {
  let world: World;
  let context: ReviewerContext;
  worldFor({ transport: 'github' }, (made) => ({ world, context } = made));

  test('the nack of a merged record gets a pull request, without the reason', async () => {
    const { tree, path, branch } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    world.merge(tree);
    world.host.remove(branch);
    const id = { repository: world.tool.fullName, tag: 'v1.0.0' };
    const result = await nack(context, world.people.ada, id, 'because @everyone');
    const pull = world.ledger?.pulls.at(-1);
    expect(result.pull).toMatchObject({ number: pull?.number });
    expect(pull).toMatchObject({ headRef: nackBranch(path, world.people.ada.fingerprint), state: 'open' });
    expect(pull?.body).not.toContain('everyone');
    expect(await nack(context, world.people.ada, id)).toMatchObject({ action: 'already', pull: result.pull });
  });

  test('a nacked proposal says so in its comment', async () => {
    const { branch } = await world.propose('v1.0.0');
    const number = world.ledger?.pulls.at(-1)?.number;
    const result = await nack(context, world.people.ada, { repository: world.tool.fullName, tag: 'v1.0.0' });
    expect(result).toMatchObject({ of: 'proposal', branch, pull: { number } });
    const bodies = (world.ledger?.comments ?? []).filter(({ issue }) => issue === number).map(({ body }) => body);
    expect(bodies).toEqual([expect.stringContaining('Nacked by `ada`')]);
  });

  test('a closed proposal is none to nack', async () => {
    await world.propose('v1.0.0');
    await closePull(world.client(), 'acme/ledger', world.ledger?.pulls.at(-1)?.number ?? 0);
    const id = { repository: world.tool.fullName, tag: 'v1.0.0' };
    await expect(() => nack(context, world.people.ada, id)).toFailWith('E_NO_CHANGE');
  });
});
