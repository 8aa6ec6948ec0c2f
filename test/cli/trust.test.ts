import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { putNack, putPolicy, putRecord } from '../kit/ledger/ledger-tree.ts';
import { cases, fixture } from '../fixtures/openpgp/read.ts';
import { gnupg } from '../kit/gpg-fixture.ts';
import { runCli } from '../kit/worlds/cli-world.ts';
import {
  ada,
  bot,
  cli,
  commitRecords,
  folder,
  grace,
  init,
  keyOf,
  linus,
  named,
  rotate,
  tree,
  useFolder,
} from './trust-world.ts';

useFolder();

test.each([
  ['review', []],
  ['ack', () => [...keyOf(ada), '--yes']],
  ['ledger', () => ['merge']],
  ['ledger', () => ['status']],
  ['trust', () => ['show']],
] as const)(
  '%s refuses a ledger that is older than it was seen, and --state says where that is kept',
  async (name, more) => {
    const argv = [name, ...(typeof more === 'function' ? more() : more)];
    await init({ roots: [ada] });
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: join(folder, 'ledger.git') })
        .toString()
        .trim();
    const older = git('rev-parse', 'main');
    tree.set('README.md', Buffer.from('newer'));
    commitRecords();
    writeFileSync(join(folder, 'mirror.ini'), '[ledger]\nrepository = ./ledger.git\n');
    expect(await cli(['trust', 'show'], folder)).toMatchObject({ code: 0 });
    git('update-ref', 'refs/heads/main', older);
    expect(await cli(argv, folder)).toMatchObject({ code: 3, error: { code: 'E_ROLLBACK' } });
    const elsewhere = await cli([...argv, '--state', 'other-state'], folder);
    expect(elsewhere.error?.code).not.toBe('E_ROLLBACK');
    expect(existsSync(join(folder, 'other-state', 'ledgers'))).toBe(true);
  },
);

test('each ledger draws an id of its own, and every policy names the one before', async () => {
  await init({ roots: [ada] });
  const first = await cli(['trust', 'show']);
  expect(first.policy.ledger).toMatch(/^[0-9a-f]{32}$/);
  expect(first.policy).not.toHaveProperty('previous');
  const second = await rotate(['--threshold', '2'], ada);
  expect(second.policy).toMatchObject({ ledger: first.policy.ledger, version: 2, previous: first.sha256 });
  for (const name of ['ledger.git', 'state']) rmSync(join(folder, name), { recursive: true });
  await init({ roots: [ada] });
  expect((await cli(['trust', 'show'])).policy.ledger).not.toBe(first.policy.ledger);
});

test('trust sign signs no policy that was made for another ledger, or to follow another policy', async () => {
  await init({ roots: [ada, grace], threshold: 1 });
  const roles = { roots: [ada, grace], executors: [bot], reviewers: [ada, grace] };
  const { ledger } = (await cli(['trust', 'show'])).policy;
  const proposed = async (more: { ledger: string; previous?: string }): Promise<void> => {
    const policy = await putPolicy(new Map(tree), 2, { ...roles, ...more }, []);
    const branch = 'refs/heads/pullthrough-trust/2';
    const commit = `commit ${branch}\ncommitter T <t@x> 1700000000 +0000\ndata 1\nx\nfrom refs/heads/main^0\n`;
    const file = Buffer.from(`M 100644 inline trust/2.policy.json\ndata ${policy.length}\n`);
    const input = Buffer.concat([Buffer.from(commit), file, policy]);
    execFileSync('git', ['fast-import', '--quiet', '--force'], { cwd: join(folder, 'ledger.git'), input });
  };
  await proposed({ ledger: 'b'.repeat(32) });
  const other = await cli(['trust', 'sign', ...keyOf(grace)]);
  expect(other).toMatchObject({ code: 3, error: { code: 'E_OTHER_LEDGER' } });
  await proposed({ ledger, previous: 'c'.repeat(64) });
  const dropped = await cli(['trust', 'sign', ...keyOf(grace)]);
  expect(dropped).toMatchObject({ code: 3, error: { code: 'E_POLICY_PREVIOUS' } });
  await proposed({ ledger });
  expect(await cli(['trust', 'sign', ...keyOf(grace)])).toMatchObject({ code: 0, version: 2 });
});

test('trust propose and ledger merge, close and reopen run a notify command only of a mirror.ini that --config names', async () => {
  await init({ roots: [ada] });
  const at = join(folder, 'checkout');
  mkdirSync(at);
  writeFileSync(
    join(at, 'mirror.ini'),
    '[ledger]\nrepository = ../ledger.git\n[notify]\ncommand[] = sh -c "cat >> events"\n',
  );
  const events = () =>
    existsSync(join(at, 'events'))
      ? [...readFileSync(join(at, 'events'), 'utf8').matchAll(/"event":"([a-z-]+)"/g)].map(([, name]) => name)
      : [];
  const change = 'pullthrough-trust/2';
  for (const [more, wanted] of [
    [[], []],
    [
      ['--config', 'mirror.ini'],
      ['policy-proposed', 'closed', 'reopened', 'merged'],
    ],
  ] as const) {
    const next = more.length === 0 ? change : 'pullthrough-trust/3';
    const commands = [
      ['trust', 'propose', '--expires', more.length === 0 ? '300d' : '200d', ...keyOf(ada)],
      ['ledger', 'close', next],
      ['ledger', 'reopen', next],
      ['ledger', 'merge', next],
    ];
    for (const argv of commands) expect(await cli([...argv, ...more], at), argv.join(' ')).toMatchObject({ code: 0 });
    expect(events()).toEqual(wanted);
  }
});

describe('a ledger of two roots', () => {
  test('trusts nothing until both signed policy 1, and rotates with both', async () => {
    await init({ roots: [ada, grace], threshold: 2 });
    expect(await cli(['ledger', 'check'])).toMatchObject({ code: 3, error: { code: 'E_POLICY_THRESHOLD' } });
    expect(await cli(['trust', 'sign', ...keyOf(linus)])).toMatchObject({ code: 3, error: { code: 'E_NOT_ROOT' } });
    expect(await cli(['trust', 'sign', ...keyOf(grace)])).toMatchObject({ code: 0, version: 1 });
    expect(await cli(['ledger', 'check'])).toMatchObject({ code: 0, problems: [] });

    const flags = ['--add-reviewer', named(linus), '--threshold', '2'];
    expect(await cli(['trust', 'propose', ...flags, ...keyOf(ada)])).toMatchObject({ code: 0, version: 2 });
    const early = await cli(['ledger', 'merge', 'pullthrough-trust/2']);
    expect(early).toMatchObject({ code: 3, error: { code: 'E_POLICY_THRESHOLD' } });
    const twice = await cli(['trust', 'propose', ...flags]);
    expect(twice).toMatchObject({ code: 2, error: { code: 'E_EXISTS' } });
    expect(twice.error?.hint).toContain('ledger close pullthrough-trust/2');
    const again = await cli(['trust', 'sign', ...keyOf(ada)]);
    expect(again).toMatchObject({ code: 2, error: { code: 'E_EXISTS' } });
    expect(again.error?.hint).toContain('ledger merge pullthrough-trust/2');
    expect(await cli(['trust', 'sign', ...keyOf(grace)])).toMatchObject({ code: 0, version: 2 });
    expect(await cli(['ledger', 'merge', 'pullthrough-trust/2'])).toMatchObject({ code: 0 });
    expect(await cli(['trust', 'show'])).toMatchObject({
      version: 2,
      policy: { reviewers: { threshold: 2, holders: ['ada', 'grace', 'linus'] } },
    });
  });
});

test('trust sign says what it signs, and leaves alone what is not a next policy', async () => {
  await init({ roots: [ada] });
  const git = join(folder, 'ledger.git');
  await cli(['trust', 'propose', '--add-root', named(linus)]);
  const signed = await cli(['trust', 'sign', ...keyOf(ada)]);
  expect(signed.changes).toEqual(['linus joins the roots', `the key ${linus.fingerprint} of linus is new`]);
  // Anyone who can push may put something else there.
  const path = 'trust/2.policy.json';
  const first = execFileSync('git', ['show', 'main:trust/1.policy.json'], { cwd: git });
  const commit = 'commit refs/heads/pullthrough-trust/2\ncommitter T <t@x> 1700000000 +0000\ndata 1\nx\n';
  const input = Buffer.concat([
    Buffer.from(`${commit}from refs/heads/main^0\nM 100644 inline ${path}\ndata ${first.length}\n`),
    first,
    Buffer.from('\n'),
  ]);
  execFileSync('git', ['fast-import', '--quiet', '--force'], { cwd: git, input });
  expect(await cli(['trust', 'sign', ...keyOf(ada)])).toMatchObject({ code: 3, error: { code: 'E_POLICY_FORMAT' } });
});

test('trust sign at a terminal asks first, and signs nothing without a yes', async () => {
  await init({ roots: [ada, grace], threshold: 2 });
  const env = { PATH: process.env.PATH, XDG_CACHE_HOME: join(folder, 'cache'), XDG_STATE_HOME: join(folder, 'state') };
  const cwd = join(folder, 'ledger.git');
  for (const [answer, code] of [
    ['n', 2],
    ['y', 0],
  ] as const) {
    const ran = await runCli(['trust', 'sign', ...keyOf(grace)], {
      cwd,
      env,
      columns: 100,
      now: new Date(),
      types: [`${answer}\n`],
    });
    expect(ran.code).toBe(code);
    expect(ran.stdout).toContain('all of ada and grace must sign a new policy (roots)');
  }
  expect(await cli(['ledger', 'check'])).toMatchObject({ code: 0 });
});

test('trust sign shows what it asks about with --json too', async () => {
  await init({ roots: [ada, grace], threshold: 2 });
  const ran = await runCli(['trust', 'sign', ...keyOf(grace), '--json'], {
    cwd: join(folder, 'ledger.git'),
    env: { PATH: process.env.PATH, XDG_CACHE_HOME: join(folder, 'cache'), XDG_STATE_HOME: join(folder, 'state') },
    columns: 100,
    now: new Date(),
    types: ['n\n'],
  });
  expect(JSON.parse(ran.stdout)).toMatchObject({ error: { code: 'E_CONFIRM' } });
  expect(ran.stderr).toContain('all of ada and grace must sign a new policy (roots)');
});

test('trust propose with a secret key says so, and where the public one is', async () => {
  await init({ roots: [ada] });
  const [, secret = ''] = keyOf(linus);
  const refused = await cli(['trust', 'propose', '--add-reviewer', `linus=${secret}`, ...keyOf(ada)]);
  expect(refused).toMatchObject({ code: 2, error: { code: 'E_INPUT' } });
  expect(refused.error?.message).toContain('a secret key');
  expect(refused.error?.hint).toContain('.pub.asc');
});

test('ledger status says how many acks a merged record needs', async () => {
  await init({ roots: [ada] });
  await putRecord(tree, bot, []);
  commitRecords();
  const env = { PATH: process.env.PATH, XDG_CACHE_HOME: join(folder, 'cache'), XDG_STATE_HOME: join(folder, 'state') };
  const { stdout } = await runCli(['ledger', 'status'], { cwd: join(folder, 'ledger.git'), env, now: new Date() });
  expect(stdout).toContain('it needs 1 more ack\n');
});

test('ledger status says who nacked a withdrawn record', async () => {
  await init({ roots: [ada] });
  await putNack(tree, await putRecord(tree, bot, [ada]), grace);
  commitRecords();
  const env = { PATH: process.env.PATH, XDG_CACHE_HOME: join(folder, 'cache'), XDG_STATE_HOME: join(folder, 'state') };
  const { stdout } = await runCli(['ledger', 'status'], { cwd: join(folder, 'ledger.git'), env, now: new Date() });
  expect(stdout).toMatch(/^withdrawn .* nacked by grace$/m);
});

test('ledger status tells of a proposed policy, and of what it needs', async () => {
  await init({ roots: [ada, grace], threshold: 2 });
  await cli(['trust', 'sign', ...keyOf(grace)]);
  await cli(['trust', 'propose', '--expires', '700d', ...keyOf(ada)]);
  const branch = 'pullthrough-trust/2';
  const status = async () => (await cli(['ledger', 'status'])) as unknown;
  expect(await status()).toMatchObject({ policies: [{ branch, problems: [{ code: 'E_POLICY_THRESHOLD' }] }] });
  await cli(['trust', 'sign', ...keyOf(grace)]);
  expect(await status()).toMatchObject({ policies: [{ branch, problems: [] }] });
  await cli(['ledger', 'merge', branch]);
  expect(await status()).toMatchObject({ code: 0, policies: [] });
});

test.each([
  ['RSA of 2048 bits', 'algorithm-rsa-2048'],
  ['brainpool', 'algorithm-ecdsa-brainpool'],
  ['expired', 'expired-primary'],
  ['of version 6', 'key-version-6-file'],
])(
  'a key that can not sign (%s) is refused by ledger init and trust propose before anything is written',
  async (_, name) => {
    const path = join(folder, 'linus.asc');
    writeFileSync(path, fixture(cases.find((each) => each.name === name)?.key ?? ''));
    const others = ['--root', named(ada), '--executor', named(bot), '--reviewer', named(grace)];
    const refused = { code: 2, error: { code: 'E_INPUT' } };
    const first = ['ledger', 'init', '--bare', 'ledger.git', ...others, '--reviewer', `linus=${path}`, ...keyOf(ada)];
    expect(await cli(first, folder)).toMatchObject(refused);
    expect(existsSync(join(folder, 'ledger.git'))).toBe(false);
    await init({ roots: [ada] });
    expect(await cli(['trust', 'propose', '--add-reviewer', `linus=${path}`, ...keyOf(ada)])).toMatchObject(refused);
  },
);

describe('with keys of gpg', () => {
  test('ledger init writes no signature that would not count by the copy that it writes', async () => {
    const home = gnupg();
    const fingerprint = home.newKey('Ada', 'ed25519');
    const path = join(folder, 'ada.asc');
    writeFileSync(path, home.run(['--armor', '--export', fingerprint]));
    const loopback = ['--pinentry-mode', 'loopback', '--passphrase', ''];
    home.run([...loopback, '--quick-add-key', fingerprint, 'ed25519', 'sign', 'never']);
    const others = ['--executor', named(bot), '--reviewer', named(grace)];
    const flags = ['ledger', 'init', '--bare', 'ledger.git', '--root', `ada=${path}`, ...others, '--gpg'];
    expect(await cli(flags, folder, home.env)).toMatchObject({ code: 2, error: { code: 'E_SIGNING_KEY' } });
    expect(existsSync(join(folder, 'ledger.git'))).toBe(false);
    writeFileSync(path, home.run(['--armor', '--export', fingerprint]));
    expect(await cli(flags, folder, home.env)).toMatchObject({ code: 0, missing: 0 });
    expect(await cli(['ledger', 'check'])).toMatchObject({ code: 0 });
  });

  test('trust sign takes the one that is a root, where none is named', async () => {
    const home = gnupg();
    const [key] = [home.newKey('Ada', 'ed25519'), home.newKey('Another', 'ed25519')];
    const path = join(folder, 'ada.asc');
    writeFileSync(path, home.run(['--armor', '--export', key]));
    const others = ['--executor', named(bot), '--reviewer', named(grace)];
    const flags = ['--root', `ada=${path}`, '--root', named(linus), '--root-threshold', '2', ...others];
    const made = await cli(['ledger', 'init', '--bare', 'ledger.git', ...flags, ...keyOf(linus)], folder);
    expect(made).toMatchObject({ code: 0, missing: 1 });
    const empty = gnupg();
    const nobody = await cli(['trust', 'sign'], undefined, empty.env);
    expect(nobody).toMatchObject({ code: 2, error: { code: 'E_NO_KEY' } });
    expect(await cli(['trust', 'sign'], undefined, home.env)).toMatchObject({ code: 0, fingerprint: key });
    expect(await cli(['ledger', 'check'])).toMatchObject({ code: 0 });
  });
});

test.each([
  ['a key that nobody lists', ['--retire', 'F'.repeat(40)]],
  ['nothing to change', []],
  ['what is so already', ['--threshold', '1']],
  ['a threshold that no number of holders reaches', ['--threshold', '9']],
  ['a holder who is not there', ['--remove', 'reviewers:linus']],
  ['the last root', ['--remove', 'roots:ada']],
  ['a role that is not one', ['--remove', 'owners:ada']],
  ['an executor who also reviews', ['--add-executor', 'KEY:linus:grace']],
  ['a date that is gone', ['--expires', '2020-01-01']],
  ['a date that no calendar has', ['--expires', '2199-02-31']],
])('trust propose with %s is exit 2, and proposes nothing', async (_, flags) => {
  await init({ roots: [ada] });
  const made = flags.map((flag) => (flag.startsWith('KEY:') ? named(linus).replace('linus', 'grace') : flag));
  const refused = await cli(['trust', 'propose', ...made, ...keyOf(ada)]);
  expect(refused).toMatchObject({ code: 2, error: { code: 'E_USAGE' } });
  expect(refused.error?.hint).not.toContain('COMMAND');
  const branches = execFileSync('git', ['branch', '--list'], { cwd: join(folder, 'ledger.git') }).toString();
  expect(branches.trim()).toBe('* main');
});
