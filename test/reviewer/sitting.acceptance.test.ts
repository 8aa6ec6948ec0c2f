import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { run } from '../../cli/wiring/run-command.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { Written } from '../kit/worlds/cli-world.ts';
import { World } from './world.ts';
import type { Proposed } from './world.ts';

let world: World;
let proposals: Proposed[];
beforeAll(async () => {
  world = await World.start({ transport: 'file' });
  const { api } = world.upstream;
  const ini = `[ledger]\nrepository = ${world.git.directory}\n[source]\napi = ${api}\nhost = github.com\n[store]\nurl = file:./store\n`;
  writeFileSync(join(world.folder, 'mirror.ini'), ini);
  writeFileSync(join(world.folder, 'ada.key'), world.people.ada.key.armor());
  return () => world[Symbol.asyncDispose]();
});
beforeEach(async () => {
  for (const branch of world.branches().keys()) if (branch !== 'main') world.host.remove(branch);
  world.newTool();
  proposals = [];
  for (const tag of ['v1', 'v2', 'v3']) proposals.push(await world.propose(tag));
});

/** `ack` at a terminal of 80 columns; an answer of `^C` interrupts. */
async function ack(...answers: string[]) {
  const [stdout, stderr] = [new Written(80), new Written(80)];
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const controller = new AbortController();
  stderr.on('data', (chunk: Buffer) => {
    if (!chunk.toString().includes('[y/N]')) return;
    const answer = answers.shift() ?? '';
    if (answer === '^C') controller.abort(new PullthroughError('E_INTERRUPTED', 'interrupted by SIGINT'));
    else setImmediate(() => stdin.write(`${answer}\n`));
  });
  const env = {
    PATH: process.env.PATH,
    XDG_CACHE_HOME: join(world.folder, 'xdg'),
    XDG_STATE_HOME: join(world.folder, 'state'),
    NO_COLOR: '1',
  };
  const argv = ['ack', '--key', 'ada.key'];
  const { signal } = controller;
  const code = await run({ argv, env, cwd: world.folder, stdin, stdout, stderr, now: new Date(), signal });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

const isSigned = ({ branch, commit }: Proposed): boolean => world.branches().get(branch) !== commit;

test('y signs, n goes on, q ends, and the end says what was signed and what was not', async () => {
  const name = world.tool.fullName;
  const { code, stdout, stderr } = await ack('y', 'q');
  expect(code).toBe(0);
  expect(proposals.map(isSigned)).toEqual([true, false, false]);
  expect(stderr).toContain('y signs, n goes on, q ends');
  expect(stdout).toContain(`${name} v2, 2 of 3: the same`);
  expect(stdout).toMatch(
    new RegExp(
      `signed {6}${name} v1\nnot signed {2}${name} v2 \\(ended here\\)\nnot signed {2}${name} v3 \\(not reached\\)\n$`,
    ),
  );
});

test('d, o and ? tell, and ask again', async () => {
  const { stdout } = await ack('d', 'o', '?', 'y', 'n', 'n');
  expect(proposals.map(isSigned)).toEqual([true, false, false]);
  expect(stdout).toContain('no file could be compared with one of an earlier release');
  expect(stdout).toMatch(new RegExp(`^http.*/${world.tool.fullName}/releases/tag/v1$`, 'm'));
  expect(stdout).toContain("o      print the address of the release's page");
  expect(stdout).toContain('(declined)');
});

test('after Ctrl-C what was signed and what was not is said', async () => {
  const name = world.tool.fullName;
  const { code, stdout } = await ack('y', '^C');
  expect(code).not.toBe(0);
  expect(proposals.map(isSigned)).toEqual([true, false, false]);
  expect(stdout).toContain(`signed      ${name} v1\nnot signed  ${name} v2 (not reached)\n`);
});
