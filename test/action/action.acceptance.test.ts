import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { INPUTS } from '../../action/inputs.ts';
import { VERSION } from '../../cli/version.ts';
import { TestLedger } from '../kit/ledger/ledger-maker.ts';
import { StoreServer } from '../kit/store-server.ts';
import { Runner, bundle } from './runner.ts';

let ledger: TestLedger;
let store: StoreServer;
const BODIES = { 'tool-linux-amd64': 'linux', 'tool-darwin-arm64': 'darwin' };

beforeAll(async () => {
  ledger = await TestLedger.create();
  store = await StoreServer.start([...Object.values(BODIES), 'newer']);
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets: BODIES });
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.1.0', assets: { 'tool-linux-amd64': 'newer' }, acks: [] });
  await ledger.commit();
  await bundle();
});
afterAll(async () => {
  await store.close();
});

const trust = () => ({ ledger: ledger.directory, pin: `sha256:${ledger.pin()}` });
const words = (...args: string[]) => ({ args: args.join('\n') });

interface ActionFile {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly runs: { readonly using: string; readonly main: string };
}
const action = parse(readFileSync(join(import.meta.dirname, '../../action.yml'), 'utf8')) as ActionFile;

describe('action.yml', () => {
  test('runs the bundle by node 24', async () => {
    expect(action.runs.using).toBe('node24');
    expect(action.runs.main).toMatch(/^bundle\//);
    expect(readFileSync(join(await bundle(), '..', action.runs.main), 'utf8')).not.toBe('');
  });

  test('names the very inputs that are read', () => {
    expect(Object.keys(action.inputs)).toEqual([...INPUTS]);
  });

  test('names the very outputs that are set', async () => {
    const { outputs } = await new Runner().step({ command: 'verify', ...words('acme/tool@v1.0.0'), ...trust() });
    expect([...outputs.keys()].sort()).toEqual(Object.keys(action.outputs).sort());
  });
});

describe('a step without a command', () => {
  test('puts pullthrough on the PATH of later steps, which need no node for it', async () => {
    const { code, paths, outputs } = await new Runner().step({ version: `v${VERSION}` });
    expect(code).toBe(0);
    expect(outputs.get('version')).toBe(VERSION);
    const printed = execFileSync('pullthrough', ['--version'], { env: { PATH: paths.join(':') }, encoding: 'utf8' });
    expect(printed.startsWith(`${VERSION} (`)).toBe(true);
  });

  test('of another version than it asks for fails', async () => {
    const { code, log, paths } = await new Runner().step({ version: '99.0.0' });
    expect(code).toBe(2);
    expect(log).toContain('::error title=E_USAGE::the input version asks for 99.0.0');
    expect(paths).toEqual([]);
  });
});

describe('get', () => {
  test('puts acknowledged files into the workspace, and their paths into the outputs', async () => {
    const runner = new Runner();
    const { code, log, outputs } = await runner.step({
      command: 'get',
      ...words('acme/tool@latest', '*', '--output', 'bin', '--executable'),
      ...trust(),
      store: store.url,
    });
    expect(log).not.toContain('::error');
    expect(code).toBe(0);
    const paths = Object.keys(BODIES)
      .sort()
      .map((name) => join(runner.workspace, 'bin', name));
    expect(outputs.get('paths')?.split('\n').sort()).toEqual(paths);
    expect(readFileSync(join(runner.workspace, 'bin/tool-linux-amd64'), 'utf8')).toBe('linux');
    expect(JSON.parse(outputs.get('json') ?? '')).toMatchObject({ release: { tag: 'v1.0.0' } });
    expect(outputs.get('exit-code')).toBe('0');
  });

  test('a line of args is one argument, which no shell reads', async () => {
    const runner = new Runner();
    const strange = '$(touch pwned) `touch pwned`; touch pwned & "x\' %PATH% *';
    const { code, outputs } = await runner.step({
      command: 'get',
      args: `acme/tool@v1.0.0\r\n\n  *linux*  \r\n--output\r\n${strange}\r\n`,
      ...trust(),
      store: store.url,
    });
    expect(code).toBe(0);
    expect(readdirSync(runner.workspace)).toEqual([strange]);
    expect(outputs.get('paths')).toBe(join(runner.workspace, strange, 'tool-linux-amd64'));
  });

  test('of what is not acknowledged: exit 3, an annotation, a line in the summary, and no file', async () => {
    const runner = new Runner();
    const { code, log, outputs, summary } = await runner.step({
      command: 'get',
      ...words('acme/tool@v1.1.0'),
      ...trust(),
      store: store.url,
    });
    expect(code).toBe(3);
    expect(log).toMatch(/^::error title=E_NOT_ACKNOWLEDGED::/m);
    expect(summary).toContain('E_NOT_ACKNOWLEDGED');
    expect(outputs.get('exit-code')).toBe('3');
    expect(outputs.get('paths')).toBe('');
    expect(JSON.parse(outputs.get('json') ?? '')).toMatchObject({ error: { code: 'E_NOT_ACKNOWLEDGED' } });
    expect(readdirSync(runner.workspace)).toEqual([]);
  });
});

describe('verify and check', () => {
  test('verify says who acknowledged it', async () => {
    const { code, outputs } = await new Runner().step({ command: 'verify', ...words('acme/tool@v1.0.0'), ...trust() });
    expect(code).toBe(0);
    expect(JSON.parse(outputs.get('json') ?? '')).toMatchObject({ releases: [{ acks: [{ holder: 'ada' }] }] });
  });

  test('check runs the gate in the folder that is named', async () => {
    const runner = new Runner();
    execFileSync('git', ['clone', '--quiet', ledger.directory, join(runner.workspace, 'ledger')]);
    const step = { command: 'check', 'working-directory': 'ledger' };
    const { code, outputs } = await runner.step(step);
    expect(code).toBe(0);
    expect(JSON.parse(outputs.get('json') ?? '')).toMatchObject({ scope: 'all', problems: [] });
    const strict = await runner.step({ ...step, ...words('--require', 'acknowledged') });
    expect(strict.code).toBe(3);
    expect(strict.log).toContain('::error title=E_NOT_ACKNOWLEDGED::');
  });

  test.each([
    [{ command: 'serve' }, 'the input command is not one of get, verify, mirror, check'],
    [{ args: 'acme/tool@v1' }, 'the input command is empty'],
    [{ command: 'check', store: 'https://mirror.example' }, 'unknown option'],
    [{ command: 'verify', args: 'acme/tool@v1' }, 'E_NO_LEDGER'],
  ])('a step that is wrong does nothing: exit 2 (%o)', async (inputs: Record<string, string>, says) => {
    const { code, log } = await new Runner().step(inputs);
    expect(code).toBe(2);
    expect(log).toMatch(/^::error title=E_/m);
    expect(log).toContain(says);
  });
});
