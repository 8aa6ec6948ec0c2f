// Peak memory of every command that carries large files, four at once where it takes several: node's process alone, without
// git. S3 is the server of the tests over TLS, or --s3 ENDPOINT,KEY,SECRET.
//   node dist/scripts/bench/memory.js [--size MIB] [--dir FOLDER] [--s3 ENDPOINT,KEY,SECRET]
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, ftruncateSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startCommand, usageOf } from './consumer-ledger.ts';
import { Executor } from './executor.ts';
import { startNginx } from './nginx.ts';
import { startS3 } from './s3.ts';
import { startUpstream } from './upstream.ts';

const TOOL = 'acme/tool';
const FILES = [0, 1, 2, 3];
const MIB = 1 << 20;

const { values } = parseArgs({
  options: {
    size: { type: 'string' },
    dir: { type: 'string' },
    s3: { type: 'string' },
  },
});
// Says which Node is supported, to those who can't do anything about it.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
const size = Number(values.size ?? 256) * MIB;
const base = mkdtempSync(join(resolve(values.dir ?? tmpdir()), 'pullthrough-memory-'));
const root = join(base, 'root');
const at = (n: number): string => join(root, String(n), 'file');

/** Files of zeros, each a byte longer than the one before, that take no blocks on disk. */
for (const n of FILES) {
  mkdirSync(join(root, String(n)), { recursive: true });
  const file = openSync(at(n), 'w');
  ftruncateSync(file, size + n);
  closeSync(file);
}

/** What the gateway needed while four clients read a file each. */
async function serve(executor: Executor, args: readonly string[]): Promise<number> {
  const home = join(executor.folder, 'home');
  const child = startCommand(['serve', '--listen', '127.0.0.1:0', ...args], home, executor.folder);
  let said = '';
  const url = await new Promise<string>((done, failed) => {
    child.stderr?.on('data', (data: Buffer) => {
      said += String(data);
      const [, found] = /serving acknowledged files at (\S+)/.exec(said) ?? [];
      if (found !== undefined) done(found);
    });
    child.once('close', (code) => failed(new Error(`serve ended with ${code}: ${said}`)));
  });
  const download = async (n: number): Promise<void> => {
    const response = await fetch(`${url}/${TOOL}/releases/download/v1/f${n}`);
    let bytes = 0;
    for await (const chunk of response.body ?? []) bytes += (chunk as Uint8Array).length;
    if (bytes !== size + n) throw new Error(`the gateway sent ${bytes} bytes`);
  };
  await Promise.all(FILES.map(download));
  child.kill('SIGTERM');
  await new Promise((done) => child.once('close', done));
  return usageOf(home).memory;
}

/** An old tree that knows the files by MD5 and SHA-512. */
function oldTree(folder: string): void {
  const place = join(folder, 'packages/github.com', TOOL, '1');
  mkdirSync(place, { recursive: true });
  for (const algorithm of ['md5', 'sha512']) {
    const lines = FILES.map(
      (n) => `${execFileSync(`${algorithm}sum`, [at(n)], { encoding: 'utf8' }).split(' ')[0]}  f${n}`,
    );
    writeFileSync(join(place, `checklist.${algorithm}`), `${lines.join('\n')}\n`);
  }
}

function show(what: string, memory: number): void {
  console.log(`${what.padEnd(44)}${memory.toFixed(0).padStart(5)} MiB`);
}

const nginx = await startNginx(join(base, 'nginx'), base);
const upstream = await startUpstream(TOOL, root, `${nginx.origin}/root`, FILES.map(at));
const s3 = await startS3(join(base, 's3'), { given: values.s3, tls: true });
try {
  const executor = await Executor.make(join(base, 'executor'), upstream.api, TOOL, s3.env);
  const measured = async (what: string, ...args: readonly string[]): Promise<void> =>
    show(what, (await executor.run(...args)).memory);
  const folder = join(base, 'store');
  const tree = join(base, 'old');
  oldTree(tree);
  console.log(`four files of ${size / MIB} MiB, node ${process.version}: at most 122 MiB (128 MB)`);
  executor.begin(s3.url);
  await measured('mirror, into S3 over TLS', 'mirror', '--quiet');
  executor.begin(`file:${folder}`);
  await measured('import, of an old tree', 'import', tree, '--quiet');
  executor.begin(`file:${folder}`);
  rmSync(folder, { recursive: true });
  await measured('mirror, into a folder', 'mirror', '--quiet');
  await measured('review', 'review', `${TOOL}@v1`, '--quiet');
  const ack = ['--key', 'ada.key', '--yes', '--accept', 'young-release,first-record'];
  await measured('ack', 'ack', `${TOOL}@v1`, ...ack, '--quiet');
  await measured('ledger merge', 'ledger', 'merge', `${TOOL}@v1`, '--quiet');
  await measured('store check', 'store', 'check', '--quiet');
  await measured('store gc', 'store', 'gc', '--quiet');
  await measured('store copy, folder to folder', 'store', 'copy', `file:${folder}`, `file:${folder}-2`);
  rmSync(`${folder}-2`, { recursive: true });
  s3.rclone('delete', 'REMOTE');
  await measured('store copy, folder to S3 over TLS', 'store', 'copy', `file:${folder}`, s3.url);
  await measured('store copy, S3 over TLS to folder', 'store', 'copy', s3.url, `file:${folder}-2`);
  rmSync(`${folder}-2`, { recursive: true });
  await measured('bundle create', 'bundle', 'create', join(base, 'bundle.tar'));
  await measured('bundle check', 'bundle', 'check', join(base, 'bundle.tar'));
  await measured('verify', 'verify', `${TOOL}@v1`);
  await measured('get, from a folder', 'get', `${TOOL}@v1`, '--output', join(base, 'got'));
  await measured('verify, of a file', 'verify', join(base, 'got/f3'));
  rmSync(join(base, 'got'), { recursive: true });
  await measured(
    'get, over HTTP',
    'get',
    `${TOOL}@v1`,
    '--store',
    `${nginx.origin}/store`,
    '--output',
    join(base, 'got'),
  );
  rmSync(join(base, 'got'), { recursive: true });
  show('serve, four clients', await serve(executor, []));
  executor.store(s3.url);
  await measured('store check, of S3', 'store', 'check', '--quiet');
  show('serve, from S3 over TLS', await serve(executor, []));
  executor.begin(`file:${folder}-2`);
  await measured('bundle apply', 'bundle', 'apply', join(base, 'bundle.tar'));
} finally {
  s3.stop();
  upstream.stop();
  nginx.stop();
  rmSync(base, { recursive: true, force: true });
}
