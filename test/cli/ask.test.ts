import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { people } from '../executor/world.ts';
import { runCli } from './world.ts';

async function folder(): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'pt-ask-'));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
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

describe('at a terminal', () => {
  test('init asks for what no flag gives', async () => {
    const cwd = await folder();
    const { code } = await runCli(['init', 'mirror'], at(cwd, ['acme/ledger\n', 'file:./store\n']));
    expect(code).toBe(0);
    const ini = await readFile(join(cwd, 'mirror/mirror.ini'), 'utf8');
    expect(ini).toContain('repository = acme/ledger\n');
    expect(ini).toContain('url = file:./store\n');
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

  test('Ctrl-D is no answer, and nothing is done', async () => {
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
