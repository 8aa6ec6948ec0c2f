import { describe, expect, test } from 'vitest';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { policyPath } from '../../ledger-schema/names/layout.ts';
import { closedBranch } from '../../ledger-schema/names/branches.ts';
import { checkLedger } from '../../ledger/gate/gate.ts';
import { findChange } from '../../proposals/list-changes.ts';
import { closeChange } from '../../owner/close.ts';
import { reopenChange } from '../../owner/reopen.ts';
import type { ReviewerContext } from '../../reviewer/context.ts';
import { mergeReady } from '../../owner/merge-all.ts';
import { mergeChange } from '../../proposals/merge/merge.ts';
import type { Merged } from '../../proposals/merge/merge.ts';
import { putAck, putNack, putPolicy } from '../kit/ledger/ledger-tree.ts';
import { worldFor } from '../reviewer/world-for.ts';
import type { Transport, World } from '../reviewer/world.ts';
import { withView } from '../../proposals/with-view.ts';

async function merge(context: ReviewerContext, text: string): Promise<Merged> {
  const seen = await withView(context);
  return mergeChange(seen, await findChange(context, text), { author: { name: 'Owner', email: 'o@x' } });
}

describe.each<Transport>(['file', 'http'])('by push over %s', (transport) => {
  let world: World;
  let context: ReviewerContext;
  worldFor(
    { transport },
    (made) => ({ world, context } = made),
    (each) => each.restart(),
  );

  test('an acknowledged proposal that descends from the branch is merged as it is, and its branch removed', async () => {
    const { branch, commit, path } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    expect(await merge(context, branch)).toMatchObject({ commit, title: `${world.tool.fullName} v1.0.0` });
    expect(world.branches()).toEqual(new Map([['main', commit]]));
    expect(world.host.paths('main')).toContain(`${path}/checklist.json`);
  });

  test('else by a merge commit of both, whose tree has what both have', async () => {
    const { branch, commit, tree, path } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    world.merge(new Map(world.tree).set('README.md', Buffer.from('by its owner')));
    const done = await merge(context, branch);
    expect(world.host.facts(world.host.at('main')).parents).toEqual([world.head, commit]);
    expect(world.host.facts(world.host.at('main'))).toMatchObject({
      author: 'Owner <o@x>',
      message: expect.stringMatching(new RegExp(`^Merge ${world.tool.fullName} v1.0.0(?:\\n|$)`)) as string,
    });
    expect(new Set(world.host.paths('main'))).toEqual(new Set([...tree.keys(), 'README.md']));
    expect(world.branches()).toEqual(new Map([['main', done.commit]]));
    const gate = await checkLedger(context.ledger, { head: done.commit, now: new Date() });
    expect(gate.problems).toEqual([]);
    expect(world.host.file('main', `${path}/checklist.sha256`)).toEqual(
      Buffer.from(tree.get(`${path}/checklist.sha256`) ?? []),
    );
  });
});

describe('what is merged', () => {
  let world: World;
  let context: ReviewerContext;
  worldFor(
    {},
    (made) => ({ world, context } = made),
    (each) => each.restart(),
  );

  test('an unacknowledged one is not merged', async () => {
    const { branch } = await world.propose('v1.0.0');
    await expect(() => merge(context, branch)).toFailWith('E_NOT_ACKNOWLEDGED');
    expect(world.branches().get('main')).toBe(world.head);
  });

  test('one that somebody closed while it was merged is said to be gone', async () => {
    const { branch } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    const seen = await withView(context);
    const change = await findChange(context, branch);
    await closeChange(await withView(context), branch);
    world.merge(new Map(world.tree).set('README.md', Buffer.from('by its owner')));
    await expect(mergeChange(seen, change, {})).rejects.toMatchObject({
      code: 'E_MOVED',
      message: `${branch} is not there any more: it was merged or closed meanwhile`,
    });
  });

  test('what was merged is remembered: the host cannot show the ledger without it next time', async () => {
    const before = world.head;
    const { branch } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    const { commit } = await merge(context, branch);
    expect((await context.memory.read())?.commit).toBe(commit);
    world.host.point('main', before);
    await expect(() => withView(context)).toFailWith('E_ROLLBACK');
    world.host.point('main', commit);
    expect((await withView(context)).view.commit).toBe(commit);
  });

  test('a memory that cannot be written is a warning: what is merged is merged', async () => {
    const { branch, commit } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    const seen = await withView(context);
    const update = () => Promise.reject(new PullthroughError('E_MEMORY', 'no place'));
    const found = await findChange(context, branch);
    const merged = await mergeChange({ ...seen, memory: { ...seen.memory, update } }, found, {});
    expect(merged.commit).toBe(commit);
    expect(world.warnings.join()).toContain('could not be remembered: no place');
  });

  test('a late ack', async () => {
    const { tree, branch, path } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    world.merge(new Map(tree));
    await putAck(tree, path, world.people.grace);
    world.commit(tree, { branch, parents: [world.host.at(branch)] });
    expect((await merge(context, branch)).title).toBe(`late ack of ${world.tool.fullName} v1.0.0`);
    expect(world.branches().size).toBe(1);
  });

  test('a policy, by which what comes next is judged', async () => {
    const { root, bot, ada, grace } = world.people;
    const { branch } = await world.propose('v1.0.0', { acks: [ada] });
    const tree = new Map(world.tree);
    const roles = { roots: [root], executors: [bot], reviewers: [ada, grace], threshold: 2 };
    await putPolicy(tree, 2, roles, []);
    world.commit(tree, { branch: 'pullthrough-trust/2', parents: [world.head] });
    await expect(() => merge(context, 'pullthrough-trust/2')).toFailWith('E_POLICY_THRESHOLD');
    const unsigned = await mergeReady(context, {});
    expect(unsigned.results).toMatchObject([
      { action: 'waiting', branch: 'pullthrough-trust/2', missing: [{ code: 'E_POLICY_THRESHOLD' }] },
      { action: 'merged', branch },
    ]);

    world.follow();
    const other = await world.propose('v2.0.0', { acks: [ada] });
    const signed = new Map(world.tree);
    await putPolicy(signed, 2, roles, [root]);
    world.commit(signed, { branch: 'pullthrough-trust/2', parents: [world.head] });
    const { results } = await mergeReady(context, {});
    expect(results).toMatchObject([
      { action: 'merged', title: 'trust policy 2', branch: 'pullthrough-trust/2' },
      { action: 'waiting', branch: other.branch, missing: [{ code: 'E_NOT_ACKNOWLEDGED' }] },
    ]);
    expect(world.host.paths('main')).toContain(policyPath(2));
    // Back to one ack for the other tests.
    world.follow();
    const back = new Map(world.tree);
    await putPolicy(back, 3, { ...roles, threshold: 1 }, [root]);
    world.merge(back);
  });

  test('everything that is ready: nacks first, and the rest is listed with what is missing', async () => {
    const { ada } = world.people;
    const old = await world.propose('v0.9.0', { acks: [ada] });
    world.merge(new Map(old.tree));
    world.host.remove(old.branch);
    const nacked = new Map(world.tree);
    await putNack(nacked, old.path, ada);
    world.commit(nacked, { branch: `pullthrough-nack/x/${ada.fingerprint}`, parents: [world.head] });
    const ready = await world.propose('v1.0.0', { acks: [ada] });
    const also = await world.propose('v1.1.0', { acks: [ada] });
    const waiting = await world.propose('v1.2.0');
    const invalid = await world.propose('v1.3.0', { by: world.people.eve });
    const { results } = await mergeReady(context, {});
    expect(results.map(({ action, branch }) => [action, branch])).toEqual([
      ['merged', `pullthrough-nack/x/${ada.fingerprint}`],
      ['merged', ready.branch],
      ['merged', also.branch],
      ['waiting', waiting.branch],
      ['waiting', invalid.branch],
    ]);
    expect(results[3]?.missing).toMatchObject([{ code: 'E_NOT_ACKNOWLEDGED' }]);
    expect(new Set(world.branches().keys())).toEqual(new Set(['main', waiting.branch, invalid.branch]));
    expect((await checkLedger(context.ledger, { head: world.host.at('main'), now: new Date() })).problems).toEqual([]);
  });

  test('one whose judgement takes long does not hold the others, and nacks do not wait for it either', async () => {
    const { ada } = world.people;
    const old = await world.propose('v0.9.0', { acks: [ada] });
    world.merge(new Map(old.tree));
    world.host.remove(old.branch);
    const nacked = new Map(world.tree);
    await putNack(nacked, old.path, ada);
    const nack = `pullthrough-nack/x/${ada.fingerprint}`;
    world.commit(nacked, { branch: nack, parents: [world.head] });
    const slow = await world.propose('v1.0.0', { acks: [ada] });
    const ready = await world.propose('v1.1.0', { acks: [ada] });
    const never = new Promise<never>(() => undefined);
    const seen: string[] = [];
    const ledger = new Proxy(context.ledger, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          if (name === 'mergeBases') seen.push(String(args[1]));
          return name === 'mergeBases' && args[1] === slow.commit ? never : (value.apply(target, args) as unknown);
        };
      },
    });
    const { results } = await mergeReady({ ...context, ledger }, { patience: 2000 });
    expect(results.map(({ action, branch }) => [action, branch])).toEqual([
      ['merged', nack],
      ['merged', ready.branch],
      ['waiting', slow.branch],
    ]);
    expect(results[2]?.missing).toMatchObject([{ code: 'E_TIMEOUT' }]);
    // Nobody looked at a proposal before the nack was merged.
    expect(seen.indexOf(slow.commit)).toBeGreaterThan(
      seen.lastIndexOf(world.host.facts(ready.commit).parents[0] ?? ''),
    );
  });

  test('two changes that are green each alone: the second is judged by the ledger that the first left', async () => {
    const first = await world.propose('v1.0.0', { acks: [world.people.ada] });
    world.tool.id += 100_000;
    const second = await world.propose('v1.1.0', { acks: [world.people.ada] });
    const { results } = await mergeReady(context, {});
    expect(results).toMatchObject([
      { action: 'merged', branch: first.branch },
      { action: 'waiting', branch: second.branch, missing: [{ code: 'E_REPOSITORY_ID' }] },
    ]);
    const gate = await checkLedger(context.ledger, { head: world.host.at('main'), now: new Date() });
    expect(gate.problems).toEqual([]);
  });

  test('a change of the README is none of ours', async () => {
    world.commit(new Map(world.tree).set('README.md', Buffer.from('x')), {
      branch: 'readme',
      parents: [world.head],
    });
    await context.ledger.update();
    await expect(() => merge(context, 'readme')).toFailWith('E_NO_CHANGE');
  });

  test('a branch of a person’s own that adds an ack is merged, and stays', async () => {
    const { tree, path, branch } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    world.merge(new Map(tree));
    world.host.remove(branch);
    await putAck(tree, path, world.people.grace);
    world.commit(tree, { branch: 'by-hand', parents: [world.head] });
    await merge(context, 'by-hand');
    expect(world.branches().has('by-hand')).toBe(true);
    world.host.remove('by-hand');
  });

  test('a ledger that moves between the gate and the push is looked at again', async () => {
    const { branch, commit } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    const seen = await withView(context);
    const change = await findChange(context, branch);
    world.merge(new Map(world.tree).set('README.md', Buffer.from('meanwhile')));
    await mergeChange(seen, change, {});
    expect(world.host.facts(world.host.at('main')).parents).toEqual([world.head, commit]);
  });

  test('an ack that comes between the gate and the push is merged with it', async () => {
    const { branch, commit, tree, path } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    const seen = await withView(context);
    const change = await findChange(context, branch);
    await putAck(tree, path, world.people.grace);
    const later = world.commit(tree, { branch, parents: [commit] });
    expect((await mergeChange(seen, change, {})).commit).toBe(later);
    expect(world.branches().has(branch)).toBe(false);
  });

  test('a nack that comes between the gate and the push stops the merge', async () => {
    const { branch, commit, tree, path } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    const seen = await withView(context);
    const change = await findChange(context, branch);
    await putNack(tree, path, world.people.grace);
    world.commit(tree, { branch, parents: [commit] });
    await expect(() => mergeChange(seen, change, {})).toFailWith('E_WITHDRAWN');
    expect(world.branches().get('main')).toBe(world.head);
  });

  test('a host that keeps branches from being removed still merges', async () => {
    world.host.keepBranches(true);
    const { branch, commit } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    await merge(context, branch);
    expect(world.branches().get('main')).toBe(commit);
    expect(world.branches().has(branch)).toBe(true);
    expect(world.warnings.join()).toContain('could not be removed');
    world.host.keepBranches(false);
  });

  test('close moves the branch to pullthrough-closed/, valid or not, in one step', async () => {
    const { branch, commit } = await world.propose('v1.0.0', { by: world.people.eve });
    expect(await closeChange(context, branch)).toEqual({ branch, closed: closedBranch(branch) });
    expect(world.branches().get(closedBranch(branch))).toBe(commit);
    expect(world.branches().has(branch)).toBe(false);
    await expect(() => closeChange(context, branch)).toFailWith('E_NO_CHANGE');
  });

  test('close is for proposals and policies: never for a nack of a merged record', async () => {
    const nack = `pullthrough-nack/x/${world.people.ada.fingerprint}`;
    world.commit(world.tree, { branch: nack, parents: [world.head] });
    await expect(() => closeChange(context, nack)).toFailWith('E_NO_CHANGE');
    await expect(() => closeChange(context, 'main')).toFailWith('E_NO_CHANGE');
  });

  test('a policy that is closed makes room for another of its number, and can be reopened', async () => {
    const commit = world.commit(world.tree, { branch: 'pullthrough-trust/9', parents: [world.head] });
    const closed = 'pullthrough-closed/pullthrough-trust/9';
    expect(await closeChange(context, 'pullthrough-trust/9')).toEqual({ branch: 'pullthrough-trust/9', closed });
    expect(world.branches().has('pullthrough-trust/9')).toBe(false);
    await reopenChange(context, 'pullthrough-trust/9');
    expect(world.branches().get('pullthrough-trust/9')).toBe(commit);
    expect(world.branches().has(closed)).toBe(false);
  });

  test('a policy whose number the ledger has by now is not reopened', async () => {
    world.commit(world.tree, { branch: 'pullthrough-closed/pullthrough-trust/1', parents: [world.head] });
    await expect(() => reopenChange(context, 'pullthrough-trust/1')).toFailWith('E_NO_CHANGE');
  });

  test('reopen moves a closed branch back as it is, by either of its names', async () => {
    const { branch, commit } = await world.propose('v1.0.0', { by: world.people.eve });
    await expect(() => reopenChange(context, branch)).toFailWith('E_NO_CHANGE');
    for (const name of [branch, closedBranch(branch)]) {
      await closeChange(context, branch);
      expect(await reopenChange(context, name)).toEqual({ branch });
      expect(world.branches().get(branch)).toBe(commit);
      expect(world.branches().has(closedBranch(branch))).toBe(false);
    }
  });

  test('closing does not put a branch instead of a closed one that holds a nack of its own', async () => {
    const { branch, path, tree } = await world.propose('v1.0.0');
    const nacked = new Map(tree);
    await putNack(nacked, path, world.people.ada);
    const kept = world.commit(nacked, { branch: closedBranch(branch), parents: [world.head] });
    await expect(() => closeChange(context, branch)).toFailWith('E_EXISTS');
    expect(world.branches().get(closedBranch(branch))).toBe(kept);
  });

  test('bytes that are nacked on another branch are not merged', async () => {
    const { ada, grace } = world.people;
    const { branch, path, tree } = await world.propose('v1.0.0', { acks: [ada] });
    const nacked = new Map(tree);
    await putNack(nacked, path, grace);
    world.commit(nacked, { branch: closedBranch(branch), parents: [world.head] });
    await expect(() => merge(context, branch)).toFailWith('E_WITHDRAWN');
    expect(world.branches().get('main')).toBe(world.head);
  });

  test('a policy that drops the key of a nack on an open proposal is not merged; retiring that key is fine', async () => {
    const { root, bot, ada, grace } = world.people;
    const { branch, path, tree } = await world.propose('v1.0.0');
    await putNack(tree, path, grace);
    world.commit(tree, { branch, parents: [world.head] });
    const version = Number(
      world.host
        .paths('main')
        .flatMap((file) => /^trust\/(\d+)\.policy\.json$/.exec(file)?.[1] ?? [])
        .at(-1),
    );
    const next = `pullthrough-trust/${String(version + 1)}`;
    const dropped = new Map(world.tree);
    await putPolicy(dropped, version + 1, { roots: [root], executors: [bot], reviewers: [ada], threshold: 1 }, [root]);
    world.commit(dropped, { branch: next, parents: [world.head] });
    await expect(() => merge(context, next)).toFailWith('E_POLICY_NACK');
    expect(world.branches().get('main')).toBe(world.head);
  });
});
