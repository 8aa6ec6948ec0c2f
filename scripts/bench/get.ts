// `get` of 1 GiB from loopback against `curl -o` of the same URL, in turn; the whole command, with its start and its
// fsync, and so also against curl whose file is on disk when its clock stops, and against curl whose bytes are hashed.
//   node dist/scripts/bench/get.js [--rounds N] [--dir FOLDER]
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { storeKey } from '../../store/store.ts';
import { makeLedger, median, runCommand } from './consumer-ledger.ts';
import { makeFile } from './files.ts';
import { startNginx } from './nginx.ts';

const SIZE = 1 << 30;
const RUN = { stdio: ['ignore', 'ignore', 'inherit'] as ('ignore' | 'inherit')[] };

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: 'string' }, dir: { type: 'string' } } });
  const folder = mkdtempSync(join(resolve(values.dir ?? tmpdir()), 'pullthrough-bench-'));
  const root = join(folder, 'store');
  const sha256 = makeFile(join(root, 'made'), SIZE);
  mkdirSync(join(root, storeKey(sha256), '..'), { recursive: true });
  renameSync(join(root, 'made'), join(root, storeKey(sha256)));
  const nginx = await startNginx(join(folder, 'nginx'), root);
  try {
    const store = nginx.origin;
    const asset = { name: 'big', size: SIZE, sha256 };
    const ledger = join(folder, 'ledger.git');
    const { pin } = await makeLedger(ledger, [{ repository: 'acme/tool', tag: 'v1', assets: [asset] }]);
    const home = join(folder, 'home');
    const out = join(folder, 'out');
    const get = ['get', 'acme/tool@v1', '--ledger', ledger, '--pin', pin, '--store', store, '--output', out];
    const seconds: Record<'curl' | 'synced' | 'checked' | 'piped' | 'get', number[]> = {
      curl: [],
      synced: [],
      checked: [],
      piped: [],
      get: [],
    };
    const url = `${store}/${storeKey(sha256)}`;
    const copy = join(folder, 'curl');
    let memory = 0;
    for (let round = 0; round < Number(values.rounds ?? 5); round++) {
      rmSync(out, { recursive: true, force: true });
      execFileSync('sync');
      const started = performance.now();
      execFileSync('curl', ['-sSf', '-o', copy, url]);
      seconds.curl.push((performance.now() - started) / 1000);
      execFileSync('sync', [copy]);
      seconds.synced.push((performance.now() - started) / 1000);
      execFileSync('openssl', ['dgst', '-sha256', copy], RUN);
      seconds.checked.push((performance.now() - started) / 1000);
      rmSync(copy);
      execFileSync('sync');
      const begun = performance.now();
      execFileSync('sh', ['-c', 'curl -sSf "$1" | tee "$2" | openssl dgst -sha256; sync "$2"', 'sh', url, copy], RUN);
      seconds.piped.push((performance.now() - begun) / 1000);
      rmSync(copy);
      execFileSync('sync');
      const run = await runCommand(get, home);
      seconds.get.push(run.seconds);
      memory = Math.max(memory, run.memory);
    }
    const ours = median(seconds.get);
    const beside = (name: string, theirs: number[]): void =>
      console.log(
        `  ${name.padEnd(26)} ${median(theirs).toFixed(2)} s  get takes ${(ours / median(theirs)).toFixed(2)} x`,
      );
    console.log(`1 GiB from loopback, median of ${seconds.get.length}`);
    beside('curl -o', seconds.curl);
    beside('curl -o, sync', seconds.synced);
    beside('curl -o, sync, SHA-256', seconds.checked);
    beside('curl | tee | SHA-256, sync', seconds.piped);
    console.log(`  pullthrough get            ${ours.toFixed(2)} s  at most 1.10 x curl and sync`);
    const ratios = seconds.get.map((time, round) => (time / (seconds.synced[round] ?? Number.NaN)).toFixed(2));
    console.log(
      `  each round, against curl and sync: ${ratios.join(', ')}; peak memory ${memory.toFixed(0)} MiB (122)`,
    );
  } finally {
    nginx.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
