// How fast bytes go from loopback into a store, side by side in one run:
//   - 8 files of 128 MiB into the file store, by the whole command `pullthrough mirror` (from a GitHub on loopback, signing and
//     proposing included) and by the store alone, against the old way (curl, sha256sum, sha512sum, md5sum, cp: one file after
//     another) and against curl alone, 4 at a time; each side's files are on disk when its clock stops (sync);
//   - one file of 1 GiB to disk, against curl;
//   - into S3, against `rclone copy` of the same files from disk: the S3 server of the tests, or --s3 ENDPOINT,KEY,SECRET, over
//     TLS too, with NODE_EXTRA_CA_CERTS=FILE for its authority;
//   - one file of 4 GiB: peak memory.
// nginx sends the files; the API of the GitHub is a process of its own.
//   node dist/scripts/bench/mirror.js [--dir FOLDER] [--rounds N] [--s3 ENDPOINT,KEY,SECRET]
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openDownload } from '../../io/http/download/download.ts';
import { downloadToFile } from '../../io/http/download/download-to-file.ts';
import { mapLimit } from '../../io/limit.ts';
import { SILENT } from '../../io/progress.ts';
import { openStore } from '../../store/open.ts';
import { ensurePrograms } from '../../test/servers/programs.ts';
import { s3Server } from '../../test/servers/s3.ts';
import { startGitHub } from '../../test/servers/github/github.ts';
import { median } from './consumer-ledger.ts';
import { Executor } from './executor.ts';
import { makeFile } from './files.ts';
import { startNginx } from './nginx.ts';

const TOOL = 'acme/tool';
const FILES = 8;
const FILE = 128 << 20;
const BIG = 1 << 30;
const HUGE = 4 * BIG;
const MIB = 1 << 20;
const SELF = fileURLToPath(import.meta.url);
const RUN = { stdio: ['ignore', 'ignore', 'inherit'] as ('ignore' | 'inherit')[] };

/** A GitHub API with the files of `root` as a release, whose bytes are at `origin`. Runs until its standard input ends. */
async function serve(root: string, origin: string): Promise<void> {
  const github = await startGitHub({ names: { storage: origin } });
  const repository = github.addRepository(TOOL);
  const assets = Array.from({ length: FILES }, (_, number) => {
    return { name: `f${number}`, content: { file: join(root, String(number), String(FILE)) } };
  });
  const release = await repository.addRelease({ tag: 'v1', assets });
  for (const { id, content } of release.assets) {
    const path = join(root, 'github-production-release-asset', String(repository.id), String(id));
    mkdirSync(join(path, '..'), { recursive: true });
    if (typeof content === 'object' && 'file' in content) linkSync(content.file, path);
  }
  console.log(github.api);
  process.stdin.resume().on('end', () => process.exit());
}

/** Our side, in a process of its own: prints its peak memory in MiB. */
async function ours(url: string, target: string, count: number, size: number): Promise<void> {
  if (target.startsWith('get:')) {
    await downloadToFile({ url: `${url}/0/${size}`, size }, target.slice(4));
  } else {
    const store = await openStore(target, { baseDir: '/', env: process.env, progress: SILENT });
    await mapLimit(Array.from({ length: count }), 4, async (_, number) => {
      const sha256 = process.env[`SHA256_${number}`] || undefined;
      await store.put({ name: 'file', size, sha256 }, openDownload({ url: `${url}/${number}/${size}`, size }));
    });
  }
  console.log(Math.round(process.resourceUsage().maxRSS / 1024));
}

interface Side {
  readonly name: string;
  readonly run: () => string | undefined;
  readonly seconds: number[];
  note: string;
}

/** Runs each side in turn, round by round, so that none always has the machine at its best. */
function measure(
  title: string,
  rounds: number,
  folder: string,
  sides: Record<string, () => string | undefined>,
  before: () => void = () => undefined,
): void {
  const all: Side[] = Object.entries(sides).map(([name, run]) => ({ name, run, seconds: [], note: '' }));
  for (let round = 0; round < rounds; round++) {
    for (const side of all) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      before();
      execFileSync('sync');
      const start = performance.now();
      side.note = side.run() ?? '';
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
  const options = { dir: { type: 'string' }, rounds: { type: 'string' }, s3: { type: 'string' } } as const;
  const { values } = parseArgs({ options });
  const rounds = Number(values.rounds ?? 3);
  const base = mkdtempSync(join(resolve(values.dir ?? tmpdir()), 'pullthrough-bench-'));
  const root = join(base, 'root');
  const numbers = Array.from({ length: FILES }, (_, number) => number);
  const digests = numbers.map((n) => makeFile(join(root, String(n), String(FILE)), FILE));
  makeFile(join(root, '0', String(BIG)), BIG);
  const huge = makeFile(join(root, '0', String(HUGE)), HUGE);
  const nginx = await startNginx(join(base, 'nginx'), root);
  const url = nginx.origin;
  const server = spawn(process.execPath, [SELF, 'serve', root, url], { stdio: ['pipe', 'pipe', 'inherit'] });
  const api = await new Promise<string>((found) =>
    server.stdout.once('data', (data: Buffer) => found(String(data).trim())),
  );
  const executor = new Executor(join(base, 'executor'), api, TOOL);
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
    measure(`${FILES} files of ${FILE / MIB} MiB onto disk`, rounds, folder, {
      'curl, 4 at a time': () => curlAll(folder),
      'pullthrough mirror': () => executor.mirror(folder),
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
    });
    measure('one file of 1 GiB onto disk', rounds, folder, {
      'curl -o': () => curl('-o', join(folder, 'f'), `${url}/0/${BIG}`),
      'get (download, verify, rename)': () => child(`get:${join(folder, 'f')}`, 1, BIG),
    });
    await s3(values.s3 ?? (await ownS3(join(base, 's3'))), rounds, root, folder, child, known, huge);
    measure('one file of 4 GiB into the file store', 1, folder, { 'file store': () => child(folder, 1, HUGE) });
  } finally {
    server.stdin.end();
    nginx.stop();
    rmSync(base, { recursive: true, force: true });
  }
}

/** The S3 server that the tests start, as root on Debian. It ends when this process does. */
async function ownS3(folder: string): Promise<string> {
  mkdirSync(folder);
  const { endpoint, key, secret } = await s3Server(folder, process.pid);
  return [endpoint, key, secret].join(',');
}

async function s3(
  server: string,
  rounds: number,
  files: string,
  folder: string,
  child: (target: string, count: number, size: number, env: NodeJS.ProcessEnv) => string,
  known: Record<string, string>,
  big: string,
): Promise<void> {
  ensurePrograms({ rclone: 'rclone' });
  const [endpoint = '', key = '', secret = ''] = server.split(',');
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: key, secretAccessKey: secret },
  });
  const bucket = `bench-${process.pid}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const remote = `:s3,provider=Other,access_key_id=${key},secret_access_key=${secret},endpoint='${endpoint}':${bucket}`;
  // A server of one's own over TLS: NODE_EXTRA_CA_CERTS says its authority to node alone.
  const authority = process.env.NODE_EXTRA_CA_CERTS;
  // It can't cope with a CA bundle that is meant for other programs.
  const clone = { ...RUN, env: { ...process.env, AWS_CA_BUNDLE: undefined } };
  const rclone = (...args: string[]): undefined =>
    void execFileSync('rclone', [...(authority ? ['--ca-cert', authority] : []), ...args], clone);
  const empty = (): undefined => rclone('delete', remote);
  const env = { ...known, AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret, AWS_REGION: 'us-east-1' };
  const unknown = { ...env, ...Object.fromEntries(Object.keys(known).map((name) => [name, ''])) };
  const target = `s3://${bucket}?endpoint=${endpoint}`;
  const sides = {
    'rclone copy, from disk': () => rclone('copy', '--include', `*/${FILE}`, files, remote),
    'S3 store, digests known': () => child(target, FILES, FILE, env),
    'S3 store, digests unknown': () => child(target, FILES, FILE, unknown),
  };
  measure(`${FILES} files of ${FILE / MIB} MiB into S3`, rounds, folder, sides, empty);
  const large = { ...env, SHA256_0: big };
  measure('one file of 4 GiB into S3', 1, folder, {
    'S3 store, digest known': () => child(target, 1, HUGE, large),
  });
  empty();
}

const [mode, ...rest] = process.argv.slice(2);
if (mode === 'serve') await serve(rest[0] ?? '', rest[1] ?? '');
else if (mode === 'ours') await ours(rest[0] ?? '', rest[1] ?? '', Number(rest[2]), Number(rest[3]));
else await main();
