import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lockedDigests } from '../../consumer/audit.ts';
import { lockAs } from '../../consumer/lock/formats.ts';
import type { LockEntry } from '../../consumer/lock/lock-file.ts';
import { sha256Hex, utf8 } from '../../ledger-schema/index.ts';
import { Machine } from '../kit/consumer-machine.ts';
import { TestLedger } from '../kit/ledger/ledger-maker.ts';
import { StoreServer } from '../kit/store-server.ts';

let ledger: TestLedger;
let store: StoreServer;
const BODIES = { 'tool-linux-amd64': 'linux', 'tool-darwin-arm64': 'darwin' };
const digest = (body: string): string => sha256Hex(utf8(body));

beforeAll(async () => {
  ledger = await TestLedger.create();
  store = await StoreServer.start([...Object.values(BODIES), 'newer']);
  const { ada, grace } = ledger.people;
  const add = (repository: string, tag: string, assets: Record<string, string>, more: object = {}) =>
    ledger.addRecord({ repository, tag, assets, ...more });
  await add('acme/tool', 'v1.0.0', BODIES, { acks: [ada, grace] });
  await add('acme/tool', 'v1.1.0', { 'tool-linux-amd64': 'newer' });
  await add('acme/tool', 'v0.9.0', { 'tool-linux-amd64': 'bad' }, { nacks: [grace] });
  await add('acme/other', 'v2', { other: 'other' }, { acks: [] });
  await ledger.commit({ message: 'Nack acme/tool v0.9.0\n\nit mines coins,\nand hides it\n' });
});
afterAll(() => store.close());

const trust = () => ['--ledger', ledger.directory, '--pin', `sha256:${ledger.pin()}`];
const withStore = () => [...trust(), '--store', store.url];

describe('get', () => {
  test('says what it got, and who vouched for it', async () => {
    const machine = await Machine.create();
    const got = await machine.run(['get', 'acme/tool@v1.0.0', '*linux*', ...withStore()]);
    expect(got.stdout).toMatch(/^acme\/tool v1\.0\.0, acknowledged by ada, grace\n/);
  });

  test('--as names the one file, locked or not', async () => {
    const machine = await Machine.create(ledger);
    const one = ['acme/tool@v1.0.0', '*linux*', '--as', 'tool'];
    expect((await machine.run(['get', ...one, ...withStore()])).exit).toBe(0);
    expect(await readFile(join(machine.cwd, 'tool'), 'utf8')).toBe('linux');
    await machine.run(['lock', 'acme/tool@v1.0.0', ...trust()]);
    const locked = ['get', '--locked', '--platform', 'darwin/arm64', '--as', 'mac', '--store', store.url];
    const got = await machine.run(locked);
    expect(got).toMatchObject({ exit: 0 });
    expect(got.stdout).toContain('acme/tool v1.0.0, as locked by policy 1');
    expect(await readFile(join(machine.cwd, 'mac'), 'utf8')).toBe('darwin');
  });

  test.each([
    ['several files', ['--as', 'tool'], 2],
    ['a path', ['*linux*', '--as', '../tool'], 2],
    ['a folder', ['*linux*', '--as', '..'], 2],
    ['one of our own', ['*linux*', '--as', 'MIRROR.ini'], 2],
    ['a name that is taken', ['*linux*', '--as', 'taken'], 2],
  ])('--as refuses %s, and writes nothing', async (_, more, exit) => {
    const machine = await Machine.create(ledger);
    await writeFile(join(machine.cwd, 'taken'), 'mine');
    expect((await machine.run(['get', 'acme/tool@v1.0.0', ...more, ...withStore()])).exit).toBe(exit);
    expect(await readdir(machine.cwd)).toEqual(['taken']);
  });
});

test('verify says why a release was withdrawn, as its reviewer wrote', async () => {
  const ran = await (await Machine.create(ledger)).run(['verify', 'acme/tool@v0.9.0', ...trust()]);
  expect(ran.exit).toBe(3);
  expect(ran.stderr).toContain('withdrawn by grace: it mines coins, and hides it');
});

test.each([
  ['verify by a range', ['verify', 'acme/tool@0.9.0']],
  ['verify of a file', ['verify', './bad']],
  ['get', ['get', 'acme/tool@v0.9.0', '--store', 'http://127.0.0.1:9']],
  ['lock', ['lock', 'acme/tool@v0.9.0']],
  ['list', ['list', 'acme/tool']],
  ['audit', ['audit', 'mise.lock']],
])('%s says why a release was withdrawn', async (_, argv) => {
  const machine = await Machine.create(ledger);
  await writeFile(join(machine.cwd, 'bad'), 'bad');
  const locked = `"platforms.linux-x64" = { checksum = "sha256:${digest('bad')}", url = "https://x/y" }`;
  await writeFile(join(machine.cwd, 'mise.lock'), `[[tools.tool]]\nversion = "1"\n${locked}\n`);
  const ran = await machine.run([...argv, ...trust()]);
  expect(ran.exit).toBe(argv[0] === 'list' ? 0 : 3);
  expect(ran.stdout + ran.stderr).toContain('withdrawn by grace: it mines coins, and hides it');
});

test('lock --check says why what is locked was withdrawn since', async () => {
  const own = await TestLedger.create();
  const asset = { repository: 'acme/tool', tag: 'v1', assets: { tool: 'tool' } };
  const path = await own.addRecord(asset);
  await own.commit();
  const machine = await Machine.create();
  const flags = ['--ledger', own.directory, '--pin', `sha256:${own.pin()}`];
  expect((await machine.run(['lock', 'acme/tool@v1', ...flags])).exit).toBe(0);
  for (const file of [...own.files.keys()]) if (file.startsWith(path)) own.files.delete(file);
  await own.addRecord({ ...asset, nacks: [own.people.grace] });
  await own.commit({ message: 'Nack acme/tool v1\n\nthe key was stolen\n' });
  const ran = await machine.run(['lock', '--check', ...flags]);
  expect(ran.exit).toBe(3);
  expect(ran.stderr).toContain('withdrawn by grace: the key was stolen');
});

describe('what the ledger has', () => {
  test('list shows every tool with its newest acknowledged release', async () => {
    const { exit, stdout } = await (await Machine.create(ledger)).run(['list', ...trust()]);
    expect(exit).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^acme\/other {2}- {2}- {2}1 {2}\S/);
    expect(lines[1]).toBe('acme/tool  v1.1.0  ada  3  -');
  });

  test('list TOOL shows its releases, each with its state', async () => {
    const { json } = await (await Machine.create(ledger)).run(['list', 'acme/tool', '--json', ...trust()]);
    expect(json()).toMatchObject({
      releases: [
        { tag: 'v1.1.0', state: 'acknowledged', acks: ['ada'] },
        { tag: 'v1.0.0', state: 'acknowledged', acks: ['ada', 'grace'], files: 2 },
        { tag: 'v0.9.0', state: 'withdrawn', why: 'withdrawn by grace: it mines coins, and hides it' },
      ],
    });
  });

  test('search finds a word in any case, and fails where there is none', async () => {
    const machine = await Machine.create(ledger);
    const found = await machine.run(['search', 'OTH', '--json', ...trust()]);
    expect(found.json()).toMatchObject({ tools: [{ tool: 'github.com/acme/other' }] });
    expect((await machine.run(['search', 'none', ...trust()])).exit).toBe(3);
  });

  test('outdated names what the range and what the ledger have now', async () => {
    const machine = await Machine.create(ledger);
    await machine.run(['lock', 'acme/tool@1.0.x', ...trust()]);
    const { exit, json } = await machine.run(['outdated', '--json', ...trust()]);
    expect(exit).toBe(0);
    expect(json()).toMatchObject({
      entries: [{ range: '1.0.x', locked: 'v1.0.0', wanted: 'v1.0.0', latest: 'v1.1.0' }],
    });
  });
});

describe('audit', () => {
  const mise = (sha256: string) =>
    `[[tools.tool]]\nversion = "1"\nbackend = "aqua:acme/tool"\n"platforms.linux-x64" = { checksum = "sha256:${sha256}", url = "https://x/y" }\n`;

  test.each([
    ['every digest is acknowledged', () => digest('linux'), 0, 'acknowledged'],
    ['one is withdrawn', () => digest('bad'), 3, 'withdrawn'],
    ['one is only proposed', () => digest('other'), 3, 'proposed'],
    ['one is nowhere', () => digest('nowhere'), 3, 'unknown'],
  ])('%s', async (_, sha256, exit, state) => {
    const machine = await Machine.create(ledger);
    await writeFile(join(machine.cwd, 'mise.lock'), mise(sha256()));
    const ran = await machine.run(['audit', 'mise.lock', '--json', ...trust()]);
    expect(ran.exit).toBe(exit);
    expect(ran.json()).toMatchObject({ digests: [{ state, name: 'https://x/y' }] });
  });

  const a = 'a'.repeat(64);
  const b = 'b'.repeat(64);
  test.each([
    [
      'mise.lock, with a table a platform',
      `[[tools.jq]]\nversion = "1"\n\n[tools.jq."platforms.linux-x64"]\nchecksum = "blake3:${a}"\n`,
      ['blake3 jq@1'],
    ],
    [
      'aqua-checksums.json',
      JSON.stringify({ checksums: [{ id: 'x', checksum: a.toUpperCase(), algorithm: 'sha256' }] }),
      ['sha256 x'],
    ],
    [
      'WORKSPACE',
      `http_archive(\n  name = "jq",\n  urls = ["https://h/jq"],\n  sha256 = "${a}", # "${b}"\n)\n`,
      ['sha256 https://h/jq'],
    ],
    [
      'MODULE.bazel',
      `http_file(name="jq", integrity="sha256-${Buffer.from(a, 'hex').toString('base64')}")`,
      ['sha256 jq'],
    ],
  ])('reads %s', (file, text, expected) => {
    const found = lockedDigests(text, file);
    expect(found.map(({ algorithm, name }) => `${algorithm} ${name}`)).toEqual(expected);
    expect(found[0]?.digest).toBe(a);
  });

  test.each(['', '{}', '{', 'nothing here'])('%j locks nothing that is known', async (text) => {
    await expect(() => lockedDigests(text, 'x')).toFailWith('E_INPUT');
  });
});

describe('lock --format', () => {
  const entry: LockEntry = {
    tool: 'github.com/jqlang/jq',
    range: '^1.7',
    tag: 'jq-1.7.1',
    repositoryId: 1,
    ledger: 'c'.repeat(40),
    policy: { version: 1, sha256: 'd'.repeat(64), expires: '2030-01-01T00:00:00Z' },
    files: ['jq-linux-amd64', 'jq-macos-arm64', 'jq-windows-amd64.exe'].map((name) => ({
      name,
      size: 3,
      sha256: digest(name),
    })),
  };

  test.each(['mise', 'aqua', 'bazel'] as const)('%s: the very digests, which audit reads again', (format) => {
    const text = lockAs(format, [entry]);
    const found = lockedDigests(text, 'x').map((one) => one.digest);
    expect(found.sort()).toEqual(entry.files.map(({ sha256 }) => sha256).sort());
  });

  test('mise: a platform each, by the version that mise takes', () => {
    expect(lockAs('mise', [entry])).toContain(
      `[[tools."github:jqlang/jq"]]\nversion = "jq-1.7.1"\nbackend = "github:jqlang/jq"\n"platforms.linux-x64" = { checksum = "sha256:${digest('jq-linux-amd64')}", size = 3, url = "https://github.com/jqlang/jq/releases/download/jq-1.7.1/jq-linux-amd64" }\n`,
    );
  });

  test('bazel: each file has a name of its own that Bazel takes', () => {
    const files = ['a-b', 'a_b', 'a.b'].map((name) => ({ name, size: 1, sha256: digest(name) }));
    const text = lockAs('bazel', [{ ...entry, tool: 'github.com/3scale/tool', files }]);
    expect([...text.matchAll(/ name = "(.*)"/g)].map(([, name]) => name)).toEqual([
      'r3scale_tool_a_b',
      'r3scale_tool_a_b_2',
      'r3scale_tool_a_b_3',
    ]);
  });

  test('renovate: one document a tool', () => {
    expect(JSON.parse(lockAs('renovate', [entry]))).toEqual({
      releases: [{ version: 'jq-1.7.1' }],
      sourceUrl: 'https://github.com/jqlang/jq',
    });
  });

  test('is printed as it is, from the lock file alone', async () => {
    const machine = await Machine.create(ledger);
    await machine.run(['lock', 'acme/tool@v1.0.0', ...trust()]);
    const { exit, stdout } = await machine.run(['lock', '--format', 'aqua']);
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ checksums: [{ algorithm: 'sha256' }, {}] });
  });
});
