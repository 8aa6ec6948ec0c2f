import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Policy } from '../../ledger-schema/policy.ts';
import { putAck, putNack, putPolicy, putRecord } from '../kit/ledger/ledger-tree.ts';
import { person, revokedCopy } from '../kit/ledger/people.ts';
import type { Tree } from '../kit/ledger/ledger-tree.ts';
import type { Person } from '../kit/ledger/people.ts';
import { cases, fixture } from '../fixtures/openpgp/read.ts';
import { gnupg } from '../kit/gpg-fixture.ts';
import { runCli } from '../kit/worlds/cli-world.ts';

const DAY = 86_400_000;
let ada: Person, ada2: Person, grace: Person, linus: Person, bot: Person, bot2: Person;
beforeAll(async () => {
  const names = ['ada', 'ada', 'grace', 'linus', 'mirror-bot', 'mirror-bot'];
  [ada, ada2, grace, linus, bot, bot2] = (await Promise.all(names.map((name) => person(name)))) as [
    Person,
    Person,
    Person,
    Person,
    Person,
    Person,
  ];
});

interface Shown {
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
  readonly version: number;
  readonly sha256: string;
  readonly policy: Policy;
  readonly problems: readonly string[];
  readonly changes: readonly string[];
  readonly records: readonly {
    readonly path: string;
    readonly state: string;
    readonly ackHolders: readonly string[];
  }[];
}

let folder: string;
/** What the ledger's records are, to be committed whole. */
let tree: Tree;
/** How much later than now commands are run. */
let later: number;
beforeEach(() => {
  later = 0;
  folder = mkdtempSync(join(tmpdir(), 'pt-trust-'));
  tree = new Map();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command in the ledger's folder, or beside it. */
async function cli(
  argv: readonly string[],
  cwd = join(folder, 'ledger.git'),
  more: NodeJS.ProcessEnv = {},
): Promise<Shown & { readonly code: number }> {
  const env = {
    PATH: process.env.PATH,
    XDG_CACHE_HOME: join(folder, 'cache'),
    XDG_STATE_HOME: join(folder, 'state'),
    ...more,
  };
  const { code, stdout } = await runCli([...argv, '--json'], { cwd, env, now: new Date(Date.now() + later) });
  return { code, ...(JSON.parse(stdout) as Shown) };
}

/** Writes the two files of somebody's key, and names the public one as a flag wants it. */
function named(who: Person): string {
  const path = join(folder, `${who.fingerprint}.asc`);
  writeFileSync(path, who.file);
  return `${who.name}=${path}`;
}

function keyOf(who: Person): string[] {
  const path = join(folder, `${who.fingerprint}.key`);
  writeFileSync(path, who.key.armor());
  return ['--key', path];
}

interface First {
  readonly roots: readonly Person[];
  readonly threshold?: number;
  readonly reviewers?: readonly Person[];
}

async function init({ roots, threshold = 1, reviewers = [ada, grace] }: First): Promise<void> {
  const flags = [
    ...roots.flatMap((who) => ['--root', named(who)]),
    ...['--root-threshold', String(threshold), '--executor', named(bot), '--threshold', '1'],
    ...reviewers.flatMap((who) => ['--reviewer', named(who)]),
  ];
  const made = await cli(['ledger', 'init', '--bare', 'ledger.git', ...flags, ...keyOf(roots[0] ?? ada)], folder);
  expect(made).toMatchObject({ code: 0 });
  const policy = execFileSync('git', ['show', 'main:trust/1.policy.json'], { cwd: join(folder, 'ledger.git') });
  tree.set('trust/1.policy.json', policy);
}

/** Puts the records as they are now onto the ledger's branch. */
function commitRecords(): void {
  const files = [...tree].map(([path, bytes]) =>
    Buffer.concat([Buffer.from(`M 100644 inline ${path}\ndata ${bytes.length}\n`), bytes, Buffer.from('\n')]),
  );
  const commit = 'commit refs/heads/main\ncommitter T <t@x> 1700000000 +0000\ndata 1\nx\nfrom refs/heads/main^0\n';
  const input = Buffer.concat([Buffer.from(commit), ...files]);
  execFileSync('git', ['fast-import', '--quiet', '--force'], { cwd: join(folder, 'ledger.git'), input });
}

/** Proposes, signs and merges the next policy. */
async function rotate(flags: readonly string[], ...signers: readonly Person[]): Promise<Shown> {
  const [first = ada, ...others] = signers;
  const proposed = await cli(['trust', 'propose', ...flags, ...keyOf(first)]);
  expect(proposed).toMatchObject({ code: 0 });
  for (const who of others) expect(await cli(['trust', 'sign', ...keyOf(who)])).toMatchObject({ code: 0 });
  const merged = await cli(['ledger', 'merge', `pullthrough-trust/${proposed.version}`]);
  expect(merged).toMatchObject({ code: 0 });
  return cli(['trust', 'show']);
}

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

describe('a key that becomes a former one', () => {
  test("an executor's: what it signed goes on counting, and the new key takes over", async () => {
    await init({ roots: [ada] });
    await putRecord(tree, bot, [grace]);
    commitRecords();
    const shown = await rotate(['--retire', bot.fingerprint, '--add-executor', named(bot2)], ada);
    expect(shown.policy).toMatchObject({
      executors: { holders: ['mirror-bot'] },
      holders: { 'mirror-bot': [{ fingerprint: bot2.fingerprint }] },
      former: { executors: [{ fingerprint: bot.fingerprint }] },
    });
    await putRecord(tree, bot2, [grace], { tag: 'v2.0.0' });
    commitRecords();
    const { records } = await cli(['ledger', 'check', '--require', 'acknowledged']);
    expect(records.map(({ state }) => state)).toEqual(['acknowledged', 'acknowledged']);
  });

  test("a reviewer's: the acks that it made go on counting, and its holder stays in every role by the new key", async () => {
    await init({ roots: [ada], reviewers: [ada, grace] });
    await putRecord(tree, bot, [ada]);
    commitRecords();
    // The old key counts for the policy that lists it as a root's, the new one for the policy that will.
    const shown = await rotate(['--retire', ada.fingerprint, '--add-reviewer', named(ada2)], ada, ada2);
    expect(shown.policy).toMatchObject({
      roots: { holders: ['ada'] },
      reviewers: { holders: ['ada', 'grace'] },
      former: { reviewers: [{ fingerprint: ada.fingerprint, holder: 'ada' }] },
    });
    expect(await cli(['ledger', 'check', '--require', 'acknowledged'])).toMatchObject({ code: 0 });
  });

  test('one that has expired meanwhile keeps the acks that it made before', async () => {
    const late = await person('grace', { made: new Date(Date.now() - 10 * DAY), lives: (20 * DAY) / 1000 });
    await init({ roots: [ada], reviewers: [ada, late] });
    await putRecord(tree, bot, [late]);
    commitRecords();
    expect(await cli(['ledger', 'check', '--require', 'acknowledged'])).toMatchObject({ code: 0 });
    later = 30 * DAY;
    expect(await cli(['ledger', 'check', '--require', 'acknowledged'])).toMatchObject({ code: 3 });
    const retire = ['trust', 'propose', '--retire', late.fingerprint, ...keyOf(ada)];
    expect((await cli(retire)).changes).toContain(`the seal of ${late.fingerprint} lists 1 ack`);
    expect(await cli(['ledger', 'merge', 'pullthrough-trust/2'])).toMatchObject({ code: 0 });
    expect(await cli(['ledger', 'check', '--require', 'acknowledged'])).toMatchObject({ code: 0 });
  });

  test('one with a nack keeps it, and cannot be dropped', async () => {
    await init({ roots: [ada] });
    const record = await putRecord(tree, bot, [ada]);
    await putNack(tree, record, grace);
    commitRecords();
    await cli(['trust', 'propose', '--remove', 'reviewers:grace', ...keyOf(ada)]);
    expect(await cli(['ledger', 'merge', 'pullthrough-trust/2'])).toMatchObject({
      code: 3,
      error: { code: 'E_POLICY_NACK' },
    });
    execFileSync('git', ['branch', '-D', 'pullthrough-trust/2'], { cwd: join(folder, 'ledger.git'), stdio: 'pipe' });
    await rotate(['--retire', grace.fingerprint], ada);
    expect((await cli(['ledger', 'check'])).records.map(({ state }) => state)).toEqual(['withdrawn']);
  });
});

describe('a newer copy of a key', () => {
  test('replaces the old one; a revoked one is refused', async () => {
    await init({ roots: [ada] });
    await putAck(tree, await putRecord(tree, bot), grace);
    commitRecords();
    const gone = await revokedCopy(grace);
    const path = named(gone).replace(/^grace=/, '');
    const refused = await cli(['trust', 'propose', '--replace-key', path, ...keyOf(ada)]);
    expect(refused).toMatchObject({ code: 2, error: { code: 'E_INPUT' } });
    expect(refused.error?.message).toContain('is revoked');
  });
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
