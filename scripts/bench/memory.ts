// Peak memory of commands that carry a large file: from a folder, over HTTP, into another folder, through the gateway.
//   node dist/scripts/bench/memory.js [--size GIB] [--dir FOLDER]
import { createHash } from 'node:crypto';
import {
  createReadStream,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { storeKey } from '../../store/store.ts';
import { makeLedger, runCommand, startCommand, usageOf } from './consumer-ledger.ts';

const { values } = parseArgs({ options: { size: { type: 'string' }, dir: { type: 'string' } } });
const size = Number(values.size ?? 1) * 1024 ** 3;
const folder = mkdtempSync(join(resolve(values.dir ?? tmpdir()), 'pullthrough-memory-'));
const store = join(folder, 'store');

/** A file of zeros that takes no blocks on disk. */
async function makeFile(): Promise<string> {
  const path = join(folder, 'zeros');
  const file = openSync(path, 'w');
  ftruncateSync(file, size);
  closeSync(file);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

function show(what: string, mebibytes: number): void {
  console.log(`${what.padEnd(44)}${mebibytes.toFixed(0).padStart(5)} MiB  (at most 128 MB)`);
}

const server = createServer((request, response) => {
  const path = join(store, request.url ?? '/');
  response.writeHead(200, { 'content-length': size });
  pipeline(createReadStream(path), response).catch(() => response.destroy());
});
try {
  const sha256 = await makeFile();
  const object = join(store, storeKey(sha256));
  mkdirSync(dirname(object), { recursive: true });
  renameSync(join(folder, 'zeros'), object);
  const ledger = join(folder, 'ledger.git');
  const asset = { name: 'tool', size, sha256 };
  const { pin } = await makeLedger(ledger, [{ repository: 'acme/tool', tag: 'v1', assets: [asset] }]);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const web = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const home = join(folder, 'home');
  const from = ['--ledger', ledger, '--pin', pin];
  const get = (name: string, url: string) =>
    runCommand(['get', 'acme/tool@v1', '--output', join(folder, name), '--store', url, ...from], home);
  show('verify', (await runCommand(['verify', 'acme/tool@v1', ...from], home)).memory);
  show('get, from a folder', (await get('one', `file:${store}`)).memory);
  rmSync(join(folder, 'one'), { recursive: true });
  show('get, over HTTP', (await get('two', web)).memory);
  show('verify, the file itself', (await runCommand(['verify', join(folder, 'two/tool'), ...from], home)).memory);
  rmSync(join(folder, 'two'), { recursive: true });
  const copy = join(folder, 'copy');
  show(
    'store copy, folder to folder',
    (await runCommand(['store', 'copy', `file:${store}`, `file:${copy}`], home)).memory,
  );
  rmSync(copy, { recursive: true });
  show('serve, while one client reads it', await serve([...from, '--store', `file:${store}`], home));
} finally {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
}

/** What the gateway needed while somebody read the file. */
async function serve(args: readonly string[], home: string): Promise<number> {
  const child = startCommand(['serve', '--listen', '127.0.0.1:0', ...args], home, home);
  let said = '';
  const url = await new Promise<string>((done, failed) => {
    child.stderr?.on('data', (data: Buffer) => {
      said += String(data);
      const [, found] = /serving acknowledged files at (\S+)/.exec(said) ?? [];
      if (found !== undefined) done(found);
    });
    child.once('close', (code) => failed(new Error(`serve ended with ${code}: ${said}`)));
  });
  const response = await fetch(`${url}/acme/tool/releases/download/v1/tool`);
  let bytes = 0;
  for await (const chunk of response.body ?? []) bytes += (chunk as Uint8Array).length;
  if (bytes !== size) throw new Error(`the gateway sent ${bytes} bytes`);
  child.kill('SIGTERM');
  await new Promise((done) => child.once('close', done));
  return usageOf(home).memory;
}
