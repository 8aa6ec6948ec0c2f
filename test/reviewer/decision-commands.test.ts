import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../cli/wiring/run-command.ts';
import { nackPath } from '../../ledger-schema/names/layout.ts';
import { closedBranch, nackBranch } from '../../ledger-schema/names/branches.ts';
import { Written } from '../kit/worlds/cli-world.ts';
import { person } from '../kit/ledger/people.ts';
import { LEDGER } from './world.ts';
import { configure, json, keyOf, pullthrough, startWorld, usePlainGit, world } from './command-line.ts';

describe('on plain git', () => {
  usePlainGit();

  test('a proposal that a reviewer nacked is left alone by ack without CHANGE, and refused by name', async () => {
    const { branch } = await world.propose('v1.0.0');
    const key = ['--key', keyOf(world.people.ada)];
    const release = `${world.tool.fullName}@v1.0.0`;
    expect(await json(['nack', release, ...key, '--reason', 'wrong', '--yes'])).toMatchObject({ code: 0 });
    expect(await json(['ack', '--yes', ...key])).toMatchObject({ code: 0, acks: [{ action: 'withdrawn', branch }] });
    expect(await json(['ack', release, ...key])).toMatchObject({ code: 3, error: { code: 'E_WITHDRAWN' } });
  });

  test('nack needs a reason and an answer, and shows what it withdraws and who acknowledged it', async () => {
    const { ada } = world.people;
    const { branch, commit } = await world.propose('v1.0.0', { acks: [ada] });
    const argv = ['nack', `${world.tool.fullName}@v1.0.0`, '--key', keyOf(world.people.grace)];
    expect(await json([...argv, '--yes'])).toMatchObject({ code: 2, error: { code: 'E_USAGE' } });
    expect(await json([...argv, '--reason', ' '])).toMatchObject({ code: 2, error: { code: 'E_USAGE' } });
    expect(await json([...argv, '--reason', 'x'])).toMatchObject({ code: 2, error: { code: 'E_CONFIRM' } });
    const no = await pullthrough([...argv, '--reason', 'x'], ['n']);
    expect(no.stdout).toMatch(
      /v1.0.0 of github.com: an open proposal\n {2}files +2 files, .*\n.*\n {2}acked by +ada\n/,
    );
    expect(no.code).toBe(0);
    expect(world.branches().get(branch)).toBe(commit);
    expect(await pullthrough([...argv, '--reason', 'x'], ['y'])).toMatchObject({ code: 0 });
    expect(world.branches().get(branch)).not.toBe(commit);
  });

  test('a release names its proposal to review, ack, close and merge, in any case of the tool', async () => {
    const { branch } = await world.propose('v1.0.0');
    const release = `${world.tool.fullName.toUpperCase()}@v1.0.0`;
    expect(await json(['review', release])).toMatchObject({ code: 0, reviews: [{ branch }] });
    expect(await json(['review', `github.com/${release}`])).toMatchObject({ code: 0, reviews: [{ branch }] });
    expect(await json(['ack', release, '--key', keyOf(world.people.ada)])).toMatchObject({
      code: 0,
      acks: [{ branch }],
    });
    expect(await json(['ledger', 'merge', release])).toMatchObject({ code: 0, changes: [{ action: 'merged' }] });
    expect(await json(['review', release])).toMatchObject({ code: 1, error: { code: 'E_NO_CHANGE' } });
    expect(await json(['review', `${world.tool.fullName}@latest`])).toMatchObject({
      code: 2,
      error: { code: 'E_USAGE' },
    });
  });

  test('with --yes ack signs all that compare equal, and no other', async () => {
    const good = await world.propose('v1.0.0');
    const bad = await world.propose('v2.0.0');
    await bad.release.replaceAsset('tool-linux-amd64', { size: 40_000, seed: 9 });
    const also = await world.propose('v3.0.0');
    const document = await json(['ack', '--yes', '--key', keyOf(world.people.ada)]);
    expect(document).toMatchObject({
      code: 3,
      acks: [
        { action: 'acked', branch: good.branch },
        { action: 'acked', branch: also.branch },
      ],
    });
    expect(world.branches().get(bad.branch)).toBe(bad.commit);
  });

  test('a branch that the gate refuses is reported by ack too, and why', async () => {
    const { branch } = await world.propose('v2.0.0', { by: world.people.eve });
    expect(await json(['ack', '--yes', '--key', keyOf(world.people.ada)])).toMatchObject({
      code: 3,
      acks: [],
      refused: [{ branch, error: { code: 'E_SIG_UNLISTED', hint: expect.any(String) as string } }],
    });
  });

  test('an upstream that says no to one proposal does not end the sitting', async () => {
    await world.propose('v1.0.0');
    const { branch } = await world.propose('v2.0.0');
    world.upstream.faults.forbidden({ match: /releases\/tags\/v1\.0\.0/ });
    const document = await json(['ack', '--yes', '--key', keyOf(world.people.ada)]);
    expect(document).toMatchObject({ code: 4, error: { code: 'E_PARTIAL' }, acks: [{ action: 'acked', branch }] });
  });

  test('at a terminal ack asks for each, and only yes is yes', async () => {
    const first = await world.propose('v1.0.0');
    const second = await world.propose('v2.0.0');
    const third = await world.propose('v3.0.0');
    const { code } = await pullthrough(['ack', '--key', keyOf(world.people.ada)], ['y', '', 'no']);
    expect(code).toBe(0);
    expect(world.branches().get(first.branch)).not.toBe(first.commit);
    expect(world.branches().get(second.branch)).toBe(second.commit);
    expect(world.branches().get(third.branch)).toBe(third.commit);
  });

  test('ack --json asks nobody, for it shows nothing to answer by', async () => {
    const { branch, commit } = await world.propose('v1.0.0');
    const { code, stdout } = await pullthrough(['ack', '--json', '--key', keyOf(world.people.ada)], ['y']);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'E_CONFIRM' } });
    expect(code).toBe(2);
    expect(world.branches().get(branch)).toBe(commit);
  });

  test('with merge = acknowledged ack merges', async () => {
    configure('merge = acknowledged');
    const { branch } = await world.propose('v1.0.0');
    const document = await json(['ack', branch, '--key', keyOf(world.people.ada)]);
    expect(document).toMatchObject({ code: 0, acks: [{ action: 'acked', merged: world.branches().get('main') }] });
    expect(world.branches().has(branch)).toBe(false);
    for (const change of [branch, `${world.tool.fullName}@v1.0.0`]) {
      const again = await json(['ack', change, '--key', keyOf(world.people.ada)]);
      expect(again).toMatchObject({ code: 0, acks: [{ action: 'already', branch }] });
    }
    const other = await json(['ack', branch, '--key', keyOf(world.people.grace)]);
    expect(other).toMatchObject({ code: 0, acks: [{ action: 'acked', merged: world.branches().get('main') }] });
    expect(world.branches().has(branch)).toBe(false);
  });

  test('ack of a new name of a repository says what is recorded, or open, under names like it', async () => {
    const { ada } = world.people;
    const { branch } = await world.propose('v1.0.0', { acks: [ada] });
    const [owner = '', repo = ''] = world.tool.fullName.split('/');
    const ack = async () => (await json(['ack', `new-${owner}/${repo}@v1.0.0`, '--key', keyOf(ada)])).error;
    const open = await ack();
    expect(open?.code).toBe('E_NO_CHANGE');
    expect(open?.hint).toContain(`${world.tool.fullName}@v1.0.0 is open, if the repository was renamed; `);
    expect(await pullthrough(['ledger', 'merge', branch])).toMatchObject({ code: 0 });
    const recorded = await ack();
    expect(recorded?.code).toBe('E_NO_CHANGE');
    expect(recorded?.hint).toContain(`the ledger has ${world.tool.fullName}: a repository that was renamed stays`);
  });

  test('nack, its merge, and a nack of nothing', async () => {
    const { ada } = world.people;
    const { path, branch } = await world.propose('v1.0.0', { acks: [ada] });
    expect(await pullthrough(['ledger', 'merge', branch])).toMatchObject({ code: 0 });
    const tool = world.tool.fullName;
    const nacked = await pullthrough(['nack', `${tool}@v1.0.0`, '--key', keyOf(ada), '--reason', 'wrong', '--yes']);
    expect(nacked.stdout).toContain(`the nack of ${tool} v1.0.0 is proposed`);
    expect(nacked.code).toBe(0);
    const proposed = nackBranch(path, ada.fingerprint);
    const done = await pullthrough(['ledger', 'merge', proposed]);
    expect(done.stdout).toContain(`nack of ${tool} v1.0.0 is merged`);
    expect(done.code).toBe(0);
    const flags = ['--key', keyOf(ada), '--reason', 'wrong', '--yes'];
    expect((await json(['nack', `${tool}@v9`, ...flags])).error?.code).toBe('E_NO_CHANGE');
    const long = await json(['nack', `${tool}@${'v'.repeat(300)}`, ...flags]);
    expect(long).toMatchObject({ code: 2, error: { code: 'E_USAGE' } });
    expect(await json(['nack', `${tool}@latest`, ...flags])).toMatchObject({
      code: 2,
      error: { code: 'E_USAGE' },
    });
  });

  test('ledger merge: a named one that is not ready is exit 3, an unnamed one is listed', async () => {
    const ready = await world.propose('v1.0.0', { acks: [world.people.ada] });
    const waiting = await world.propose('v2.0.0');
    expect(await json(['ledger', 'merge', waiting.branch])).toMatchObject({
      code: 3,
      error: { code: 'E_NOT_ACKNOWLEDGED' },
    });
    const { code, stdout } = await pullthrough(['ledger', 'merge']);
    expect(code).toBe(0);
    expect(stdout).toContain('v1.0.0 is merged');
    expect(stdout).toContain('v2.0.0 is not ready');
    expect(world.branches().has(ready.branch)).toBe(false);
  });

  test('ledger close', async () => {
    const { branch } = await world.propose('v1.0.0');
    expect(await pullthrough(['ledger', 'close', branch])).toMatchObject({ code: 0 });
    expect(world.branches().has(closedBranch(branch))).toBe(true);
    expect(await json(['ledger', 'close', branch])).toMatchObject({ code: 1, error: { code: 'E_NO_CHANGE' } });
  });

  test('a ledger that is older than it was seen is refused by all who sign, merge or close by it', async () => {
    const { ada } = world.people;
    const before = world.host.at('main');
    const merged = await world.propose('v1.0.0', { acks: [ada] });
    expect(await pullthrough(['ledger', 'merge', merged.branch])).toMatchObject({ code: 0 });
    const newer = world.host.at('main');
    const { branch } = await world.propose('v2.0.0');
    expect(await pullthrough(['ledger', 'status'])).toMatchObject({ code: 0 });
    world.host.point('main', before);
    const key = ['--key', keyOf(ada)];
    for (const argv of [
      ['review', branch],
      ['ack', branch, ...key],
      ['nack', `${world.tool.fullName}@v2.0.0`, ...key, '--reason', 'wrong', '--yes'],
      ['ledger', 'merge', branch],
      ['ledger', 'close', branch],
      ['ledger', 'status'],
      ['pending'],
    ]) {
      expect(await json(argv), argv.join(' ')).toMatchObject({ code: 3, error: { code: 'E_ROLLBACK' } });
    }
    expect(world.branches().has(branch)).toBe(true);
    world.host.point('main', newer);
  });

  test('ledger status tells of what is open, whatever branch of a merged proposal is left', async () => {
    const left = await world.propose('v1.0.0', { acks: [world.people.ada] });
    // Merged by hand, with plain git.
    world.host.point('main', left.commit);
    world.follow();
    const open = await world.propose('v2.0.0');
    const { code, stdout } = await pullthrough(['ledger', 'status', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ proposals: [{ branch: open.branch, missing: 1 }] });
  });

  test('ledger merge works in the ledger itself, without a mirror.ini', async () => {
    const { branch } = await world.propose('v1.0.0', { acks: [world.people.ada] });
    const [stdout, stderr] = [new Written(), new Written()];
    const code = await run({
      argv: ['ledger', 'merge', branch],
      env: {
        PATH: process.env.PATH,
        XDG_CACHE_HOME: join(world.folder, 'xdg'),
        XDG_STATE_HOME: join(world.folder, 'state'),
      },
      cwd: world.git.directory,
      stdin: new PassThrough(),
      stdout,
      stderr,
      now: new Date(),
      signal: new AbortController().signal,
    });
    expect({ code, text: stderr.text }).toMatchObject({ code: 0 });
  });
});

describe('on GitHub', () => {
  beforeAll(async () => {
    await startWorld({ transport: 'github' });
    configure();
    return () => world[Symbol.asyncDispose]();
  });

  test('review, ack, merge and close by the numbers of pull requests', async () => {
    await world.propose('v1.0.0');
    const pull = world.ledger?.pulls.at(-1);
    const number = String(pull?.number);
    expect(await json(['review', number])).toMatchObject({
      code: 0,
      reviews: [{ verdict: 'same', pull: { number: 1 } }],
    });
    expect(await json(['ack', number, '--key', keyOf(world.people.ada)])).toMatchObject({
      code: 0,
      acks: [{ missing: 0 }],
    });
    const merged = await json(['ledger', 'merge', `${world.upstream.web}/${LEDGER}/pull/${number}`]);
    expect(merged).toMatchObject({ code: 0, changes: [{ action: 'merged', pull: { number: 1 } }], strangers: [] });
    expect(pull).toMatchObject({ state: 'closed', mergeSha: merged.changes[0]?.commit });
    world.follow();
    await world.propose('v2.0.0');
    const second = world.ledger?.pulls.at(-1);
    expect(await pullthrough(['ledger', 'close', `#${second?.number}`])).toMatchObject({ code: 0 });
    expect(second).toMatchObject({ state: 'closed', mergeSha: null });
  });

  test('trust propose tells its pull request as every other command does', async () => {
    const url = `${world.upstream.web}/${LEDGER}/pull/3`;
    expect(await json(['trust', 'propose', '--expires', '400d'])).toMatchObject({ code: 0, pull: { number: 3, url } });
  });
});

test('a reviewer whose key has expired nacks with its file, and acks nothing', async () => {
  const rita = await person('rita', { made: new Date(Date.now() - 10 * 86_400_000), lives: 3600 });
  await startWorld({ transport: 'file', roles: { reviewers: [await person('ada'), rita] } });
  await using closing = world;
  configure();
  const { branch, path } = await closing.propose('v1.0.0');
  const key = ['--key', keyOf(rita)];
  expect(await json(['ack', branch, ...key])).toMatchObject({ code: 2, error: { code: 'E_SIGNING_KEY' } });
  expect(await json(['nack', `${world.tool.fullName}@v1.0.0`, ...key, '--reason', 'x', '--yes'])).toMatchObject({
    code: 0,
    action: 'nacked',
  });
  expect(world.host.paths(branch)).toContain(nackPath(path, rita.fingerprint));
  expect(await json(['ledger', 'merge', branch])).toMatchObject({ code: 3, error: { code: 'E_WITHDRAWN' } });
});
