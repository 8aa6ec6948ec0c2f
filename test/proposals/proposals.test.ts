import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { createPull, closePull } from '../../github/pulls.ts';
import { ackPath } from '../../ledger-schema/names/layout.ts';
import { proposalBranch } from '../../ledger-schema/names/branches.ts';
import { parseChangeName } from '../../proposals/change-name.ts';
import { findChange } from '../../proposals/list-changes.ts';
import type { ReviewerContext } from '../../reviewer/context.ts';
import { openProposals } from '../../proposals/open-proposals.ts';
import { GitLedger } from '../kit/ledger/git-ledger.ts';
import { putAck, putNack } from '../kit/ledger/ledger-tree.ts';
import { LEDGER } from '../reviewer/world.ts';
import type { World } from '../reviewer/world.ts';
import { worldFor } from '../reviewer/world-for.ts';

describe('CHANGE', () => {
  test.each([
    ['7', { kind: 'pull', number: 7 }],
    ['#7', { kind: 'pull', number: 7 }],
    ['pullthrough/github.com/acme/tool/v1', { kind: 'branch', branch: 'pullthrough/github.com/acme/tool/v1' }],
    ['refs/heads/x', { kind: 'branch', branch: 'x' }],
    ['acme/tool@v1', { kind: 'release', source: 'github.com', repository: 'acme/tool', tag: 'v1' }],
    [
      'pullthrough/pullthrough@v1/x',
      { kind: 'release', source: 'github.com', repository: 'pullthrough/pullthrough', tag: 'v1/x' },
    ],
    [
      'GHE.acme.example/acme/tool@tag:latest',
      { kind: 'release', source: 'ghe.acme.example', repository: 'acme/tool', tag: 'latest' },
    ],
    ['pullthrough/github.com/acme/tool/v1@2', { kind: 'branch', branch: 'pullthrough/github.com/acme/tool/v1@2' }],
  ])('%s', (text, name) => {
    expect(parseChangeName(text, LEDGER)).toEqual(name);
  });

  test('the URL of a pull request, whatever follows it', () => {
    const url = 'https://github.com/Acme/Ledger/pull/12/files#diff';
    expect(parseChangeName(url, LEDGER)).toMatchObject({ kind: 'pull', number: 12 });
  });

  test.each([
    ['', LEDGER],
    ['acme/tool@latest', LEDGER],
    ['acme/tool@>=1', LEDGER],
    ['acme/tool@', LEDGER],
    [`acme/tool@${'v'.repeat(300)}`, LEDGER],
    ['-x', LEDGER],
    ['a b', LEDGER],
    ['..', LEDGER],
    ['x;$(id)', LEDGER],
    ['x'.repeat(2000), LEDGER],
    ['https://github.com/acme/ledger/issues/12', LEDGER],
    ['https://github.com/acme/other/pull/12', LEDGER],
    ['https://', LEDGER],
    ['7', undefined],
    ['https://github.com/acme/ledger/pull/12', undefined],
  ])('%s is none', async (text, repository) => {
    await expect(() => parseChangeName(text, repository)).toFailWith('E_USAGE');
  });
});

describe('on plain git', () => {
  let world: World;
  let context: ReviewerContext;
  worldFor(
    {},
    (made) => ({ world, context } = made),
    (each) => each.restart(),
  );

  test('every branch of a valid proposal is one, in the order of their names', async () => {
    const second = await world.propose('v2.0.0');
    const first = await world.propose('v1.0.0', { acks: [world.people.ada] });
    const { proposals, refused } = await openProposals(context, undefined);
    expect(proposals.map(({ branch, commit }) => ({ branch, commit }))).toEqual(
      [first, second].map(({ branch, commit }) => ({ branch, commit })),
    );
    expect(proposals.map(({ record }) => record.state)).toEqual(['acknowledged', 'proposed']);
    expect(refused).toEqual([]);
  });

  test('a branch whose name is none that a change can have is ignored, and said once', async () => {
    world.host.point('pullthrough/x;$(id)', world.head);
    world.host.point('pullthrough-trust/`id`', world.head);
    for (let look = 0; look < 2; look++) {
      expect(await openProposals(context, undefined)).toMatchObject({ proposals: [], refused: [] });
    }
    expect(world.warnings.filter((text) => text.includes('no change has such a name'))).toEqual([
      'ignored, because no change has such a name: the branch pullthrough-trust/`id` and 1 more',
    ]);
    await expect(() => openProposals(context, 'pullthrough/x;$(id)')).toFailWith('E_USAGE');
  });

  test('a sign by anybody but an executor makes no proposal', async () => {
    const { branch } = await world.propose('v1.0.0', { by: world.people.eve });
    const { proposals, refused } = await openProposals(context, undefined);
    expect(proposals).toEqual([]);
    expect(refused).toMatchObject([{ change: { branch }, error: { code: 'E_SIG_UNLISTED' } }]);
    await expect(() => openProposals(context, branch)).toFailWith('E_SIG_UNLISTED');
  });

  test('a change that adds anything else beside its record is refused', async () => {
    const { tree, branch } = await world.propose('v1.0.0');
    tree.set('README.md', Buffer.from('hello'));
    world.commit(tree, { branch, parents: [world.head] });
    await expect(() => openProposals(context, branch)).toFailWith('E_CHANGE');
    expect((await openProposals(context, undefined)).refused).toHaveLength(1);
  });

  test('two records in one branch are not proposal', async () => {
    const { branch, tree } = await world.propose('v1.0.0');
    const other = await world.record(await world.release('v1.0.1'));
    for (const [path, bytes] of other.tree) tree.set(path, bytes);
    world.commit(tree, { branch, parents: [world.head] });
    await expect(() => openProposals(context, branch)).toFailWith('E_CHANGE');
  });

  test('a record on a branch that is named after another one is not a proposal', async () => {
    const { tree } = await world.record(await world.release('v1.0.0'));
    world.commit(tree, { branch: 'pullthrough/github.com/acme/tool/v9', parents: [world.head] });
    await expect(() => openProposals(context, 'pullthrough/github.com/acme/tool/v9')).toFailWith('E_CHANGE');
  });

  test('a branch without common history is refused', async () => {
    const { tree, branch } = await world.propose('v1.0.0');
    world.commit(tree, { branch });
    await expect(() => openProposals(context, branch)).toFailWith('E_UNRELATED');
  });

  test('a branch that was merged and stayed says nothing', async () => {
    const { tree, branch } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    world.merge(tree);
    const { proposals, refused } = await openProposals(context, undefined);
    expect([proposals, refused]).toEqual([[], []]);
    await expect(() => openProposals(context, branch)).toFailWith('E_NO_CHANGE');
  });

  test('acks that came after the merge are a late ack', async () => {
    const { tree, branch, path } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    world.merge(new Map(tree));
    await putAck(tree, path, world.people.grace);
    world.commit(tree, { branch, parents: [world.host.at(branch)] });
    const { proposals } = await openProposals(context, undefined);
    expect(proposals).toMatchObject([{ adds: 'ack', record: { ackHolders: ['ada', 'grace'] } }]);
  });

  test('a nacked proposal is one, and withdrawn', async () => {
    const { tree, branch, path } = await world.propose('v1.0.0');
    await putNack(tree, path, world.people.ada);
    world.commit(tree, { branch, parents: [world.head] });
    expect((await openProposals(context, undefined)).proposals).toMatchObject([
      { adds: 'record', record: { state: 'withdrawn' } },
    ]);
  });

  test('an ack by a key that is not a reviewer’s is refused, and so is the branch', async () => {
    const { tree, branch, path } = await world.propose('v1.0.0');
    tree.set(ackPath(path, world.people.eve.fingerprint), await world.people.eve.sign(Buffer.from('x')));
    world.commit(tree, { branch, parents: [world.head] });
    await expect(() => openProposals(context, branch)).toFailWith('E_SIG_UNLISTED');
  });

  test.each(['main', 'pullthrough/none', 'pullthrough-closed/x', 'a..b'])('%s is not an open change', async (name) => {
    await context.ledger.update();
    await expect(() => findChange(context, name)).toFailWith('E_NO_CHANGE');
  });

  test('a new name of a repository is told the open proposals of that tag', async () => {
    await world.propose('v1.0.0');
    await context.ledger.update();
    await expect(findChange(context, 'new-owner/new-name@v1.0.0')).rejects.toMatchObject({
      code: 'E_NO_CHANGE',
      hint: expect.stringMatching(
        new RegExp(`^${world.tool.fullName}@v1\\.0\\.0 is open, if the repository was renamed; 'pullthrough review'`),
      ) as string,
    });
    await expect(findChange(context, 'new-owner/new-name@v9')).rejects.toMatchObject({
      hint: expect.stringMatching(/^'pullthrough review'/) as string,
    });
  });

  test('a tag that git refuses for a branch is proposed under its digest', async () => {
    const { branch, path } = await world.propose('v1..0');
    expect(branch).toMatch(/^pullthrough\/[0-9a-f]{64}$/);
    expect((await openProposals(context, undefined)).proposals).toMatchObject([{ record: { path } }]);
  });
});

describe('on GitHub', () => {
  let world: World;
  let context: ReviewerContext;
  worldFor({ transport: 'github' }, (made) => ({ world, context } = made));

  test('a proposal by the number and the URL of its pull request, and by its branch', async () => {
    const { branch, commit } = await world.propose('v1.0.0');
    const pull = world.ledger?.pulls.at(-1);
    await context.ledger.update();
    const found = { kind: 'proposal', branch, commit, pull: { number: pull?.number } };
    expect(await findChange(context, String(pull?.number))).toMatchObject(found);
    expect(await findChange(context, `${world.upstream.web}/${LEDGER}/pull/${pull?.number}`)).toMatchObject(found);
    expect(await findChange(context, branch)).toMatchObject(found);
    const elsewhere = `https://github.com/${LEDGER}/pull/${pull?.number}`;
    await expect(() => findChange(context, elsewhere)).toFailWith('E_USAGE');
    await expect(() => findChange(context, '9999')).toFailWith('E_NO_CHANGE');
  });

  test('a pull request that a person closed is not a proposal, though its branch is there', async () => {
    const { branch } = await world.propose('v1.0.0');
    const number = world.ledger?.pulls.at(-1)?.number ?? 0;
    await closePull(world.client(), LEDGER, number);
    const { proposals } = await openProposals(context, undefined);
    expect(proposals.map((proposal) => proposal.branch)).not.toContain(branch);
    await expect(() => findChange(context, branch)).toFailWith('E_NO_CHANGE');
    await expect(() => findChange(context, String(number))).toFailWith('E_NO_CHANGE');
  });

  test("a stranger's pull request on the same path neither blocks nor confuses", async () => {
    const { branch, commit, tree } = await world.propose('v1.0.0');
    using fork = new GitLedger();
    execFileSync('git', ['fetch', '--quiet', world.git.directory, 'main:main'], { cwd: fork.directory });
    fork.commit(new Map(tree).set('packages/x', Buffer.from('evil')), { branch, parents: [world.head] });
    const mine = world.ledger;
    if (mine === undefined) throw new Error('no ledger');
    const theirs = world.upstream.addRepository('mallory/ledger', { git: fork.directory, forkOf: mine });
    world.upstream.addToken('stranger', { login: 'mallory', access: 'read' });
    const pull = await createPull(world.client(), LEDGER, {
      title: 'the same \u202e',
      head: `mallory:${branch}`,
      base: 'main',
      body: '',
    }).catch(() => undefined);
    const number = pull?.number ?? mine.pulls.at(-1)?.number ?? 0;
    expect(mine.pulls.at(-1)?.headRepository).toBe(theirs);

    const { proposals, strangers, refused } = await openProposals(context, undefined);
    expect(refused).toEqual([]);
    expect(proposals.find((proposal) => proposal.branch === branch)).toMatchObject({ commit });
    expect(strangers).toMatchObject([{ number, branch }]);
    await expect(() => findChange(context, String(number))).toFailWith('E_STRANGER');
    expect(await findChange(context, branch)).toMatchObject({ commit });
  });

  test('the branch of a proposal that was merged and removed is not an open change', async () => {
    const branch = proposalBranch('packages/github.com/acme/tool/v404');
    await context.ledger.update();
    await expect(() => findChange(context, branch)).toFailWith('E_NO_CHANGE');
  });
});
