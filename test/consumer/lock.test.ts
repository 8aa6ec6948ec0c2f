import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PullthroughError } from '../../ledger-schema/index.ts';
import { encodeLock, parseLock } from '../../consumer/lock/lock-file.ts';
import type { LockEntry } from '../../consumer/lock/lock-file.ts';
import { findEntries, putEntries } from '../../consumer/lock/lock.ts';
import { Machine } from '../kit/consumer-machine.ts';
import { TestLedger } from '../kit/ledger/ledger-maker.ts';
import { StoreServer } from '../kit/store-server.ts';

const entry: LockEntry = {
  tool: 'github.com/jqlang/jq',
  range: '>=1.6 <2',
  tag: 'jq-1.7.1',
  repositoryId: 5101141,
  ledger: 'a'.repeat(40),
  policy: { version: 3, sha256: 'b'.repeat(64), expires: '2027-11-24T00:00:00Z' },
  files: [
    { name: 'jq-linux-amd64', size: 2319424, sha256: 'c'.repeat(64) },
    { name: 'jq-macos-arm64', size: 0, sha256: 'd'.repeat(64) },
  ],
};

const TEXT = `# pullthrough.lock, format 1: made by \`pullthrough lock\`, for \`pullthrough get --locked\`.

tool   github.com/jqlang/jq
range  >=1.6 <2
tag    jq-1.7.1
id     5101141
ledger ${'a'.repeat(40)}
policy 3 ${'b'.repeat(64)} 2027-11-24T00:00:00Z
file   ${'c'.repeat(64)} 2319424 jq-linux-amd64
file   ${'d'.repeat(64)} 0 jq-macos-arm64
`;

describe('a lock file', () => {
  test('is a block a tool and a line a fact', () => {
    expect(encodeLock([entry])).toBe(TEXT);
    expect(parseLock(TEXT)).toEqual([entry]);
  });

  test('is sorted, whatever the order of what goes in', () => {
    const other = { ...entry, tool: 'github.com/cli/cli', tag: 'v2.0.0' };
    expect(encodeLock([entry, other])).toBe(encodeLock([other, entry]));
    expect(encodeLock([{ ...entry, files: [...entry.files].reverse() }])).toBe(TEXT);
  });

  test('reads with the line ends of Windows, comments and blank lines', () => {
    expect(parseLock(`\r\n# mine\r\n${TEXT.replaceAll('\n', '\r\n')}\r\n\r\n`)).toEqual([entry]);
  });

  test.each(['v1 ', '"v1"', 'v1\nfile x', '\u202ev1', 'größe', ' v1', '\ud83d\ude00'])(
    'keeps the tag %j, on one printable line',
    (tag) => {
      const text = encodeLock([{ ...entry, tag }]);
      expect(text).toMatch(/^[\x20-\x7e\n]*$/);
      expect(parseLock(text)[0]?.tag).toBe(tag);
    },
  );

  const replace = (from: string | RegExp, to: string) => () => TEXT.replace(from, to);
  test.each([
    ['a key is unknown', replace('id  ', 'idd '), 6],
    ['a key is missing', replace(/^tag .*\n/m, ''), 3],
    ['a key stands twice', replace(/^tag .*\n/m, '$&$&'), 6],
    ['a line has no value', replace('jq-1.7.1', ''), 5],
    ['a commit is none', replace('a'.repeat(40), 'main'), 7],
    ['an id is none', replace('5101141', '0'), 6],
    ['a digest is none', replace('c'.repeat(64), 'C'.repeat(64)), 9],
    ['a size is none', replace('2319424', '-1'), 9],
    ['a size is too large', replace('2319424', '9999999999999999'), 9],
    ['a name climbs', replace('jq-linux-amd64', '../jq'), 3],
    ['a name is a device', replace('jq-linux-amd64', 'con.txt'), 3],
    ['a name stands twice', replace('jq-macos-arm64', 'JQ-linux-amd64'), 3],
    ['a tool is none', replace('github.com/jqlang/jq', 'jq'), 3],
    ['a policy is none', replace('2027-11-24T00:00:00Z', 'soon'), 8],
    ['a policy ends on no day', replace('2027-11-24T00:00:00Z', '2027-13-24T00:00:00Z'), 8],
    ['the format is another', replace('format 1', 'format 2'), 1],
    ['nothing is there', () => '', 1],
    ['nothing but a comment is there', () => '# locked\n', 1],
    ['no file is there', replace(/^file .*\n/gm, ''), 3],
    ['a string is cut off', replace('jq-1.7.1', '"jq'), 5],
    ['a merge is unfinished', replace('tool', '<<<<<<< ours\ntool'), 3],
  ])('is refused where %s, with the line', async (_, make, line) => {
    await expect(() => parseLock(make())).toFailWith('E_LOCK_FILE');
    expect(() => parseLock(make())).toThrow(`line ${line}`);
  });

  test('is refused where one tool stands twice', async () => {
    await expect(() => parseLock(TEXT + TEXT)).toFailWith('E_LOCK_FILE');
  });

  test('whatever its bytes: it is read or refused', () => {
    const line = fc.constantFrom(...TEXT.split('\n'), '"', 'file', 'tool x/y/z', '=======');
    fc.assert(
      fc.property(fc.array(fc.oneof(line, fc.string()), { maxLength: 30 }), (lines) => {
        try {
          const entries = parseLock(lines.join('\n'));
          expect(encodeLock(parseLock(encodeLock(entries)))).toBe(encodeLock(entries));
        } catch (error) {
          expect(error).toBeInstanceOf(PullthroughError);
          expect(error).toMatchObject({ code: 'E_LOCK_FILE' });
        }
      }),
    );
  });
});

describe('the entries', () => {
  test('of one thing replace each other, things that begin differently stand beside each other', () => {
    const next = { ...entry, range: 'latest', tag: 'jq-1.8' };
    expect(putEntries([entry], [{ now: next }])).toEqual([next]);
    const cli = { ...entry, tag: 'cli/v1.0.0' };
    expect(putEntries([entry], [{ now: cli }])).toEqual([entry, cli]);
  });

  test('that say the same as before stay as they were, though the ledger moved', () => {
    const moved = { ...entry, ledger: 'e'.repeat(40), files: [...entry.files].reverse() };
    expect(putEntries([entry], [{ before: entry, now: moved }])[0]).toBe(entry);
    const policy = { ...moved, policy: { ...entry.policy, version: 4 } };
    expect(putEntries([entry], [{ before: entry, now: policy }])[0]).toBe(policy);
  });

  test.each([
    'jqlang/jq',
    'JQLang/JQ',
    'github.com/jqlang/jq',
    'jqlang/jq@>=1.6 <2',
    'jqlang/jq@jq-1.7.1',
    'jqlang/jq@tag:jq-1.7.1',
  ])('are found by %s', (text) => {
    expect(findEntries([entry], text, 'github.com')).toEqual([entry]);
  });

  test.each([
    ['jqlang/jq@latest', 'E_NOT_FOUND'],
    ['cli/cli', 'E_NOT_FOUND'],
    ['jq', 'E_USAGE'],
  ] as const)('are not found by %s', async (text, code) => {
    await expect(() => findEntries([entry], text, 'github.com')).toFailWith(code);
  });
});

describe('the commands', () => {
  let ledger: TestLedger;
  let machine: Machine;
  let record: string;
  let again: () => Promise<void>;
  const stores: StoreServer[] = [];

  beforeAll(async () => {
    ledger = await TestLedger.create();
    record = await ledger.addRecord({
      repository: 'acme/tool',
      tag: 'v1.0.0',
      repositoryId: 7,
      assets: { 'tool-linux-amd64': 'one' },
    });
    await ledger.addRecord({ repository: 'acme/other', tag: 'v3.0.0', assets: { 'other.jar': 'other' } });
    await ledger.commit();
    again = await ledger.keep();
  });
  beforeEach(async () => {
    await again();
    machine = await Machine.create(ledger);
  });

  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
  });

  const trust = () => ['--ledger', ledger.directory, '--pin', `sha256:${ledger.pin()}`];
  const lock = (...argv: string[]) => machine.run(['lock', ...argv, ...trust(), '--json']);
  const text = () => readFile(join(machine.cwd, 'pullthrough.lock'), 'utf8');

  test('lock, get --locked: no ledger, no git, no pin', async () => {
    const locked = await lock('acme/tool@^1', 'ACME/other@latest');
    expect(locked.exit).toBe(0);
    expect(locked.json()).toMatchObject({
      entries: [
        { tool: 'github.com/acme/tool', range: '^1', tag: 'v1.0.0', repositoryId: 7 },
        { tool: 'github.com/acme/other', range: 'latest', tag: 'v3.0.0' },
      ],
    });
    const store = await StoreServer.start(['one', 'other']);
    stores.push(store);
    const env = { PATH: '/nowhere' };
    const got = await machine.run(['get', '--locked', '--store', store.url, '--json', '--output', 'bin'], { env });
    expect(got.exit).toBe(0);
    expect((await readdir(join(machine.cwd, 'bin'))).sort()).toEqual(['other.jar', 'tool-linux-amd64']);
    const one = await machine.run(['get', '--locked', 'acme/tool', '*linux*', '--store', store.url, '--json'], { env });
    expect(one.json()).toMatchObject({ files: [{ name: 'tool-linux-amd64', state: 'fetched' }] });
    const none = await machine.run(['get', '--locked', 'acme/tool@v2', '--store', store.url, '--json'], { env });
    expect(none.exit).toBe(3);
  });

  test('two that lock at once lose nothing of each other', async () => {
    const both = await Promise.all([lock('acme/tool@^1'), lock('acme/other@latest')]);
    expect(both.map(({ exit }) => exit)).toEqual([0, 0]);
    expect(parseLock(await text()).map(({ tool }) => tool)).toEqual(['github.com/acme/other', 'github.com/acme/tool']);
    expect((await readdir(machine.cwd)).sort()).toEqual(['pullthrough.lock']);
  });

  test('get --locked of bytes that are not the locked ones leaves nothing', async () => {
    await lock('acme/tool@^1');
    const store = await StoreServer.start(['one']);
    stores.push(store);
    store.corrupt(store.add('one'), 'two');
    const got = await machine.run(['get', '--locked', '--store', store.url, '--json']);
    expect(got).toMatchObject({ exit: 3 });
    expect(await readdir(machine.cwd)).toEqual(['pullthrough.lock']);
  });

  test('get --locked past the expiry of the policy works, and warns', async () => {
    await lock('acme/tool@^1');
    const store = await StoreServer.start(['one']);
    stores.push(store);
    const got = await machine.run(['get', '--locked', '--store', store.url], { now: new Date('2031-01-01T00:00:00Z') });
    expect(got.exit).toBe(0);
    expect(got.stderr).toContain('expired on 2030-01-01T00:00:00Z');
  });

  test('get --locked without a lock file is exit 2', async () => {
    expect((await machine.run(['get', '--locked', '--store', 'file:/nowhere', '--json'])).json()).toMatchObject({
      error: { code: 'E_LOCK_FILE' },
    });
  });

  test('lock by another range shows what it replaces', async () => {
    await lock('acme/tool@^1');
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.1.0', repositoryId: 7, assets: { x: 'x' } });
    await ledger.commit();
    const { stdout } = await machine.run(['lock', 'acme/tool@latest', ...trust()]);
    expect(stdout).toBe('github.com/acme/tool  latest  v1.0.0  v1.1.0\n');
  });

  test('--update follows the range, and changes nothing where nothing is new', async () => {
    await lock('acme/tool@^1', 'acme/other@latest');
    const before = await text();
    await ledger.addRecord({ repository: 'acme/else', tag: 'v1', assets: { x: 'x' } });
    await ledger.commit();
    expect((await lock('--update')).exit).toBe(0);
    expect(await text()).toBe(before);
    await ledger.addRecord({
      repository: 'acme/tool',
      tag: 'v1.1.0',
      repositoryId: 7,
      assets: { 'tool-linux-amd64': 'newer' },
    });
    await ledger.addRecord({
      repository: 'acme/tool',
      tag: 'v2.0.0',
      repositoryId: 7,
      assets: { 'tool-linux-amd64': 'too new' },
    });
    await ledger.addRecord({ repository: 'acme/other', tag: 'v4.0.0', assets: { 'other.jar': 'newer' } });
    await ledger.commit();
    expect((await lock('--update', 'acme/tool')).exit).toBe(0);
    expect(parseLock(await text()).map(({ tag }) => tag)).toEqual(['v3.0.0', 'v1.1.0']);
    expect((await lock('--update')).exit).toBe(0);
    expect(parseLock(await text()).map(({ tag }) => tag)).toEqual(['v4.0.0', 'v1.1.0']);
  });

  test('of several of which one fails, nothing is written', async () => {
    expect((await lock('acme/tool@^1', 'acme/none@latest')).exit).toBe(3);
    expect(await readdir(machine.cwd)).toEqual([]);
  });

  test('--check is content, until a reviewer withdraws', async () => {
    await lock('acme/tool@^1', 'acme/other@latest');
    const before = await text();
    expect((await lock('--check')).exit).toBe(0);
    await ledger.nack(record, ledger.people.grace);
    await ledger.commit();
    const checked = await lock('--check');
    expect(checked.exit).toBe(3);
    expect(checked.json()).toMatchObject({
      problems: [{ tool: 'github.com/acme/tool', tag: 'v1.0.0', code: 'E_WITHDRAWN' }],
    });
    expect(await text()).toBe(before);
  });

  test('--check finds what was changed in the lock file', async () => {
    await lock('acme/tool@^1');
    const locked = await text();
    const changes: [string, string | RegExp, string, string][] = [
      ['another digest', /^file {3}.{64}/m, `file   ${'0'.repeat(64)}`, 'E_DIGEST_MISMATCH'],
      ['another file', 'tool-linux-amd64', 'tool-linux-arm64', 'E_DIGEST_MISMATCH'],
      ['another tag', 'v1.0.0', 'v1.0.1', 'E_NOT_FOUND'],
      ['another repository', /^id .*$/m, 'id     8', 'E_REPOSITORY_ID'],
      ['a commit that the ledger does not come from', /^ledger .*$/m, `ledger ${'1'.repeat(40)}`, 'E_FORK'],
      ['another policy of that number', /^policy 1 .{64}/m, `policy 1 ${'2'.repeat(64)}`, 'E_FORK'],
      ['a policy that is not there yet', /^policy 1 /m, 'policy 2 ', 'E_ROLLBACK'],
    ];
    for (const [what, from, to, code] of changes) {
      await writeFile(join(machine.cwd, 'pullthrough.lock'), locked.replace(from, to));
      const checked = await lock('--check');
      expect(checked.json(), what).toMatchObject({ problems: [{ code }], error: { code } });
      expect(checked.exit, what).toBe(3);
    }
  });

  test('a machine that never saw the ledger refuses one that the entries to replace do not come from', async () => {
    await lock('acme/tool@^1');
    const locked = await text();
    ledger.files.set('README.md', new Uint8Array());
    await ledger.commit({ parent: null });
    machine = await Machine.create();
    await writeFile(join(machine.cwd, 'pullthrough.lock'), locked);
    for (const argv of ['--update', 'acme/tool@^1', 'acme/tool@latest']) {
      expect((await lock(argv)).json(), argv).toMatchObject({ error: { code: 'E_FORK' } });
    }
    expect(await text()).toBe(locked);
  });

  test('what is no such command line, or has no lock file, is exit 2', async () => {
    const lines: [string[], string][] = [
      [[], 'E_USAGE'],
      [['--check', '--update'], 'E_USAGE'],
      [['--check', 'acme/tool@^1'], 'E_USAGE'],
      [['acme/tool'], 'E_USAGE'],
      [['--update'], 'E_LOCK_FILE'],
      [['--check'], 'E_LOCK_FILE'],
    ];
    for (const [argv, code] of lines) {
      const ran = await lock(...argv);
      expect(ran.json(), argv.join(' ')).toMatchObject({ error: { code } });
      expect(ran.exit).toBe(2);
    }
  });
});
