import { describe, expect, test } from 'vitest';
import { awaitedText, nextStep } from '../../cli/screens/pending-words.ts';
import { requestedTools } from '../../executor/add/requested.ts';
import { findHolder, listPending } from '../../proposals/pending.ts';
import { feedEntries } from '../../owner/feed.ts';
import { listRequests, makeRequest, settleRequest } from '../../proposals/requests.ts';
import type { ReviewerContext } from '../../reviewer/context.ts';
import { parseToolDefinition } from '../../upstream/tool-definition.ts';
import { putAck, putNack, putPolicy } from '../kit/ledger/ledger-tree.ts';
import { World } from '../reviewer/world.ts';
import { worldFor } from '../reviewer/world-for.ts';
import type { Transport } from '../reviewer/world.ts';
import { withView } from '../../proposals/with-view.ts';

const AUTHOR = { name: 'Consumer', email: 'c@acme.example' };

describe('whose turn it is', () => {
  let world: World;
  let context: ReviewerContext;
  worldFor({ threshold: 2 }, (made) => ({ world, context } = made));

  test('is told of everything that is open, in the same words everywhere', async () => {
    const { ada, grace, root, bot } = world.people;
    const half = await world.propose('v1.0.0', { acks: [ada] });
    const none = await world.propose('v1.1.0');
    const ready = await world.propose('v1.2.0');
    await putAck(ready.tree, ready.path, ada);
    await putAck(ready.tree, ready.path, grace);
    world.commit(ready.tree, { branch: ready.branch, parents: [ready.commit] });
    const nacked = await world.propose('v1.3.0');
    await putNack(nacked.tree, nacked.path, grace);
    world.commit(nacked.tree, { branch: nacked.branch, parents: [nacked.commit] });
    const invalid = await world.propose('v1.4.0', { by: world.people.eve });
    const tree = new Map(world.tree);
    await putPolicy(tree, 2, { roots: [root], executors: [bot], reviewers: [ada, grace], threshold: 1 }, []);
    world.commit(tree, { branch: 'pullthrough-trust/2', parents: [world.head] });
    await context.ledger.update();
    await makeRequest(
      context,
      { source: 'github.com', repository: 'acme/wanted' },
      { reason: 'we build with it', author: AUTHOR },
    );

    const seen = await withView(context);
    const pending = await listPending(seen);
    const said = new Map(pending.map((one) => [one.branch, awaitedText(one)]));
    expect(said.get(half.branch)).toBe('one more ack needed, from grace');
    expect(said.get(none.branch)).toBe('two more acks needed, from ada and grace');
    expect(said.get(ready.branch)).toBe('ready to be merged');
    expect(said.get(nacked.branch)).toBe('to be closed: nacked by grace');
    expect(said.get(invalid.branch)).toMatch(/^refused: /);
    expect(said.get('pullthrough-trust/2')).toBe('one more root signature needed, from root');
    expect(said.get('pullthrough-request/github.com/acme/wanted@')).toBe('requested: we build with it');
    expect(pending).toHaveLength(7);

    const forAda = pending.filter(({ from }) => from.includes(findHolder(seen, 'ada')));
    expect(forAda.map(({ branch }) => branch)).toEqual([none.branch]);
    expect(findHolder(seen, grace.fingerprint.slice(-16).toLowerCase())).toBe('grace');
    await expect(() => findHolder(seen, 'nobody')).toFailWith('E_USAGE');
    const steps = new Map(pending.map((one) => [one.branch, nextStep(one)]));
    expect(steps.get(half.branch)).toBe(`pullthrough ack ${half.branch}`);
    expect(steps.get('pullthrough-request/github.com/acme/wanted@')).toBe('pullthrough add acme/wanted');
  });
});

describe.each<Transport>(['file', 'github'])('a request, with a ledger over %s', (transport) => {
  let world: World;
  let context: ReviewerContext;
  worldFor({ transport }, (made) => ({ world, context } = made));

  test('is there once, however often it is made, and is settled once', async () => {
    const wanted = { source: 'github.com', repository: 'jqlang/jq', tag: 'jq-1.7.1' };
    const options = { reason: 'for `builds`', author: AUTHOR };
    await makeRequest(context, wanted, options);
    const again = await makeRequest(context, wanted, options);
    await context.ledger.update();
    const open = await listRequests(context);
    expect(open).toMatchObject([wanted]);
    expect(open[0]?.reason).toBe('for `builds`');
    expect(open[0]?.branch ?? open[0]?.issue?.url).toBe(again.branch ?? again.issue?.url);
    await settleRequest(context, { ...wanted, ...open[0], reason: '', by: undefined, since: undefined }, 'taken up');
    await context.ledger.update();
    expect(await listRequests(context)).toEqual([]);
  });

  test('hides nothing but itself where issues can not be read', async () => {
    const { branch } = await world.propose('v1.0.0');
    world.upstream.faults.answer({ match: /GET .*\/issues/, status: 410, message: 'Issues are disabled', times: 9 });
    const pending = await listPending(await withView(context));
    expect(pending.map((one) => one.branch)).toContain(branch);
    world.upstream.faults.clear();
  });

  test('of a name that no record can have is refused', async () => {
    const wanted = { source: 'github.com', repository: 'acme' };
    await expect(() => makeRequest(context, wanted, { author: AUTHOR })).toFailWith('E_NAME');
  });
});

test('requested tags are mirrored of tools that have a tool.ini, and of no others', () => {
  const tool = (repository: string) => ({
    source: 'github.com',
    repository,
    label: repository,
    definition: parseToolDefinition('', 'tool.ini'),
  });
  const request = (repository: string, tag?: string) => ({
    source: 'github.com',
    repository,
    ...(tag === undefined ? {} : { tag }),
    reason: '',
    by: undefined,
    since: undefined,
  });
  const requests = [
    request('Acme/Tool', 'v1'),
    request('acme/tool', 'v2'),
    request('acme/other', 'v1'),
    request('acme/tool'),
  ];
  expect(requestedTools([tool('acme/tool'), tool('acme/third')], requests)).toMatchObject([
    { label: 'acme/tool', definition: { select: { kind: 'tags', tags: ['v1', 'v2'] } } },
  ]);
});

test('a feed tells of proposals, acks, nacks and policies, merged or open, the newest first', async () => {
  await using world = await World.start();
  const context = await world.context();
  const { ada, grace } = world.people;
  const merged = await world.propose('v1.0.0');
  const acked = new Map(merged.tree);
  await putAck(acked, merged.path, ada);
  world.commit(acked, { branch: 'main', parents: [merged.commit] });
  world.host.remove(merged.branch);
  world.follow();
  const open = await world.propose('v1.1.0');
  await putNack(open.tree, open.path, grace);
  world.commit(open.tree, { branch: open.branch, parents: [open.commit] });
  const entries = await feedEntries(await withView(context), 10);
  const tool = world.tool.fullName;
  expect(new Set(entries.map(({ title, by }) => `${title} | ${title.startsWith('proposed') ? '' : by}`))).toEqual(
    new Set([
      `proposed: ${tool} v1.0.0 | `,
      `acknowledged: ${tool} v1.0.0 | ada`,
      `proposed: ${tool} v1.1.0 | `,
      `nacked: ${tool} v1.1.0 | grace`,
      expect.stringMatching(/^trust policy 1/) as string,
    ]),
  );
  expect(await feedEntries(await withView(context), 2)).toHaveLength(2);
});
