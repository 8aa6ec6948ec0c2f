// `get` of 1 GiB from loopback against `curl -o` of the same URL, in turn; the whole command, with its start and its
// fsync, and so also against curl whose file is on disk when its clock stops.
//   node dist/scripts/bench/get.js [--rounds N] [--dir FOLDER]
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { storeKey } from '../../store/store.ts';
import { makeLedger, median, runCommand } from './consumer-ledger.ts';

const MIB = 1 << 20;
const SIZE = 1024 * MIB;
const SELF = fileURLToPath(import.meta.url);

/** The same file at every path; says its port and digest. Runs until its standard input ends. */
function serve(): void {
  const block = randomFillSync(Buffer.alloc(MIB));
  const hash = createHash('sha256');
  for (let i = 0; i < SIZE / MIB; i++) hash.update(block);
  const sha256 = hash.digest('hex');
  const server = createServer((_, response) => {
    let left = SIZE;
    response.writeHead(200, { 'content-length': SIZE, etag: `"${sha256}"` });
    const more = (): void => {
      while (left > 0) {
        left -= MIB;
        if (!response.write(block)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  });
  server.listen(0, '127.0.0.1', () => console.log(`${(server.address() as AddressInfo).port} ${sha256}`));
  process.stdin.resume().on('end', () => process.exit());
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: 'string' }, dir: { type: 'string' } } });
  const folder = mkdtempSync(join(resolve(values.dir ?? tmpdir()), 'pullthrough-bench-'));
  const server = spawn(process.execPath, [SELF, 'serve'], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const said = await new Promise<string>((found) =>
      server.stdout.once('data', (data: Buffer) => found(String(data))),
    );
    const [port = '', sha256 = ''] = said.trim().split(' ');
    const store = `http://127.0.0.1:${port}`;
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
    server.stdin.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[2] === 'serve') serve();
else await main();
