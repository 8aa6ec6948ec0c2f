import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { proposalBranch } from '../../ledger-schema/names/branches.ts';
import { findChange } from '../../proposals/list-changes.ts';
import { closeChange } from '../../owner/close.ts';
import { reopenChange } from '../../owner/reopen.ts';
import type { ReviewerContext } from '../../reviewer/context.ts';
import { mergeReady } from '../../owner/merge-all.ts';
import { mergeChange } from '../../proposals/merge/merge.ts';
import type { Merged } from '../../proposals/merge/merge.ts';
import { putAck } from '../kit/ledger/ledger-tree.ts';
import { TOKEN } from '../reviewer/world.ts';
import type { World } from '../reviewer/world.ts';
import { worldFor } from '../reviewer/world-for.ts';
import { withView } from '../../proposals/with-view.ts';

async function merge(context: ReviewerContext, text: string): Promise<Merged> {
  const seen = await withView(context);
  return mergeChange(seen, await findChange(context, text), { author: { name: 'Owner', email: 'o@x' } });
}

describe('on GitHub', () => {
  let world: World;
  let context: ReviewerContext;
  worldFor(
    { transport: 'github' },
    (made) => ({ world, context } = made),
    (each) => {
      each.upstream.faults.clear();
      each.follow();
      each.newTool();
    },
  );

  const last = () => world.ledger?.pulls.at(-1);

  test('the API merges the commit that the gate saw, and the branch is removed', async () => {
    const { branch, commit } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    const done = await merge(context, String(last()?.number));
    expect(done.commit).toBe(world.branches().get('main'));
    expect(world.host.facts(world.host.at('main')).parents[1]).toBe(commit);
    expect(last()).toMatchObject({ state: 'closed', mergeSha: done.commit });
    expect(world.branches().has(branch)).toBe(false);
  });

  test('a branch without a pull request is not merged', async () => {
    const { path, tree } = await world.record(await world.release('v1.0.0'));
    await putAck(tree, path, world.people.ada);
    const branch = proposalBranch(path);
    world.commit(tree, { branch, parents: [world.head] });
    await expect(() => merge(context, branch)).toFailWith('E_NO_CHANGE');
    world.host.remove(branch);
  });

  test('an ack that comes after the gate is not lost: the change is judged again', async () => {
    const { branch, commit, tree, path } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    const number = last()?.number ?? 0;
    const seen = await withView(context);
    const change = await findChange(context, String(number));
    await putAck(tree, path, world.people.grace);
    const later = world.commit(tree, { branch, parents: [commit] });
    await mergeChange(seen, change, {});
    expect(world.host.facts(world.host.at('main')).parents[1]).toBe(later);
  });

  test('everything that is ready, strangers named', async () => {
    const ready = await world.propose('v1.0.0', { acks: [world.people.ada] });
    const waiting = await world.propose('v1.1.0');
    const { results } = await mergeReady(context, {});
    expect(results.filter(({ branch }) => [ready.branch, waiting.branch].includes(branch))).toMatchObject([
      { action: 'merged', pull: { number: (last()?.number ?? 0) - 1 } },
      { action: 'waiting' },
    ]);
  });

  test('what GitHub refuses has failed, and the others are merged', async () => {
    const first = await world.propose('v1.0.0', { acks: [world.people.ada] });
    const second = await world.propose('v1.1.0', { acks: [world.people.ada] });
    world.upstream.faults.answer({ match: /PUT .*merge/, status: 405, message: 'A status check is pending' });
    const { results } = await mergeReady(context, {});
    expect(results.filter(({ branch }) => [first.branch, second.branch].includes(branch))).toMatchObject([
      { action: 'failed', error: { code: 'E_HTTP' } },
      { action: 'merged' },
    ]);
  });

  test('a base that moved since it was judged is judged again, so that two that do not fit are not both merged', async () => {
    const first = await world.propose('v1.0.0', { acks: [world.people.ada] });
    world.tool.id += 100_000;
    const second = await world.propose('v1.1.0', { acks: [world.people.ada] });
    const seen = await withView(context);
    const change = await findChange(context, second.branch);
    world.merge(new Map(first.tree));
    await expect(() => mergeChange(seen, change, {})).toFailWith('E_REPOSITORY_ID');
    expect(world.branches().get('main')).toBe(world.head);
  });

  test('what moves the base in the very moment of the merge is found at once, and said', async () => {
    const first = await world.propose('v1.0.0', { acks: [world.people.ada] });
    world.tool.id += 100_000;
    const second = await world.propose('v1.1.0', { acks: [world.people.ada] });
    const seen = await withView(context);
    const change = await findChange(context, second.branch);
    const { ledger } = world;
    if (ledger === undefined) throw new Error('the ledger is on GitHub');
    ledger.beforeMerge = () => world.merge(new Map(first.tree));
    await expect(() => mergeChange(seen, change, {})).toFailWith('E_REPOSITORY_ID');
    ledger.beforeMerge = undefined;
    // For the other tests the ledger goes back to where it was sound.
    world.host.point('main', seen.view.commit);
    rmSync(join(world.folder, 'state'), { recursive: true });
  });

  test('where the branch is protected with strict checks, a proposal behind it is brought up to date and judged again', async () => {
    const { ledger } = world;
    if (ledger === undefined) throw new Error('the ledger is on GitHub');
    const first = await world.propose('v1.0.0', { acks: [world.people.ada] });
    const second = await world.propose('v1.1.0', { acks: [world.people.ada] });
    ledger.protected = { checks: ['gate'] };
    for (const { commit } of [first, second]) ledger.checks.set(commit, new Set(['gate']));
    // A workflow's own token: what it pushes starts no workflow, and it may report checks.
    world.upstream.addToken(TOKEN, { login: 'github-actions[bot]', type: 'Installation' });
    const { results } = await mergeReady(context, {});
    // What the tests before left open may be among them.
    const own = results.filter(({ branch }) => [first.branch, second.branch].includes(branch));
    expect(own).toMatchObject([{ action: 'merged' }, { action: 'merged' }]);
    // A person's push starts the gate itself: until it ran, GitHub refuses.
    world.upstream.addToken(TOKEN, { login: 'ada' });
    world.follow();
    const third = await world.propose('v1.2.0', { acks: [world.people.ada] });
    ledger.checks.set(third.commit, new Set(['gate']));
    world.merge(new Map(world.tree).set('README.md', Buffer.from('meanwhile')));
    await expect(() => merge(context, third.branch)).toFailWith('E_HTTP');
    const updated = world.branches().get(third.branch) ?? '';
    ledger.checks.set(updated, new Set(['gate']));
    await merge(context, third.branch);
    ledger.protected = undefined;
  });

  test('reopen opens the pull request again, and restores a branch that was deleted', async () => {
    const { branch, commit } = await world.propose('v1.0.0');
    const number = last()?.number ?? 0;
    await closeChange(context, String(number));
    expect(await reopenChange(context, String(number))).toMatchObject({ branch, pull: { number } });
    expect(last()).toMatchObject({ state: 'open', number });
    await closeChange(context, branch);
    world.host.remove(branch);
    expect(await reopenChange(context, branch)).toMatchObject({ branch, pull: { number } });
    expect(world.branches().get(branch)).toBe(commit);
    await expect(() => reopenChange(context, branch)).toFailWith('E_NO_CHANGE');
  });

  test('reopen opens another pull request where the branch moved meanwhile, which GitHub does not open again', async () => {
    const { branch, tree, commit } = await world.propose('v1.0.0');
    const number = last()?.number ?? 0;
    await closeChange(context, branch);
    world.commit(new Map(tree), { branch, parents: [commit] });
    expect(await reopenChange(context, branch)).toMatchObject({ branch, pull: { number: number + 1 } });
  });

  test('close closes the pull request of a policy, and moves its branch out of the way', async () => {
    world.commit(new Map(world.tree).set('trust/x', Buffer.from('x')), {
      branch: 'pullthrough-trust/9',
      parents: [world.head],
    });
    const { number } = await world.pull('pullthrough-trust/9');
    await closeChange(context, 'pullthrough-trust/9');
    expect(world.branches().has('pullthrough-trust/9')).toBe(false);
    expect(await reopenChange(context, String(number))).toMatchObject({
      branch: 'pullthrough-trust/9',
      pull: { number },
    });
    await closeChange(context, 'pullthrough-trust/9');
  });

  test('close closes the pull request and leaves the branch', async () => {
    const { branch, commit } = await world.propose('v1.0.0');
    const number = last()?.number ?? 0;
    expect(await closeChange(context, String(number))).toMatchObject({ branch, pull: { number } });
    expect(last()).toMatchObject({ state: 'closed', mergeSha: null });
    expect(world.branches().get(branch)).toBe(commit);
  });
});
