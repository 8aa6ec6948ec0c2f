import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli } from '../kit/worlds/cli-world.ts';
import { Machine } from '../kit/consumer-machine.ts';
import { TestLedger } from '../kit/ledger/ledger-maker.ts';
import { NOW } from '../kit/readers.ts';
import { StoreServer } from '../kit/store-server.ts';

let ledger: TestLedger;
let store: StoreServer;
/** One that knows the ledger already. */
let known: Machine;
const BODIES = { 'tool-linux-amd64': 'linux', 'tool-darwin-arm64': 'darwin', 'tool.sig': 'signature' };

beforeAll(async () => {
  ledger = await TestLedger.create();
  store = await StoreServer.start(Object.values(BODIES));
  await ledger.addRecord({
    repository: 'acme/tool',
    tag: 'v1.0.0',
    assets: BODIES,
    acks: [ledger.people.ada, ledger.people.grace],
  });
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.1.0', assets: { 'tool-linux-amd64': 'newer' }, acks: [] });
  await ledger.addRecord({
    repository: 'acme/tool',
    tag: 'v0.9.0',
    assets: { 'tool-linux-amd64': 'bad' },
    nacks: [ledger.people.grace],
  });
  await ledger.addRecord({
    repository: 'acme/both',
    tag: 'v1.0.0',
    assets: { 'bar-linux-amd64': 'linux', 'foo-linux-amd64': 'darwin' },
  });
  await ledger.commit();
  known = await Machine.create();
});

afterAll(async () => {
  await store.close();
});

const trust = () => ['--ledger', ledger.directory, '--pin', `sha256:${ledger.pin()}`];
const withStore = () => [...trust(), '--store', store.url];

describe('verify', () => {
  test('says who signed, who acknowledged, and by which policy', async () => {
    const machine = known;
    const { exit, stdout, stderr } = await machine.run(['verify', 'acme/tool@latest', ...trust()]);
    expect(stderr).toBe('');
    expect(exit).toBe(0);
    expect(stdout).toContain('github.com/acme/tool@v1.0.0 is acknowledged');
    expect(stdout).toContain(`signed by  mirror-bot, ${ledger.people.bot.fingerprint}`);
    expect(stdout).toContain(`acked by   grace, ${ledger.people.grace.fingerprint}`);
    expect(stdout).toContain('tool-darwin-arm64');
  });

  test('--json is one document', async () => {
    const machine = known;
    const { json } = await machine.run(['verify', 'acme/tool@v1.0.0', '--json', ...trust()]);
    expect(json()).toMatchObject({
      releases: [
        { tool: 'github.com/acme/tool', tag: 'v1.0.0', signedBy: { holder: 'mirror-bot' }, policy: { version: 1 } },
      ],
    });
  });

  test.each([
    ['acme/tool@v1.1.0', 'E_NOT_ACKNOWLEDGED'],
    ['acme/tool@v0.9.0', 'E_WITHDRAWN'],
    ['acme/tool@v3', 'E_NOT_FOUND'],
    ['acme/none@latest', 'E_NOT_FOUND'],
  ])('%s: exit 3 and %s', async (tool, code) => {
    const machine = known;
    const { exit, json } = await machine.run(['verify', tool, '--json', ...trust()]);
    expect(exit).toBe(3);
    expect(json()).toMatchObject({ error: { code } });
  });

  test('several at once: each is told, and the worst is the exit code', async () => {
    const machine = known;
    const { exit, json, stderr } = await machine.run([
      'verify',
      'acme/tool@v1.0.0',
      'acme/tool@v0.9.0',
      '--json',
      ...trust(),
    ]);
    expect(exit).toBe(3);
    expect(json()).toMatchObject({
      releases: [{ tag: 'v1.0.0' }],
      problems: [{ argument: 'acme/tool@v0.9.0', code: 'E_WITHDRAWN' }],
      error: { code: 'E_WITHDRAWN' },
    });
    expect(stderr).toContain('acme/tool@v0.9.0');
  });

  test.each([
    ['without a pin', ['verify', 'acme/tool@v1.0.0', '--ledger', '/nowhere'], 'E_NO_PIN'],
    ['without a ledger', ['verify', 'acme/tool@v1.0.0'], 'E_NO_LEDGER'],
    ['without a tool', ['verify'], 'E_USAGE'],
    ['with a name that is not a tool', ['verify', 'jq'], 'E_USAGE'],
    ['with a name that no path can hold', ['verify', `${'a'.repeat(300)}/jq@1`], 'E_USAGE'],
    ['with a tag that no path can hold', ['verify', `acme/tool@${'é'.repeat(150)}`], 'E_USAGE'],
    ['with a tool to get that no path can hold', ['get', `acme/${'a'.repeat(300)}@^1`], 'E_USAGE'],
  ])('%s: exit 2', async (_, argv, code) => {
    const machine = await Machine.create();
    const { exit, json } = await machine.run([...argv, '--json']);
    expect(exit).toBe(2);
    expect(json()).toMatchObject({ error: { code } });
    expect(await readdir(machine.home)).toEqual([]);
  });

  test('a branch that the ledger does not have is named', async () => {
    const machine = await Machine.create();
    const ini = `[ledger]\nrepository = ${ledger.directory}\nbranch = mian\n[trust]\npin = sha256:${ledger.pin()}\n`;
    await writeFile(join(machine.cwd, 'mirror.ini'), ini);
    const { exit, stderr } = await machine.run(['verify', 'acme/tool@v1.0.0']);
    expect(exit).toBe(3);
    expect(stderr).toContain('no branch mian');
    expect(stderr).toContain('mirror.ini');
  });

  test('another pin is E_PIN', async () => {
    const machine = await Machine.create(ledger);
    const { exit, json } = await machine.run([
      ...['verify', 'acme/tool@v1.0.0', '--json', '--ledger', ledger.directory, '--pin', `sha256:${'0'.repeat(64)}`],
    ]);
    expect(exit).toBe(3);
    expect(json()).toMatchObject({ error: { code: 'E_PIN' } });
  });

  test('FILE tells which release it is from, by its bytes and not by its name', async () => {
    const machine = await Machine.create(ledger);
    await writeFile(join(machine.cwd, 'renamed'), 'linux');
    const { exit, stdout } = await machine.run(['verify', './renamed', ...trust()]);
    expect(exit).toBe(0);
    expect(stdout).toContain('tool-linux-amd64 of github.com/acme/tool@v1.0.0');
  });

  test.each([
    ['unknown bytes', 'something else', 'E_NOT_FOUND', 'unknown'],
    ['bytes of a withdrawn release', 'bad', 'E_WITHDRAWN', 'withdrawn'],
    ['bytes of a release without acks', 'newer', 'E_NOT_ACKNOWLEDGED', 'proposed'],
  ])('FILE with %s: exit 3, and what it is', async (_, body, code, state) => {
    const machine = known;
    await writeFile(join(machine.cwd, 'file'), body);
    const { exit, json } = await machine.run(['verify', './file', '--json', ...trust()]);
    expect(exit).toBe(3);
    expect(json()).toMatchObject({ error: { code }, files: [{ path: join(machine.cwd, 'file'), state }] });
  });

  test.each([['./none'], ['./none', 'acme/tool@v1.0.0']])(
    'a FILE that is not there is exit 2, and nothing is asked: %s %s',
    async (...names) => {
      const machine = await Machine.create();
      expect((await machine.run(['verify', ...names, ...trust()])).exit).toBe(2);
      expect(await readdir(machine.home)).toEqual([]);
    },
  );

  test('--all is an inventory of a folder', async () => {
    const machine = await Machine.create(ledger);
    const folder = join(machine.cwd, 'bin');
    await mkdir(join(folder, 'sub'), { recursive: true });
    await writeFile(join(folder, 'a'), 'linux');
    await writeFile(join(folder, 'sub', 'b'), 'darwin');
    const all = () => machine.run(['verify', '--all', 'bin', '--json', ...trust()]);
    const good = await all();
    expect(good.exit).toBe(0);
    expect(good.json()).toMatchObject({
      files: [
        { path: join(folder, 'a'), state: 'acknowledged' },
        { path: join(folder, 'sub', 'b'), state: 'acknowledged' },
      ],
      unread: [],
    });
    await writeFile(join(folder, 'c'), 'bad');
    const none = await machine.run(['verify', '--all', 'none', ...trust()]);
    expect(none.stderr).toContain('there is no folder');
    const bad = await all();
    expect(bad.exit).toBe(3);
    expect(bad.json()).toMatchObject({ error: { code: 'E_WITHDRAWN' } });
    expect((await machine.run(['verify', '--all', 'bin', ...trust()])).stdout).toMatch(/withdrawn {2}- {2}.*c$/m);
  });

  test('--all hashes what links lead to, and fails where something could not be looked at', async () => {
    const machine = await Machine.create(ledger);
    const folder = join(machine.cwd, 'bin');
    await mkdir(folder);
    await writeFile(join(folder, 'a'), 'linux');
    await writeFile(join(machine.cwd, 'right'), 'darwin');
    await symlink('../right', join(folder, 'link'));
    const all = (...more: string[]) => machine.run(['verify', '--all', 'bin', '--json', ...more, ...trust()]);
    const good = await all();
    expect(good.exit).toBe(0);
    expect(good.json()).toMatchObject({ files: [{}, { path: join(folder, 'link'), state: 'acknowledged' }] });
    await symlink('nothing', join(folder, 'dangling'));
    const dangling = await all();
    expect(dangling.exit).toBe(1);
    expect(dangling.json()).toMatchObject({ error: { code: 'E_IO' }, unread: [{ path: join(folder, 'dangling') }] });
    await symlink('/etc/passwd', join(folder, 'other'));
    expect((await all()).exit).toBe(3);
    const ignored = await all('--ignore-links');
    expect(ignored.exit).toBe(0);
    expect(ignored.json()).toMatchObject({ files: [{ path: join(folder, 'a') }], unread: [] });
  });

  test('bytes of several records: what is told is why they are refused, and --all warns of what was withdrawn', async () => {
    const other = await TestLedger.create();
    const record = (tag: string, body: string, more: object) =>
      other.addRecord({ repository: 'acme/tool', tag, assets: { tool: body }, ...more });
    await record('v1', 'bad', { acks: [] });
    await record('v2', 'bad', { nacks: [other.people.grace] });
    await record('v3', 'good', { nacks: [other.people.grace] });
    await record('v4', 'good', {});
    await other.commit();
    const machine = await Machine.create();
    const at = ['--ledger', other.directory, '--pin', `sha256:${other.pin()}`];
    await writeFile(join(machine.cwd, 'file'), 'bad');
    const bad = await machine.run(['verify', './file', '--json', ...at]);
    expect(bad.json()).toMatchObject({ error: { code: 'E_WITHDRAWN' }, files: [{ state: 'withdrawn' }] });
    await writeFile(join(machine.cwd, 'file'), 'good');
    const good = await machine.run(['verify', '--all', '.', ...at]);
    expect(good.exit).toBe(0);
    expect(good.stderr).toMatch(/warning: .*file: its bytes are also in another record: .*v3 was withdrawn by grace/);
  });
});

test('serve where something listens already says so', async () => {
  const machine = await Machine.create(ledger);
  const { exit, stderr } = await machine.run(['serve', '--listen', new URL(store.url).host, ...withStore()]);
  expect(exit).toBe(1);
  expect(stderr).toContain('choose another address with --listen');
});

test('serve takes --cache where it is, and from here where it is relative', async () => {
  const machine = await Machine.create(ledger);
  const { home, cwd } = machine;
  for (const cache of [join(home, 'away'), 'here']) {
    const argv = ['serve', '--cache', cache, '--listen', new URL(store.url).host, ...withStore()];
    expect((await machine.run(argv)).stderr).toContain('cannot listen');
  }
  expect(await readdir(join(home, 'away'))).toEqual(['files']);
  expect(await readdir(cwd)).toEqual(['here']);
});

test.each([
  ['--listen', 'here'],
  ['--listen', '127.0.0.1:99999'],
  ['--cache-size', 'much'],
  ['--base-url', 'http://mirror.example'],
])('serve %s %s is exit 2', async (flag, value) => {
  const machine = await Machine.create();
  expect((await machine.run(['serve', flag, value, ...withStore()])).exit).toBe(2);
});

describe('get', () => {
  test('brings every file', async () => {
    const machine = await Machine.create(ledger);
    const { exit } = await machine.run(['get', 'acme/tool@v1.0.0', ...withStore()]);
    expect(exit).toBe(0);
    expect((await readdir(machine.cwd)).sort()).toEqual(Object.keys(BODIES).sort());
  });

  test('brings the one for a platform into a folder', async () => {
    const machine = await Machine.create(ledger);
    const argv = ['get', 'acme/tool@^1', '--platform', 'linux/amd64', '--output', 'bin', '--executable', '--json'];
    const { exit, json } = await machine.run([...argv, ...withStore()]);
    expect(exit).toBe(0);
    const path = join(machine.cwd, 'bin', 'tool-linux-amd64');
    expect(json()).toMatchObject({ release: { tag: 'v1.0.0' }, files: [{ path, state: 'fetched', size: 5 }] });
    expect(await readFile(path, 'utf8')).toBe('linux');
  });

  test.runIf(process.platform === 'linux')('ends at once where the system makes no folder', async () => {
    const argv = ['get', 'acme/tool@v1.0.0', '--output', '/proc/pullthrough', '--json', ...withStore()];
    const { exit, json } = await known.run(argv);
    expect(exit).toBe(1);
    expect(json()).toMatchObject({
      error: { code: 'E_IO', message: expect.stringContaining('/proc/pullthrough') as string },
    });
  });

  test('that fails takes the folders away that it made, and no others', async () => {
    const machine = await Machine.create(ledger);
    await mkdir(join(machine.cwd, 'kept'));
    for (const output of ['new/bin', 'kept', 'kept/bin']) {
      const argv = ['get', 'acme/tool@v1.0.0', '--output', output, ...trust(), '--store', 'http://127.0.0.1:9/gone'];
      expect((await machine.run(argv)).exit).toBe(1);
    }
    expect(await readdir(machine.cwd, { recursive: true })).toEqual(['kept']);
  });

  test('asks at a terminal which of several it is, and lists them with --quiet too', async () => {
    const { home, cwd } = await Machine.create();
    const argv = ['get', 'acme/both@latest', '--platform', 'linux/amd64', '--quiet', ...withStore()];
    const env = { PATH: process.env['PATH'], XDG_STATE_HOME: home, XDG_CACHE_HOME: home };
    const { code, stderr } = await runCli(argv, { cwd, env, columns: 100, now: NOW, types: ['2\n'] });
    expect(stderr).toContain('1  bar-linux-amd64\n2  foo-linux-amd64\n');
    expect(code).toBe(0);
    expect(await readdir(cwd)).toEqual(['foo-linux-amd64']);
  });

  test('of what is not acknowledged asks no store', async () => {
    const machine = await Machine.create(ledger);
    const before = store.requests.length;
    expect((await machine.run(['get', 'acme/tool@v1.1.0', ...withStore()])).exit).toBe(3);
    expect(store.requests).toHaveLength(before);
    expect(await readdir(machine.cwd)).toEqual([]);
  });

  test('what is wrong here is found before the ledger is asked', async () => {
    const machine = await Machine.create();
    await writeFile(join(machine.cwd, 'file'), '');
    const away = ['--ledger', 'https://127.0.0.1:9/away.git', '--pin', `sha256:${ledger.pin()}`];
    const cases: [string[], string][] = [
      [['get', 'acme/tool@v1.0.0', ...away], 'E_NO_STORE'],
      [['get', 'acme/tool@v1.0.0', ...away, '--store', store.url, '--output', 'file'], 'E_INPUT'],
      [['get', 'acme/tool@v1.0.0', ...away, '--store', store.url, '--output', 'file/x'], 'E_INPUT'],
      [['get', 'acme/tool@v1.0.0', '', ...away, '--store', store.url], 'E_USAGE'],
      [['verify', './none', ...away], 'E_INPUT'],
      [['serve', ...away], 'E_NO_STORE'],
    ];
    for (const [argv, code] of cases) {
      const { exit, json } = await machine.run([...argv, '--json']);
      expect({ argv, exit, code: json()['error'] }).toMatchObject({ exit: 2, code: { code } });
    }
  });

  test('one set of flags fits every consumer command', async () => {
    const machine = await Machine.create(ledger);
    expect((await machine.run(['verify', 'acme/tool@v1.0.0', ...withStore()])).exit).toBe(0);
    expect((await machine.run(['lock', 'acme/tool@v1.0.0', ...withStore()])).exit).toBe(0);
    expect((await machine.run(['get', '--locked', ...withStore()])).exit).toBe(0);
  });

  test('reads ledger, pin and store from mirror.ini', async () => {
    const machine = await Machine.create(ledger);
    const ini = [
      ...['[ledger]', `repository = ${ledger.directory}`, '[trust]', `pin = sha256:${ledger.pin()}`],
      ...['[store]', `public-url[] = http://127.0.0.1:9/gone`, `public-url[] = ${store.url}`],
    ];
    await writeFile(join(machine.cwd, 'mirror.ini'), ini.join('\n'));
    const { exit, stderr } = await machine.run(['get', 'acme/tool@latest', 'tool.sig']);
    expect(exit).toBe(0);
    expect(stderr).toContain('127.0.0.1:9/gone');
    expect(await readdir(machine.cwd)).toEqual(['mirror.ini', 'tool.sig']);
  });

  test('--offline takes the ledger as it was fetched last, and bytes from a folder alone', async () => {
    const machine = await Machine.create();
    const argv = ['get', 'acme/tool@v1.0.0', 'tool.sig', '--offline'];
    expect((await machine.run([...argv, ...withStore(), '--json'])).json()).toMatchObject({
      error: { code: 'E_LEDGER_UNREACHABLE' },
    });
    expect((await machine.run(['verify', 'acme/tool@v1.0.0', ...trust()])).exit).toBe(0);
    expect((await machine.run(['verify', 'acme/tool@v1.0.0', '--offline', ...trust()])).exit).toBe(0);
    expect((await machine.run([...argv, ...withStore(), '--json'])).json()).toMatchObject({
      error: { code: 'E_NO_STORE' },
    });
    expect(await readdir(machine.cwd)).toEqual([]);
  });

  test('--offline brings what is here already, whatever the store is', async () => {
    const machine = await Machine.create(ledger);
    const argv = ['get', 'acme/tool@v1.0.0', 'tool.sig', ...withStore(), '--json'];
    expect((await machine.run(argv)).exit).toBe(0);
    const again = await machine.run([...argv, '--offline']);
    expect(again.json()).toMatchObject({ files: [{ name: 'tool.sig', state: 'present' }] });
    expect(again.exit).toBe(0);
  });
});
