import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../kit/readers.ts';
import { runCli } from '../kit/worlds/cli-world.ts';

describe('what stands before and around a command', () => {
  test.each([
    [['bundle', 'create'], 'bundle create'],
    [['--state', 'somewhere', 'key', 'show', './nowhere'], 'key show'],
    [['key', 'show', '--state', 'somewhere', 'verify'], 'key show'],
  ])('%j has the title of its command in Actions', async (argv, title) => {
    const cwd = await temporaryFolder();
    const summary = join(cwd, 'summary.md');
    await runCli(argv, { cwd, env: { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary } });
    expect(await readFile(summary, 'utf8')).toMatch(new RegExp(`^### pullthrough ${title}\\n`));
  });

  test('a short option is heard among others', async () => {
    const cwd = await temporaryFolder();
    const env = { PULLTHROUGH_SIGNING_PASSPHRASE: 'a long one' };
    const loud = await runCli(['key', 'new', '-o', 'one.key'], { cwd, env });
    expect(loud.stderr).not.toBe('');
    expect(await runCli(['key', 'new', '-qo', 'two.key'], { cwd, env })).toMatchObject({ code: 0, stderr: '' });
  });

  test('an option that is the value of another is none', async () => {
    const cwd = await temporaryFolder();
    const { stdout, code } = await runCli(['list', '--config', '--json'], { cwd });
    expect([stdout, code]).toEqual(['', 2]);
  });
});

describe('an owner without a mirror.ini', () => {
  test.each([['trust', 'show'], ['ledger', 'status'], ['ledger', 'merge'], ['pending']])(
    '%s %s in a folder that is no repository is told so before anything is asked',
    async (...argv) => {
      const cwd = await temporaryFolder();
      const { code, stderr } = await runCli(argv, { cwd, env: { HOME: cwd } });
      expect(stderr).toContain('[E_NO_LEDGER]');
      expect(code).toBe(2);
    },
  );

  test('in one whose mirror.ini names no ledger is told which line to add', async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, 'mirror.ini'), '[ledger]\nbranch = main\n');
    const { code, stderr } = await runCli(['trust', 'show'], { cwd, env: { HOME: cwd } });
    expect(stderr).toContain('repository =');
    expect(code).toBe(2);
  });
});
