import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCli } from '../kit/worlds/cli-world.ts';

const installed = spawnSync('minisign', ['-v']).status === 0;
let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'pullthrough-minisign-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

test.skipIf(!installed).each([
  ['unencrypted', undefined],
  ['encrypted', 'correct horse'],
])('minisign signs and verifies by a key of key new --minisign, %s', async (_, passphrase) => {
  const env = passphrase === undefined ? {} : { PULLTHROUGH_SIGNING_PASSPHRASE: passphrase };
  const made = await runCli(['key', 'new', '--minisign', '--output', 'stamp.key'], { cwd, env });
  expect(made).toMatchObject({ code: 0 });
  writeFileSync(join(cwd, 'file'), 'some data\n');
  const minisign = (...args: string[]) => spawnSync('minisign', args, { cwd, input: `${passphrase ?? ''}\n` });
  const signed = minisign('-S', '-s', 'stamp.key', '-m', 'file');
  expect([signed.stderr.toString(), signed.status]).toEqual([expect.anything(), 0]);
  expect(minisign('-V', '-p', 'stamp.key.pub', '-m', 'file').status).toBe(0);
  expect(minisign('-V', '-P', made.stdout.trim(), '-m', 'file').status).toBe(0);
  if (passphrase === undefined) return;
  const wrong = spawnSync('minisign', ['-S', '-s', 'stamp.key', '-m', 'file'], { cwd, input: 'wrong\n' });
  expect(wrong.stderr.toString()).toContain('Wrong password');
});
