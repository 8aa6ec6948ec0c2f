// The gateway, warm, against nginx serving the same files as static files, of 1 MiB and of 10 KiB; wrk with 64 connections,
// in turn, in one run.
//   node dist/scripts/bench/serve.js [--seconds N] [--rounds N] [--requests N]
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${ours.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
const prefix = (tag: string) => `/acme/tool/releases/download/${tag}/`;

/** Asks for every file once, so that it is here; waits for the gateway at first. */
function warm(path: string): void {
  const args = ['-sSf', '--retry', '20', '--retry-connrefused', '--retry-delay', '1', '-o', '/dev/null'];
  for (let i = 0; i < FILES; i++) {
    execFileSync('curl', [...args, `http://127.0.0.1:${ourPort}${path}file-${i}`], { stdio: 'ignore' });
  }
}

function compare({ tag, name, aim }: (typeof SIZES)[number]): void {
  warm(prefix(tag));
  const runs = { nginx: [] as ReturnType<typeof wrk>[], ours: [] as ReturnType<typeof wrk>[] };
  for (let round = 0; round < Number(values.rounds ?? 3); round++) {
    runs.nginx.push(wrk(nginx.port, `/${tag}/`, seconds));
    runs.ours.push(wrk(ourPort, prefix(tag), seconds));
  }
  const middle = (of: readonly ReturnType<typeof wrk>[]) => median(of.map(({ requests }) => requests));
  const bytes = (of: readonly ReturnType<typeof wrk>[]) => median(of.map(({ megabytes }) => megabytes));
  console.log(`${name} files, 64 connections, ${seconds} s a round`);
  console.log(`  nginx    ${middle(runs.nginx).toFixed(0)} requests/s, ${bytes(runs.nginx).toFixed(0)} MB/s`);
  const share = (middle(runs.ours) / middle(runs.nginx)).toFixed(2);
  console.log(
    `  gateway  ${middle(runs.ours).toFixed(0)} requests/s, ${bytes(runs.ours).toFixed(0)} MB/s, ${share} of nginx (the aim is ${aim})`,
  );
}

try {
  for (const size of SIZES) compare(size);
  let done = 0;
  const wanted = Number(values.requests ?? 100_000);
  const memory = [rss()];
  while (done < wanted) {
    done += wrk(ourPort, prefix('v1'), seconds).count;
    memory.push(rss());
  }
  console.log(`  memory over ${done} requests more: ${memory.map((value) => value.toFixed(0)).join(', ')} MiB`);
} finally {
  nginx.stop();
  ours.kill();
  await new Promise((resolve) => ours.once('close', resolve));
  rmSync(folder, { recursive: true, force: true });
}
