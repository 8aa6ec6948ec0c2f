// What reviewing ten proposals costs at a terminal: how often each byte is fetched from upstream and from the store, and how long
// a person who reads each for a while waits for the next, against the first, for which nothing was fetched ahead. Everything on
// loopback; upstream and the store count their requests. Needs `script` of util-linux.
//   node dist/scripts/bench/review.js [--dir FOLDER] [--mib N] [--seconds N]
import { execFileSync, spawn } from 'node:child_process';
import { createReadStream, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startGitHub } from '../../test/servers/github/github.ts';
import { PROGRAM } from '../program.ts';
import { median } from './consumer-ledger.ts';
import { makeFile } from './files.ts';

const TOOL = 'acme/tool';
const PROPOSALS = 10;
const MIB = 1 << 20;

interface World {
  readonly folder: string;
  readonly github: Awaited<ReturnType<typeof startGitHub>>;
}

function environment(folder: string): NodeJS.ProcessEnv {
  const home = join(folder, 'home');
  const key = join(folder, 'bot.key');
  return { ...process.env, HOME: home, XDG_CACHE_HOME: home, XDG_STATE_HOME: home, PULLTHROUGH_SIGNING_KEY_FILE: key };
}

/** Not `execFileSync`: upstream answers in this process. */
async function pullthrough({ folder }: World, ...args: string[]): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, ...args, '--quiet'], {
    cwd: folder,
    env: environment(folder),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise((settle) => child.on('exit', settle));
  if (code !== 0) throw new Error(`pullthrough ${args.join(' ')} ended with ${String(code)}`);
}

/** Ten releases, mirrored and proposed. */
async function propose(world: World, mib: number, store: string): Promise<void> {
  const { folder, github } = world;
  const repository = github.addRepository(TOOL);
  for (let n = 0; n < PROPOSALS; n++) {
    const file = join(folder, 'upstream', String(n));
    makeFile(file, mib * MIB);
    await repository.addRelease({ tag: `v1.${n}`, assets: [{ name: 'tool', content: { file } }] });
  }
  const tool = join(folder, 'packages/github.com', TOOL);
  mkdirSync(tool, { recursive: true });
  writeFileSync(join(tool, 'tool.ini'), '[release]\nselect = all\n');
  const ini = `[ledger]\nrepository = ledger.git\n[store]\nurl = file:./store\npublic-url = ${store}\n[source]\napi = ${github.api}\nhost = github.com\n`;
  writeFileSync(join(folder, 'mirror.ini'), ini);
  for (const name of ['bot', 'ada'])
    await pullthrough(world, 'key', 'new', '--user-id', name, '--output', `${name}.key`);
  const roles = [
    '--root',
    'ada=ada.key.pub.asc',
    '--executor',
    'bot=bot.key.pub.asc',
    '--reviewer',
    'ada=ada.key.pub.asc',
  ];
  await pullthrough(world, 'ledger', 'init', 'ledger.git', '--bare', ...roles, '--threshold', '1', '--key', 'ada.key');
  await pullthrough(world, 'mirror');
}

/** How long each question took to come after the answer before, for somebody who reads for `seconds`. */
async function sit(folder: string, seconds: number): Promise<number[]> {
  const line = `stty cols 80 rows 24 && exec ${process.execPath} ${PROGRAM} ack --key ada.key --accept young-release`;
  const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    cwd: folder,
    env: { ...environment(folder), SHELL: '/bin/sh', TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waits: number[] = [];
  let answered = performance.now();
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (!text.includes('[y/N]')) return;
    text = '';
    waits.push(performance.now() - answered);
    setTimeout(() => {
      child.stdin.write('n\r');
      answered = performance.now();
    }, seconds * 1000);
  });
  await new Promise((settle) => child.on('exit', settle));
  return waits;
}

const { values } = parseArgs({
  options: { dir: { type: 'string', default: tmpdir() }, mib: { type: 'string' }, seconds: { type: 'string' } },
});
const [mib, seconds] = [Number(values.mib ?? 64), Number(values.seconds ?? 4)];
execFileSync('script', ['--version'], { stdio: 'ignore' });
const folder = mkdtempSync(join(resolve(values.dir), 'pt-review-'));
const github = await startGitHub();
const stored: string[] = [];
const store = createServer((request, response) => {
  const path = join(folder, 'store', request.url ?? '');
  stored.push(path);
  response.writeHead(200, { 'content-length': statSync(path).size });
  createReadStream(path).pipe(response);
});
try {
  await new Promise<void>((settle) => store.listen(0, '127.0.0.1', settle));
  const address = store.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await propose({ folder, github }, mib, `http://127.0.0.1:${port}`);
  github.takeRequests();
  stored.length = 0;
  const waits = await sit(folder, seconds);
  const downloads = github.takeRequests().filter(({ server }) => server === 'storage').length;
  const [first = 0, ...others] = waits;
  const text = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
  console.log(`${waits.length} proposals of ${mib} MiB, each read for ${seconds} s`);
  console.log(`fetched from upstream ${downloads} times, from the store ${stored.length} times`);
  console.log(
    `waited for the first ${text(first)}; for each of the others ${text(median(others))} (${others.map(text).join(', ')})`,
  );
} finally {
  store.close();
  await github.close();
  rmSync(folder, { recursive: true, force: true });
}
