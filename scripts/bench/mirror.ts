// How fast bytes go from loopback into a store, side by side in one run:
//   - 8 files of 128 MiB into the file store, by the whole command `pullthrough mirror` (from a GitHub on loopback, signing and
//     proposing included) and by the store alone, against the old way (curl, sha256sum, sha512sum, md5sum, cp: one file after
//     another) and against curl alone, 4 at a time; each side's files are on disk when its clock stops (sync);
//   - into S3, by `pullthrough store copy` and by the store alone, against `rclone copy` of the same files from disk: the S3
//     server of the tests, with --tls behind nginx, or --s3 ENDPOINT,KEY,SECRET, with NODE_EXTRA_CA_CERTS=FILE for its authority.
// nginx sends the files; the API of the GitHub is a process of its own.
//   node dist/scripts/bench/mirror.js [--dir FOLDER] [--rounds N] [--s3 ENDPOINT,KEY,SECRET] [--tls] [--only disk|s3]
import { execFileSync, spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openDownload } from '../../io/http/download/download.ts';
import { mapLimit } from '../../io/limit.ts';
import { SILENT } from '../../io/progress.ts';
import { openStore } from '../../store/open.ts';
import { storeKey } from '../../store/store.ts';
import { median, runCommand } from './consumer-ledger.ts';
import { Executor } from './executor.ts';
import { makeFile } from './files.ts';
import { startNginx } from './nginx.ts';
import { startS3 } from './s3.ts';
import type { BenchS3 } from './s3.ts';
import { startUpstream } from './upstream.ts';

const TOOL = 'acme/tool';
const FILES = 8;
const FILE = 128 << 20;
const MIB = 1 << 20;
const SELF = fileURLToPath(import.meta.url);
const RUN = { stdio: ['ignore', 'ignore', 'inherit'] as ('ignore' | 'inherit')[] };

/** Our side, in a process of its own: prints its peak memory in MiB. */
async function ours(url: string, target: string, count: number, size: number): Promise<void> {
  const store = await openStore(target, { baseDir: '/', env: process.env, progress: SILENT });
  await mapLimit(Array.from({ length: count }), 4, async (_, number) => {
    const sha256 = process.env[`SHA256_${number}`] || undefined;
    await store.put({ name: 'file', size, sha256 }, openDownload({ url: `${url}/${number}/${size}`, size }));
  });
  console.log(Math.round(process.resourceUsage().maxRSS / 1024));
}

/** What is measured; it may say more about itself. */
type Run = () => Promise<string | undefined> | string | undefined;

interface Side {
  readonly name: string;
  readonly run: Run;
  readonly seconds: number[];
  note: string;
}

/** Runs each side in turn, round by round, so that none always has the machine at its best. */
async function measure(
  title: string,
  rounds: number,
  folder: string,
  sides: Record<string, Run>,
  before: () => void = () => undefined,
): Promise<void> {
  const all: Side[] = Object.entries(sides).map(([name, run]) => ({ name, run, seconds: [], note: '' }));
  for (let round = 0; round < rounds; round++) {
    for (const side of all) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      before();
      execFileSync('sync');
      const start = performance.now();
      side.note = (await side.run()) ?? '';
      execFileSync('sync');
      side.seconds.push((performance.now() - start) / 1000);
    }
  }
  console.log(`\n${title}`);
  const first = median(all[0]?.seconds ?? []);
  for (const { name, seconds, note } of all) {
    const time = median(seconds);
    console.log(`  ${name.padEnd(34)} ${time.toFixed(2).padStart(7)} s  ${(time / first).toFixed(2)} x  ${note}`);
  }
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      dir: { type: 'string' },
      rounds: { type: 'string' },
      s3: { type: 'string' },
      tls: { type: 'boolean', default: false },
      only: { type: 'string' },
    },
  });
  const rounds = Number(values.rounds ?? 3);
  const base = mkdtempSync(join(resolve(values.dir ?? tmpdir()), 'pullthrough-bench-'));
  const root = join(base, 'root');
  const numbers = Array.from({ length: FILES }, (_, number) => number);
  const digests = numbers.map((n) => makeFile(join(root, String(n), String(FILE)), FILE));
  const nginx = await startNginx(join(base, 'nginx'), root);
  const url = nginx.origin;
  const upstream = await startUpstream(
    TOOL,
    root,
    url,
    numbers.map((n) => join(root, String(n), String(FILE))),
  );
  const executor = await Executor.make(join(base, 'executor'), upstream.api, TOOL);
  const folder = join(base, 'out');
  const child = (target: string, count: number, size: number, env: NodeJS.ProcessEnv = {}): string => {
    const args = [SELF, 'ours', url, target, String(count), String(size)];
    const { status, stdout } = spawnSync(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    if (status !== 0) throw new Error(`our side failed for ${target}`);
    return `peak memory ${String(stdout).trim()} MiB`;
  };
  const curl = (...args: string[]): undefined =>
    void execFileSync('curl', ['-sSf', '--no-progress-meter', ...args], RUN);
  const curlAll = (into: string): undefined =>
    curl('-Z', '--parallel-max', '4', ...numbers.flatMap((n) => ['-o', join(into, `f${n}`), `${url}/${n}/${FILE}`]));
  // Where GitHub says a file's digest, it is known beforehand.
  const known = Object.fromEntries(digests.map((digest, n) => [`SHA256_${n}`, digest]));
  try {
    const sides = {
      'curl, 4 at a time': () => curlAll(folder),
      'pullthrough mirror': async () =>
        `peak memory ${(await executor.run('mirror', '--quiet')).memory.toFixed(0)} MiB`,
      'file store, digests known': () => child(folder, FILES, FILE, known),
      'file store, digests unknown': () => child(folder, FILES, FILE),
      'the old way': () => {
        for (const n of numbers) {
          const path = join(folder, `f${n}`);
          curl('-o', path, `${url}/${n}/${FILE}`);
          for (const tool of ['sha256sum', 'sha512sum', 'md5sum']) execFileSync(tool, [path], RUN);
          execFileSync('cp', [path, `${path}.copy`]);
        }
        return undefined;
      },
    };
    if (values.only !== 's3') {
      await measure(`${FILES} files of ${FILE / MIB} MiB onto disk`, rounds, folder, sides, () =>
        executor.begin(`file:${folder}`),
      );
    }
    if (values.only === 'disk') return;
    const server = await startS3(join(base, 's3'), { given: values.s3, tls: values.tls });
    await intoS3(server, rounds, root, folder, child, known).finally(() => server.stop());
  } finally {
    upstream.stop();
    nginx.stop();
    rmSync(base, { recursive: true, force: true });
  }
}

/** What `store copy` and the store alone take, beside `rclone copy` of the same files from disk. */
async function intoS3(
  server: BenchS3,
  rounds: number,
  files: string,
  folder: string,
  child: (target: string, count: number, size: number, env: NodeJS.ProcessEnv) => string,
  known: Record<string, string>,
): Promise<void> {
  const empty = (): void => server.rclone('delete', 'REMOTE');
  const env = { ...known, ...server.env };
  const store = join(files, '../store');
  Object.values(known).forEach((sha256, n) => {
    const path = join(store, storeKey(sha256));
    mkdirSync(dirname(path), { recursive: true });
    linkSync(join(files, String(n), String(FILE)), path);
  });
  const copy = async (): Promise<string> => {
    const args = ['store', 'copy', `file:${store}`, server.url];
    const { memory } = await runCommand(args, join(files, '../home'), folder, server.env);
    return `peak memory ${memory.toFixed(0)} MiB`;
  };
  const sides = {
    'rclone copy, from disk': () => void server.rclone('copy', '--include', `*/${FILE}`, files, 'REMOTE'),
    'pullthrough store copy, from disk': copy,
    'S3 store, downloading': () => child(server.url, FILES, FILE, env),
    'S3 store, digests unknown': () => child(server.url, FILES, FILE, server.env),
  };
  await measure(`${FILES} files of ${FILE / MIB} MiB into S3`, rounds, folder, sides, empty);
  empty();
}

const [mode, ...rest] = process.argv.slice(2);
if (mode === 'ours') await ours(rest[0] ?? '', rest[1] ?? '', Number(rest[2]), Number(rest[3]));
else await main();
