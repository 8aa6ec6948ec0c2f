// `get` of 1 GiB from loopback against `curl -o` of the same URL, in turn; the whole command, with its start and its
// fsync, and so also against curl whose file is on disk when its clock stops.
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
    const seconds: Record<'curl' | 'synced' | 'get', number[]> = { curl: [], synced: [], get: [] };
    let memory = 0;
    for (let round = 0; round < Number(values.rounds ?? 5); round++) {
      rmSync(out, { recursive: true, force: true });
      execFileSync('sync');
      const started = performance.now();
      execFileSync('curl', ['-sSf', '-o', join(folder, 'curl'), `${store}/${storeKey(sha256)}`]);
      seconds.curl.push((performance.now() - started) / 1000);
      execFileSync('sync', [join(folder, 'curl')]);
      seconds.synced.push((performance.now() - started) / 1000);
      rmSync(join(folder, 'curl'));
      execFileSync('sync');
      const run = await runCommand(get, home);
      seconds.get.push(run.seconds);
      memory = Math.max(memory, run.memory);
    }
    const [curl, synced, ours] = [median(seconds.curl), median(seconds.synced), median(seconds.get)];
    console.log(`1 GiB from loopback, median of ${seconds.curl.length}`);
    console.log(`  curl -o          ${curl.toFixed(2)} s`);
    console.log(`  curl -o, sync    ${synced.toFixed(2)} s`);
    const ratios = `${(ours / curl).toFixed(2)} x curl (at most 1.25), ${(ours / synced).toFixed(2)} x curl and sync`;
    console.log(
      `  pullthrough get  ${ours.toFixed(2)} s  ${ratios}, peak memory ${memory.toFixed(0)} MiB (below 150 MB)`,
    );
  } finally {
    nginx.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
