import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { COMMANDS, globalOptions } from '../../cli/spec/index.ts';
import { runCli } from '../kit/worlds/cli-world.ts';

/** Arguments that get a command as far as its configuration. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  'ledger close': ['42'],
  nack: ['a/b@v1', '--reason', 'x', '--yes'],
  ack: ['--yes'],
  verify: ['a/b@v1'],
  get: ['a/b@v1'],
  lock: ['a/b@v1'],
};
const NAMES = ['review', 'ack', 'nack', 'plan', 'mirror', 'watch', 'verify', 'get', 'lock', 'store check', 'store gc'];

test.each(NAMES)('%s without a configuration hints at no flag that it does not have', async (name) => {
  const cwd = mkdtempSync(join(tmpdir(), 'pt-hint-'));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  const { code, stdout } = await runCli([...name.split(' '), ...(ARGUMENTS[name] ?? []), '--json'], { cwd });
  const { error } = JSON.parse(stdout) as { error: { hint: string } };
  expect(code).toBe(2);
  const spec = COMMANDS.find((command) => command.name === name)?.spec;
  const known = [...Object.keys(spec?.options ?? {}), ...Object.keys(globalOptions)];
  const hinted = [...error.hint.matchAll(/--([a-z-]+)/g)].map(([, flag = '']) => flag);
  expect(hinted.filter((flag) => !known.includes(flag))).toEqual([]);
});
