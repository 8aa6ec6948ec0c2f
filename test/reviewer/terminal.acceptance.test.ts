import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { atTerminal, screenLines } from '../kit/processes/terminal.ts';
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
beforeEach(() => {
  for (const branch of world.branches().keys()) if (branch !== 'main') world.host.remove(branch);
  world.newTool();
});

function start(...argv: string[]) {
  const env = {
    PATH: process.env.PATH,
    HOME: world.folder,
    XDG_CACHE_HOME: join(world.folder, 'xdg'),
    XDG_STATE_HOME: join(world.folder, 'state'),
  };
  return atTerminal(argv, { cwd: world.folder, env });
}

const isSigned = ({ branch, commit }: Proposed): boolean => world.branches().get(branch) !== commit;

async function propose(...tags: string[]): Promise<void> {
  proposals = [];
  for (const tag of tags) proposals.push(await world.propose(tag));
}

test('Ctrl-C at the second question signs the first alone, and says so', async () => {
  await propose('v1', 'v2', 'v3');
  const name = world.tool.fullName;
  const terminal = start('ack', '--key', 'ada.key');
  await terminal.until('[y/N]');
  terminal.type('y\r');
  await terminal.until('[y/N]');
  terminal.type('\x03');
  expect(await terminal.ended).toBe(130);
  expect(proposals.map(isSigned)).toEqual([true, false, false]);
  const lines = screenLines(terminal.shown());
  expect(lines).toContain(`signed      ${name} v1`);
  expect(lines).toContain(`not signed  ${name} v2 (not reached)`);
  expect(lines).toContain(`not signed  ${name} v3 (not reached)`);
});

test('Ctrl-C while bytes are fetched, which the terminal makes a signal of, signs nothing more, and says so', async () => {
  await propose('v1');
  proposals.push(await world.propose('v2', { files: { slow: { size: 90_000, seed: 7 } } }));
  const name = world.tool.fullName;
  world.upstream.faults.bytes('stalled', { asset: 'slow' });
  const terminal = start('ack', '--key', 'ada.key');
  await terminal.until('[y/N]');
  terminal.type('y\r');
  await terminal.until('your ack is pushed');
  await terminal.until(/ v2 \[/);
  terminal.type('\x03');
  expect(await terminal.ended).toBe(130);
  expect(proposals.map(isSigned)).toEqual([true, false]);
  const lines = screenLines(terminal.shown());
  expect(lines).toContain(`signed      ${name} v1`);
  expect(lines).toContain(`not signed  ${name} v2 (not reached)`);
});

test('Ctrl-C at the one question of a run says that nothing was signed', async () => {
  await propose('v1');
  const terminal = start('ack', '--key', 'ada.key');
  await terminal.until('[y/N]');
  terminal.type('\x03');
  expect(await terminal.ended).toBe(130);
  expect(screenLines(terminal.shown())).toContain(`not signed  ${world.tool.fullName} v1 (not reached)`);
});
