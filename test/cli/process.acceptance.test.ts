import { execFileSync, spawnSync } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { world } from '../kit/worlds/executor-world.ts';
import { startGitHub } from '../servers/github/github.ts';
import { build, builtMain, start } from '../kit/processes/program.ts';
import { executor } from '../kit/worlds/executor-cli-world.ts';

const root = join(import.meta.dirname, '../..');

/** cli/main.ts as it is shipped, alone: anything more that it loaded would be missing here. */
function shippedMain(): string {
  return join(build(['cli/main.ts', 'cli/version.ts']), 'cli/main.js');
}

describe('the version', () => {
  test('is printed by the files of the start alone', () => {
    const main = shippedMain();
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(execFileSync(process.execPath, [main, '-V'], { encoding: 'utf8' })).toBe(`${manifest.version}\n`);
  });
});

describe('a stream that ends', () => {
  test('a reader that goes away is not a failure', async () => {
    for (const word of ['--help', '--version']) {
      const { child, ended, stderr } = start([word]);
      child.stdout.destroy();
      expect(await stderr()).toBe('');
      expect(await ended).toBe(0);
    }
  });

  test.runIf(process.platform === 'linux')('a disk that is full is a failure, and said', () => {
    const full = openSync('/dev/full', 'w');
    for (const words of [['completion', 'bash'], ['--version']]) {
      const argv = [builtMain(), ...words];
      const { status, stderr } = spawnSync(process.execPath, argv, {
        stdio: ['ignore', full, 'pipe'],
        encoding: 'utf8',
      });
      expect(stderr).toMatch(/^error: the result cannot be written: .*\[E_IO\]\n$/);
      expect(status).toBe(1);
    }
  });
});

describe('a signal', () => {
  /** A `plan` that waits for an API which doesn't answer. */
  async function waiting(...argv: string[]) {
    const made = await world();
    const github = await startGitHub({ tokens: {} });
    onTestFinished(() => github.close());
    github.addRepository('acme/tool');
    const asked = new Promise<void>((resolve) => github.faults.before(/acme\/tool/, () => resolve()));
    github.faults.stall({ times: 10 });
    await made.tool('acme/tool');
    await writeFile(
      join(made.folder, 'mirror.ini'),
      `[ledger]\nrepository = ./ledger.git\n[store]\nurl = ./s\n[source]\napi = ${github.api}\nhost = github.com\n`,
    );
    const env = {
      ...process.env,
      XDG_CACHE_HOME: join(made.folder, 'caches'),
      XDG_STATE_HOME: join(made.folder, 'state'),
    };
    const started = start(['plan', ...argv], { cwd: made.folder, env });
    const output = Promise.all([started.stdout(), started.stderr()]);
    await asked;
    return { ...started, output };
  }

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends the command with %i, and with a document', async (signal, exit) => {
    const { child, ended, output } = await waiting('--json');
    child.kill(signal);
    const [stdout, stderr] = await output;
    expect(await ended).toBe(exit);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'E_INTERRUPTED' } });
    expect(stderr).toContain('[E_INTERRUPTED]');
  });

  test('a second one ends it at once', async () => {
    const { child, ended } = await waiting();
    child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill('SIGINT');
    expect(await ended).toBe(130);
  });
});

test('a mirror that is interrupted in a download leaves nothing behind, and goes on when it is run again', async () => {
  const { made, env, cli } = await executor();
  made.github.faults.bytes('stalled', { asset: 'tool-linux', times: 10 });
  const { child, ended, stderr } = start(['mirror'], { cwd: made.folder, env });
  const said = stderr();
  await vi.waitFor(() => expect(made.requests('storage')).not.toEqual([]), { timeout: 20_000 });
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(await said).toContain('[E_INTERRUPTED]');
  const names = await readdir(made.folder, { recursive: true });
  expect(names.filter((name) => /\.(?:part|spool)$/.test(name))).toEqual([]);
  expect(made.branches()).toEqual([]);
  made.github.faults.clear();
  expect((await cli(['mirror'])).code).toBe(0);
  expect([...(await made.stored()).values()]).toEqual(['linux bytes']);
});

test('what nobody awaited ends the run with one document all the same', async () => {
  const thrower = `process.on('newListener', (name) => {
    if (name === 'uncaughtException') setImmediate(() => { throw new Error('boom'); });
  });`;
  const env = { ...process.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(thrower)}` };
  const { ended, stdout, stderr } = start(['verify', './none', '--json'], { env });
  const [text, said] = await Promise.all([stdout(), stderr()]);
  expect(await ended).toBe(1);
  expect(said).toContain('boom [E_INTERNAL]');
  expect(JSON.parse(text)).toMatchObject({ error: { code: 'E_INTERNAL' } });
});
