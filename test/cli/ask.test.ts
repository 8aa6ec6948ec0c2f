import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { loadConfig } from '../../cli/wiring/settings/config.ts';
import { parseLocation } from '../../cli/wiring/settings/location.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { people } from '../kit/worlds/executor-keys.ts';
import { runCli } from '../kit/worlds/cli-world.ts';

async function folder(): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'pt-ask-'));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  return cwd;
}

const PIN = `sha256:${'a'.repeat(64)}`;

async function withFile(cwd: string): Promise<string> {
  await writeFile(join(cwd, 'mine'), 'x');
  return cwd;
}

const at = (cwd: string, types: readonly string[]) => ({ cwd, columns: 120, types, env: process.env });

test.each([
  ['--ledger', 'a;b/c', '--store', 'file:./store'],
  ['--ledger', '"acme/ledger', '--store', 'file:./store'],
  ['--ledger', 'acme/ledger', '--store', 'file:./store#1'],
])('init makes nothing of %s %s %s %s, which mirror.ini would read as something else', async (...flags) => {
  const cwd = await folder();
  const { code, stderr } = await runCli(['init', 'mirror', ...flags], { cwd });
  expect(code).toBe(2);
  expect(stderr).toContain('[E_USAGE]');
  expect(await readdir(cwd)).toEqual([]);
});

test.each([
  ['./ledger.git', 'mirror', '../ledger.git'],
  ['ledger', 'deep/er/mirror', '../../../ledger'],
  ['../ledger.git', '../mirror', '../ledger.git'],
  ['./mirror/ledger', 'mirror', './ledger'],
  ['file:./ledger.git', 'mirror', '../ledger.git'],
  ['file:///srv/ledger.git', 'mirror', 'file:///srv/ledger.git'],
  ['/srv/ledger.git', 'mirror', '/srv/ledger.git'],
  ['acme/ledger', 'mirror', 'acme/ledger'],
  ['git@host.example:ledger.git', 'mirror', 'git@host.example:ledger.git'],
])('init --ledger %s into %s names the same place in its mirror.ini: %s', async (typed, directory, written) => {
  const above = await folder();
  const cwd = join(above, 'here');
  await mkdir(cwd);
  const { code } = await runCli(['init', directory, '--ledger', typed, '--store', './store'], { cwd });
  expect(code).toBe(0);
  const made = resolve(cwd, directory);
  expect(await readFile(join(made, 'mirror.ini'), 'utf8')).toContain(`repository = ${written}\n`);
  const { ledger, store } = await loadConfig({}, made);
  expect(ledger.location).toEqual(parseLocation(typed, cwd));
  expect(store.url).toBe(`file:${join(cwd, 'store')}`);
});

describe('at a terminal', () => {
  test('init asks for what no flag gives', async () => {
    const cwd = await folder();
    const answers = ['acme/ledger\n', 'file:./store\n', `${PIN}\n`];
    const { code, stderr } = await runCli(['init', 'mirror'], at(cwd, answers));
    expect(code).toBe(0);
    const ini = await readFile(join(cwd, 'mirror/mirror.ini'), 'utf8');
    expect(ini).toContain('repository = acme/ledger\n');
    expect(ini).toContain('url = file:./store\n');
    expect(ini).toContain(`\npin = ${PIN}\n`);
    expect(stderr).toContain('pullthrough trust show');
  });

  test('init says at once which answer it cannot take, and asks again', async () => {
    const cwd = await folder();
    const typed = ['', 'yes', '-x', 'ftp://x/y', 'acme/ledger', '', 'no', 's3://', 's3://acme-mirror', 'sha256:1', PIN];
    const { code, stderr } = await runCli(
      ['init', 'mirror'],
      at(
        cwd,
        typed.map((line) => `${line}\n`),
      ),
    );
    expect(code).toBe(0);
    expect(stderr.match(/\[E_(?:USAGE|CONFIG)\]/g)).toHaveLength(8);
    const ini = await readFile(join(cwd, 'mirror/mirror.ini'), 'utf8');
    expect(ini).toContain(`repository = acme/ledger\n\n[store]\nurl = s3://acme-mirror\n`);
    expect(ini).toContain(`\npin = ${PIN}\n`);
  });

  test('init takes no pin as one that is filled in later, and says where to get it', async () => {
    const cwd = await folder();
    const { code, stderr } = await runCli(['init', 'mirror'], at(cwd, ['acme/ledger\n', 's3://acme-mirror\n', '\n']));
    expect(code).toBe(0);
    expect(stderr).toContain('fill in pin = in its mirror.ini');
    expect(await readFile(join(cwd, 'mirror/mirror.ini'), 'utf8')).toContain('\n; pin = sha256:...');
  });

  test('init asks nothing where the folder is taken', async () => {
    const cwd = await folder();
    const { code, stderr } = await runCli(['init', '.'], at(await withFile(cwd), []));
    expect(code).toBe(2);
    expect(stderr).toContain('[E_EXISTS]');
  });

  test('ledger init says at once what it cannot read, and asks again', async () => {
    const cwd = await folder();
    const { ada, bot } = await people();
    await writeFile(join(cwd, 'ada.asc'), ada.public);
    await writeFile(join(cwd, 'bot.asc'), bot.public);
    await writeFile(join(cwd, 'text'), 'no key');
    const types = ['ada=none', 'ada=text', 'ada', 'ada=ada.asc', '', 'bot=bot.asc', '', 'ada=ada.asc', ''];
    const { code, stderr } = await runCli(
      ['ledger', 'init', 'l'],
      at(
        cwd,
        types.map((line) => `${line}\n`),
      ),
    );
    expect(code).toBe(0);
    expect(stderr.match(/\[E_INPUT\]/g)).toHaveLength(2);
    expect(stderr.match(/\[E_USAGE\]/g)).toHaveLength(1);
    expect(await readdir(join(cwd, 'l/trust'))).toContain('1.policy.json');
  });

  test('Ctrl-D is not an answer, and nothing is done', async () => {
    const cwd = await folder();
    const { code, stderr } = await runCli(['init', 'mirror'], at(cwd, ['\u0004']));
    expect(code).toBe(2);
    expect(stderr).toContain('[E_CONFIRM]');
    expect(await readdir(cwd)).toEqual([]);
  });

  test('Ctrl-C ends the run as the signal does', async () => {
    const cwd = await folder();
    const controller = new AbortController();
    const kill = vi.spyOn(process, 'kill').mockImplementation(() => {
      controller.abort(new PullthroughError('E_INTERRUPTED', 'interrupted by SIGINT'));
      return true;
    });
    onTestFinished(() => kill.mockRestore());
    const { code, stderr } = await runCli(['init', 'mirror'], {
      ...at(cwd, ['\u0003']),
      signal: controller.signal,
    });
    expect(kill).toHaveBeenCalledWith(process.pid, 'SIGINT');
    expect(code).toBe(1);
    expect(stderr).toContain('[E_INTERRUPTED]');
    expect(await readdir(cwd)).toEqual([]);
  });
});
