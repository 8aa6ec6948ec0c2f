// How fast the program starts: `pullthrough --version` beside `node -e 0`, in turn, many times.
//   node dist/scripts/bench/startup.js [--runs N]
import { spawnSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { PROGRAM } from '../program.ts';

const { values } = parseArgs({ options: { runs: { type: 'string' } } });
const runs = Number(values.runs ?? 60);

function milliseconds(args: readonly string[]): number {
  const started = performance.now();
  const { status } = spawnSync(process.execPath, [...args], { stdio: 'ignore' });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`);
  return performance.now() - started;
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

const VERSION = [PROGRAM, '--version'];
const NOTHING = ['-e', '0'];
for (const args of [VERSION, NOTHING]) milliseconds(args);
// Each pair in turn, and the other way round every second time.
const pairs = Array.from({ length: runs }, (_, i) => {
  const first = milliseconds(i % 2 === 0 ? VERSION : NOTHING);
  const second = milliseconds(i % 2 === 0 ? NOTHING : VERSION);
  return i % 2 === 0 ? { ours: first, node: second } : { ours: second, node: first };
});
const ours = median(pairs.map((pair) => pair.ours));
const node = median(pairs.map((pair) => pair.node));
const ratio = median(pairs.map((pair) => pair.ours / pair.node));
console.log(`--version ${ours.toFixed(1)} ms, node -e 0 ${node.toFixed(1)} ms, medians of ${runs} pairs in turn`);
console.log(`  ${ratio.toFixed(2)} times as long, pair by pair  (at most 1.15); load ${loadavg()[0]?.toFixed(1)}`);
