import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { build } from '../kit/processes/program.ts';

/** Keeps making objects of which many live on; a thread starts meanwhile. Prints the most that young ones had, in MB. */
const BUSY = `
import { getHeapSpaceStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';
const { spareEngine } = await import(process.argv[1]);
spareEngine();
const kept = [];
let most = 0;
let started = false;
const begun = performance.now();
const turn = () => {
  for (let i = 0; i < 20000; i++) kept[(i * 7) % 60000] = { i, list: [i] };
  const size = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size;
  most = Math.max(most, size / 1048576);
  if (!started && performance.now() - begun > 500) started = new Worker('0', { eval: true });
  if (performance.now() - begun < 2500) setTimeout(turn, 1);
  else console.log(most);
};
turn();
`;

test('the room for young objects stays small, also after a thread has started', () => {
  const module = pathToFileURL(join(build(['cli/wiring/spare-engine.ts']), 'cli/wiring/spare-engine.js')).href;
  const most = execFileSync(process.execPath, ['--input-type=module', '-e', BUSY, module], { encoding: 'utf8' });
  expect(Number(most)).toBeLessThanOrEqual(16);
});
