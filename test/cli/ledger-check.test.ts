import { expect, test } from 'vitest';
import { runCli } from '../kit/worlds/cli-world.ts';
import { executor } from '../kit/worlds/executor-cli-world.ts';

/** A commit that adds stray files below packages/, where none may lie. */
async function refused(names: readonly string[]) {
  const { made } = await executor();
  const blob = made.git(['hash-object', '-w', '--stdin'], 'x');
  const packages = made.git(['mktree'], names.map((name) => `100644 blob ${blob}\t${name}\n`).join(''));
  const root = made.git(['mktree'], `${made.git(['ls-tree', 'main'])}\n040000 tree ${packages}\tpackages\n`);
  const head = made.git(['commit-tree', '-p', 'main', '-m', 'x', root]);
  const argv = ['ledger', 'check', '--base', 'main', '--head', head];
  return (...more: string[]) => runCli([...argv, ...more], { cwd: made.ledgerDirectory, env: process.env });
}

test('the gate says a lone problem once, and where it is once', async () => {
  const check = await refused(['stray']);
  const { code, stderr, stdout } = await check();
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr.match(/error: /g)).toHaveLength(1);
  expect(stderr.match(/packages\/stray/g)).toHaveLength(1);
  expect(stderr).toContain('hint: ');
});

test('several are listed, and counted at the end', async () => {
  const check = await refused(['one', 'two']);
  const { code, stderr } = await check();
  expect(code).toBe(3);
  expect(stderr.match(/packages\/two/g)).toHaveLength(1);
  expect(stderr).toMatch(/error: the gate refuses this: .*, and 1 more \[\w+\]\nhint: see above for each\n$/);
});
