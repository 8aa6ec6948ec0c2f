// The gateway, warm, against nginx serving the same files as static files, of 1 MiB and of 10 KiB, and against node's own server
// with the files in memory, which is as fast as one thread of node can be; wrk with 64 connections, in turn, in one run.
// Processor time says more than the clock where others use the machine: it is that of the server alone, the least of all rounds.
//   node dist/scripts/bench/serve.js [--seconds N] [--rounds N] [--requests N]
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sha256Hex } from '../../ledger-schema/bytes.ts';
import { storeKey } from '../../store/store.ts';
import { ensurePrograms } from '../../test/servers/programs.ts';
import { makeLedger, median, startCommand } from './consumer-ledger.ts';
import { freePort, startNginx } from './nginx.ts';

const FILES = 20;
const SIZES = [
  { tag: 'v1', name: '1 MiB', size: 1 << 20, aim: 1 },
  { tag: 'v2', name: '10 KiB', size: 10 << 10, aim: 0.8 },
];
const options = { seconds: { type: 'string' }, rounds: { type: 'string' }, requests: { type: 'string' } } as const;
const { values } = parseArgs({ options });
const seconds = Number(values.seconds ?? 5);
const folder = mkdtempSync(join(tmpdir(), 'pullthrough-bench-'));

function prefix(tag: string): string {
  return `/acme/tool/releases/download/${tag}/`;
}

/** All files in turn, by a script of wrk. */
function wrk(port: number, prefix: string, duration: number): { requests: number; megabytes: number; count: number } {
  const script = join(folder, 'wrk.lua');
  writeFileSync(
    script,
    `local n = 0\nrequest = function() n = n + 1; return wrk.format("GET", "${prefix}file-" .. (n % ${FILES})) end
done = function(s) io.write(string.format("RESULT %d %d %d %d\\n", s.requests, s.bytes, s.duration, s.errors.status)) end\n`,
  );
  const url = `http://127.0.0.1:${port}`;
  const { stdout } = spawnSync('wrk', ['-t2', '-c64', `-d${duration}s`, '-s', script, url], { encoding: 'utf8' });
  const [, requests, bytes, micros, errors] = (/RESULT (\d+) (\d+) (\d+) (\d+)/.exec(stdout) ?? []).map(Number);
  if (errors !== 0) throw new Error(`wrk: ${stdout}`);
  const time = (micros ?? 0) / 1e6;
  return { requests: (requests ?? 0) / time, megabytes: (bytes ?? 0) / time / 1e6, count: requests ?? 0 };
}

ensurePrograms({ wrk: 'wrk' });
const www = join(folder, 'www');
const store = join(folder, 'store');
const records = SIZES.map(({ tag, size }) => {
  mkdirSync(join(www, tag), { recursive: true });
  const assets = Array.from({ length: FILES }, (_, i) => {
    const bytes = randomBytes(size);
    const sha256 = sha256Hex(bytes);
    mkdirSync(join(store, storeKey(sha256), '..'), { recursive: true });
    writeFileSync(join(store, storeKey(sha256)), bytes);
    writeFileSync(join(www, tag, `file-${i}`), bytes);
    return { name: `file-${i}`, size, sha256 };
  });
  return { repository: 'acme/tool', tag, assets };
});
const ledger = join(folder, 'ledger.git');
const { pin } = await makeLedger(ledger, records);
const nginx = await startNginx(join(folder, 'nginx'), www);
const ourPort = await freePort();
const args = [
  'serve',
  '--listen',
  `127.0.0.1:${ourPort}`,
  '--ledger',
  ledger,
  '--pin',
  pin,
  '--store',
  `file:${store}`,
];
const ours = startCommand(args, join(folder, 'home'), folder);
const bareProgram = join(dirname(fileURLToPath(import.meta.url)), 'peer/bare-http.js');
const bare = spawn(process.execPath, [bareProgram, www], { stdio: ['ignore', 'pipe', 'inherit'] });
const barePort = Number((await createInterface(bare.stdout)[Symbol.asyncIterator]().next()).value);
const SERVERS = [
  { name: 'nginx', port: nginx.port, pid: nginx.pid, prefix: (tag: string) => `/${tag}/` },
  { name: 'node:http alone', port: barePort, pid: bare.pid, prefix: (tag: string) => `/${tag}/` },
  { name: 'gateway', port: ourPort, pid: ours.pid, prefix },
];
const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${ours.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

/** Asks for every file once, so that it is here; waits for the gateway at first. */
function warm(path: string): void {
  const args = ['-sSf', '--retry', '20', '--retry-connrefused', '--retry-delay', '1', '-o', '/dev/null'];
  for (let i = 0; i < FILES; i++) {
    execFileSync('curl', [...args, `http://127.0.0.1:${ourPort}${path}file-${i}`], { stdio: 'ignore' });
  }
}

/** Of a server and the processes that it started, in microseconds. */
function processorTime(pid: number): number {
  const fields = (of: string) => (readFileSync(`/proc/${of}/stat`, 'utf8').split(') ')[1] ?? '').split(' ').map(Number);
  const tree = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return [String(pid), ...tree].reduce((sum, of) => sum + (fields(of)[11] ?? 0) + (fields(of)[12] ?? 0), 0) * 10_000;
}

function compare({ tag, name, aim }: (typeof SIZES)[number]): void {
  warm(prefix(tag));
  const runs = SERVERS.map((server) => ({
    ...server,
    rates: [] as number[],
    bytes: [] as number[],
    times: [] as number[],
  }));
  for (let round = 0; round < Number(values.rounds ?? 3); round++) {
    for (const { port, pid, prefix, rates, bytes, times } of runs) {
      const before = processorTime(pid ?? 0);
      const { requests, megabytes, count } = wrk(port, prefix(tag), seconds);
      rates.push(requests);
      bytes.push(megabytes);
      times.push((processorTime(pid ?? 0) - before) / count);
    }
  }
  console.log(`${name} files, 64 connections, ${seconds} s a round (the aim is ${aim} of nginx)`);
  const first = median(runs[0]?.rates ?? []);
  for (const { name, rates, bytes, times } of runs) {
    const rate = `${median(rates).toFixed(0)} requests/s, ${median(bytes).toFixed(0)} MB/s`;
    const share = `${(median(rates) / first).toFixed(2)} of nginx, ${Math.min(...times).toFixed(0)} µs a request`;
    console.log(`  ${name.padEnd(15)}  ${rate}, ${share}`);
  }
}

try {
  for (const size of SIZES) compare(size);
  const wanted = Number(values.requests ?? 300_000);
  const memory = [rss()];
  for (let done = 0, told = 0; done < wanted;) {
    done += wrk(ourPort, prefix(memory.length % 2 === 0 ? 'v1' : 'v2'), 1).count;
    if (done < told) continue;
    memory.push(rss());
    told += wanted / 10;
  }
  console.log(`  memory over ${wanted} requests more: ${memory.map((value) => value.toFixed(0)).join(', ')} MiB`);
} finally {
  nginx.stop();
  bare.kill();
  ours.kill();
  await new Promise((resolve) => ours.once('close', resolve));
  rmSync(folder, { recursive: true, force: true });
}
