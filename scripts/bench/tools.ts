// A cron run over 200 and 2,000 tools with nothing new: seconds, requests per tool, and peak memory, on loopback.
//   node dist/scripts/bench/tools.js [--dir FOLDER]
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startGitHub } from '../../test/servers/github/github.ts';
import type { BenchRecord } from './consumer-ledger.ts';
import { makeLedger, median, runCommand } from './consumer-ledger.ts';

const ROUNDS = 3;

/** Seconds for a run over so many tools; the stand-in for GitHub takes the other core. */
async function measure(tools: number, folder: string): Promise<number> {
  const github = await startGitHub();
  const records: BenchRecord[] = [];
  for (let i = 0; i < tools; i++) {
    const repository = `owner${i % 100}/tool${i}`;
    const made = github.addRepository(repository);
    await made.addRelease({ tag: 'v1', assets: [{ name: 'a', content: 'a' }] });
    records.push({
      repository,
      repositoryId: made.id,
      tag: 'v1',
      assets: [{ name: 'a', size: 1, sha256: 'a'.repeat(64) }],
    });
    const place = join(folder, 'packages/github.com', repository);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'tool.ini'), '');
  }
  const { botKey } = await makeLedger(join(folder, 'ledger.git'), records);
  writeFileSync(join(folder, 'bot.key'), botKey);
  const lines = ['[ledger]', 'repository = ledger.git', 'author = Bench <bench@localhost>', '[store]'];
  lines.push('url = file:./store', '[source]', `api = ${github.api}`, 'host = github.com', '');
  writeFileSync(join(folder, 'mirror.ini'), lines.join('\n'));
  const mirror = () =>
    runCommand(['mirror'], join(folder, 'home'), folder, { PULLTHROUGH_SIGNING_KEY_FILE: join(folder, 'bot.key') });
  const first = await mirror();
  github.takeRequests();
  const seconds: number[] = [];
  let memory = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const run = await mirror();
    seconds.push(run.seconds);
    memory = Math.max(memory, run.memory);
  }
  const asked = github.takeRequests();
  const each = asked.length / ROUNDS / tools;
  const fresh = asked.filter(({ status }) => status !== 304).length;
  console.log(`${tools} tools with nothing new, median of ${ROUNDS}`);
  console.log(`  first run, without a cache  ${first.seconds.toFixed(2)} s`);
  console.log(`  every other run             ${median(seconds).toFixed(2)} s  (2,000: at most 20)`);
  console.log(`  requests a tool             ${each.toFixed(2)}, ${fresh} of all not a 304  (at most 1, 0)`);
  console.log(`  peak memory                 ${memory.toFixed(0)} MiB  (2,000: below 300 MB)`);
  await github.close();
  return median(seconds);
}

const { values } = parseArgs({ options: { dir: { type: 'string' } } });
const base = mkdtempSync(join(resolve(values.dir ?? tmpdir()), 'pullthrough-bench-'));
try {
  const [few = Number.NaN, many = Number.NaN] = [
    await measure(200, join(base, 'few')),
    await measure(2000, join(base, 'many')),
  ];
  console.log(`ten times the tools cost ${(many / few).toFixed(1)} times as much  (at most 10)`);
} finally {
  rmSync(base, { recursive: true, force: true });
}
