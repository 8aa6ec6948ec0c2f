import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Check } from '../../consumer/doctor/check.ts';
import { judgeClock } from '../../consumer/doctor/hosts.ts';
import { judgeKey } from '../../consumer/doctor/keys.ts';
import { judgeHead, judgePolicy } from '../../consumer/doctor/ledger.ts';
import { checkGit, checkNode } from '../../consumer/doctor/machine.ts';
import { checkProxies } from '../../consumer/doctor/proxies.ts';
import { judgeAnswer } from '../../consumer/doctor/stores.ts';
import { Machine } from '../kit/consumer-machine.ts';
import { TestLedger } from '../kit/ledger/ledger-maker.ts';
import { NOW } from '../kit/readers.ts';
import { StoreServer } from '../kit/store-server.ts';

const after = (ms: number): Date => new Date(NOW.getTime() + ms);
const MINUTE = 60_000;
const DAY = 86_400_000;
const FPR = 'A'.repeat(40);

describe('what is judged', () => {
  test.each<[string, Check, Check['state'], string]>([
    ['an old node', checkNode('18.20.0'), 'fail', 'node 20.19'],
    ['a node that will do', checkNode('22.1.0'), 'ok', '22.1.0'],
    ['no git', checkGit(undefined), 'fail', '2.39'],
    ['an old git', checkGit('git version 2.30.2'), 'fail', '2.39'],
    ['a git of Apple', checkGit('git version 2.39.5 (Apple Git-154)'), 'ok', '2.39.5'],
    ['a clock that agrees', judgeClock(NOW.toUTCString(), after(20_000), 'h'), 'ok', 'h'],
    ['a clock that is a bit off', judgeClock(NOW.toUTCString(), after(-3 * MINUTE), 'h'), 'warn', '3 minutes behind h'],
    ['a clock that is wrong', judgeClock(NOW.toUTCString(), after(3 * DAY), 'h'), 'fail', '3 days ahead of h'],
    ['a host without a clock', judgeClock(undefined, NOW, 'h'), 'warn', 'h'],
    ['a policy that holds', judgePolicy(3, after(60 * DAY), NOW), 'ok', 'policy 3'],
    ['a policy that ends soon', judgePolicy(3, after(9 * DAY), NOW), 'warn', 'trust propose'],
    ['a policy that ended', judgePolicy(3, after(-DAY), NOW), 'fail', 'expired'],
    ['no signed head', judgeHead(undefined, undefined, NOW), 'ok', 'max-age'],
    ['an old head', judgeHead(after(-9 * DAY).toISOString(), undefined, NOW), 'warn', '9 d ago'],
    ['a head past max-age', judgeHead(after(-5 * DAY).toISOString(), 3 * DAY, NOW), 'fail', '5 d ago'],
    ['a store without this object', judgeAnswer('s', 404), 'ok', 's answers'],
    ['a store behind a login', judgeAnswer('s', 401), 'fail', '401'],
    ['a store that is down', judgeAnswer('s', 503), 'fail', '503'],
    ['a key of nobody', judgeKey('key', FPR, { version: 2, holderOf: () => undefined }), 'warn', 'policy 2'],
    [
      "a reviewer's key",
      judgeKey('key', FPR, { version: 2, holderOf: (role) => (role === 'reviewers' ? 'ada' : undefined) }),
      'ok',
      'reviewer ada',
    ],
  ])('%s', (_, check, state, text) => {
    expect(check.state).toBe(state);
    expect(`${check.message} ${check.hint ?? ''}`).toContain(text);
    if (state === 'fail' || state === 'warn') expect(check.hint).toMatch(/\w/);
  });

  test('proxies are named without their password', async () => {
    const env = {
      HTTPS_PROXY: 'http://me:s3cret@proxy:8080',
      all_proxy: 'socks5://x',
      HTTP_PROXY: 'socks5://y',
      NO_PROXY: 'a,b',
    };
    const checks = await checkProxies(env, true);
    expect(checks.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'HTTPS_PROXY ok',
      'HTTP_PROXY fail',
      'all_proxy warn',
      'NO_PROXY ok',
    ]);
    expect(JSON.stringify(checks)).not.toContain('s3cret');
    expect(await checkProxies({})).toMatchObject([{ state: 'ok' }]);
  });

  test('a proxy that takes no connection fails, without its password', async () => {
    const proxy = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    const env = { HTTPS_PROXY: `http://me:s3cret@127.0.0.1:${port}`, http_proxy: `127.0.0.1:${port}` };
    expect(await checkProxies(env)).toMatchObject([{ state: 'ok' }, { state: 'ok' }]);
    proxy.close();
    await once(proxy, 'close');
    const [first, second] = await checkProxies(env);
    expect(first).toMatchObject({ name: 'HTTPS_PROXY', state: 'fail' });
    expect(first?.message).toBe(`http://127.0.0.1:${port} does not answer (ECONNREFUSED)`);
    expect(second).toMatchObject({ name: 'http_proxy', state: 'fail' });
    expect(second?.hint).toContain('http_proxy');
  });
});

describe('doctor', () => {
  let ledger: TestLedger;
  let store: StoreServer;
  beforeAll(async () => {
    ledger = await TestLedger.create();
    store = await StoreServer.start([]);
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v1', assets: { tool: 'x' } });
    await ledger.commit();
  });
  afterAll(() => store.close());
  const trust = () => ['--ledger', ledger.directory, '--pin', `sha256:${ledger.pin()}`];

  async function checksOf(machine: Machine, more: readonly string[] = [], env: Record<string, string> = {}) {
    const ran = await machine.run(['doctor', '--offline', '--json', ...more], { env });
    const { checks } = ran.json() as { checks: Check[] };
    const by = (name: string): Check | undefined => checks.find((check) => check.name === name);
    return { ran, checks, by };
  }

  test('says what it found, with exit 0 where nothing failed', async () => {
    const machine = await Machine.create();
    await machine.run(['verify', 'acme/tool@v1', ...trust()]);
    const { ran, by } = await checksOf(machine, [...trust(), '--store', store.url]);
    expect(ran.exit).toBe(0);
    expect(by('node')?.state).toBe('ok');
    expect(by('git')?.state).toBe('ok');
    expect(by('ledger')?.message).toContain('policy 1');
    expect(by('pin')?.state).toBe('ok');
    for (const name of ['clock', 'GITHUB_TOKEN', 'LEDGER_TOKEN', 'public store'])
      expect(by(name)?.state, name).toBe('skip');
  });

  test('a pin of another ledger, a store that is not there, no ledger: exit 1, each with what to do', async () => {
    const machine = await Machine.create();
    await machine.run(['verify', 'acme/tool@v1', ...trust()]);
    const other = ['--ledger', ledger.directory, '--pin', `sha256:${'0'.repeat(64)}`, '--store', './nowhere'];
    const { ran, by } = await checksOf(machine, other);
    expect(ran.exit).toBe(1);
    expect(ran.json()).toMatchObject({ error: { code: 'E_DOCTOR' } });
    expect(by('pin')).toMatchObject({ state: 'fail' });
    expect(by('public store')).toMatchObject({ state: 'fail' });
    const none = await checksOf(await Machine.create());
    expect(none.by('ledger')).toMatchObject({ state: 'fail' });
    expect(none.checks.filter(({ state, hint }) => (state === 'fail' || state === 'warn') && !hint)).toEqual([]);
  });

  test('a mirror.ini with a mistake is a line that names where it is', async () => {
    const machine = await Machine.create();
    await writeFile(join(machine.cwd, 'mirror.ini'), '[trust]\npim = x\n');
    const { ran, by } = await checksOf(machine);
    expect(ran.exit).toBe(1);
    expect(by('mirror.ini')?.message).toContain('mirror.ini:2');
  });

  test('shows no secret, and remembers nothing', async () => {
    const machine = await Machine.create();
    const env = {
      GITHUB_TOKEN: 'ghp_s3cret1',
      LEDGER_TOKEN: 's3cret2 with a blank',
      PULLTHROUGH_SIGNING_KEY: 's3cret3',
      PULLTHROUGH_SIGNING_PASSPHRASE: 's3cret4',
      HTTPS_PROXY: 'http://me:s3cret5@proxy:1',
    };
    const { ran, by } = await checksOf(machine, trust(), env);
    expect(`${ran.stdout}${ran.stderr}`).not.toContain('s3cret');
    expect(by('key')).toMatchObject({ state: 'fail' });
    await expect(access(`${machine.home}/state/pullthrough`)).rejects.toThrow();
  });
});
