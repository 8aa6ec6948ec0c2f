// `bundle create` against `tar` of the same objects, and `bundle apply` against `sha256sum` of them, in turn in one run;
// with --sparse, 10,000 records and 20 GiB of objects that are holes: peak memory of create and check.
//   node dist/scripts/bench/bundle.js [--rounds N] [--dir FOLDER] [--sparse]
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { storeKey } from '../../store/store.ts';
import type { BenchAsset, BenchRecord } from './consumer-ledger.ts';
import { makeLedger, median, runCommand } from './consumer-ledger.ts';
import { makeFile } from './files.ts';

const MIB = 1 << 20;
const FILES = 8;

/** A file of zeros in the store that takes no space on the disk. */
function makeHole(store: string, size: number): BenchAsset {
  const hash = createHash('sha256');
  const zeros = Buffer.alloc(MIB);
  for (let left = size; left > 0; left -= MIB) hash.update(zeros.subarray(0, Math.min(left, MIB)));
  const sha256 = hash.digest('hex');
  const path = join(store, storeKey(sha256));
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '');
  truncateSync(path, size);
  return { name: `hole-${size}`, size, sha256 };
}

function makeObject(store: string, number: number): BenchAsset {
  const size = 128 * MIB;
  const sha256 = makeFile(join(store, 'made'), size);
  const path = join(store, storeKey(sha256));
  mkdirSync(join(path, '..'), { recursive: true });
  renameSync(join(store, 'made'), path);
  return { name: `file-${number}`, size, sha256 };
}

/** One side: a folder with mirror.ini, a store and a ledger. */
function side(folder: string, ledger: string, pin: string): void {
  mkdirSync(folder, { recursive: true });
  const lines = ['[ledger]', `repository = ${ledger}`, '[store]', 'url = file:./store', '[trust]', `pin = ${pin}`, ''];
  writeFileSync(join(folder, 'mirror.ini'), lines.join('\n'));
}

/** Seconds for some work, until its files are on disk. */
function timed(work: () => void): number {
  const started = performance.now();
  work();
  execFileSync('sync');
  return (performance.now() - started) / 1000;
}

async function command(args: readonly string[], folder: string) {
  const started = performance.now();
  const { memory } = await runCommand(args, join(folder, 'home'), folder);
  execFileSync('sync');
  return { seconds: (performance.now() - started) / 1000, memory };
}

function emptySide(folder: string, pin: string): void {
  rmSync(folder, { recursive: true, force: true });
  side(folder, './ledger.git', pin);
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', join(folder, 'ledger.git')]);
}

async function speed(base: string, rounds: number): Promise<void> {
  const store = join(base, 'here', 'store');
  const assets = Array.from({ length: FILES }, (_, number) => makeObject(store, number));
  const { pin } = await makeLedger(join(base, 'ledger.git'), [{ repository: 'acme/tool', tag: 'v1', assets }]);
  side(join(base, 'here'), '../ledger.git', pin);
  const all: Record<'tar' | 'create' | 'sha256sum' | 'apply', number[]> = {
    tar: [],
    create: [],
    sha256sum: [],
    apply: [],
  };
  const tar = join(base, 'plain.tar');
  const bundle = join(base, 'bundle.tar');
  let memory = 0;
  for (let round = 0; round < rounds; round++) {
    for (const path of [tar, bundle]) rmSync(path, { force: true });
    execFileSync('sync');
    all.tar.push(timed(() => void execFileSync('tar', ['-cf', tar, '-C', store, 'sha256'])));
    const created = await command(['bundle', 'create', bundle], join(base, 'here'));
    all.create.push(created.seconds);
    const objects = assets.map(({ sha256 }) => join(store, storeKey(sha256)));
    all.sha256sum.push(timed(() => void execFileSync('sha256sum', objects)));
    emptySide(join(base, 'there'), pin);
    const applied = await command(['bundle', 'apply', bundle], join(base, 'there'));
    all.apply.push(applied.seconds);
    memory = Math.max(memory, created.memory, applied.memory);
  }
  const [plain, create, sums, apply] = [all.tar, all.create, all.sha256sum, all.apply].map(median);
  const times = (ours = Number.NaN, theirs = Number.NaN) => `${ours.toFixed(2)} s  ${(ours / theirs).toFixed(2)} x`;
  console.log(`${FILES} objects of 128 MiB, median of ${rounds}`);
  console.log(`  tar            ${plain?.toFixed(2)} s`);
  console.log(`  bundle create  ${times(create, plain)} tar (at most 1.5)`);
  console.log(`  sha256sum      ${sums?.toFixed(2)} s`);
  console.log(`  bundle apply   ${times(apply, sums)} sha256sum (at most 2)`);
  console.log(`  peak memory    ${memory.toFixed(0)} MiB`);
}

async function sparse(base: string): Promise<void> {
  const store = join(base, 'here', 'store');
  const large = Array.from({ length: 20 }, (_, number) => makeHole(store, 1024 * MIB + number));
  const small = Array.from({ length: 64 }, (_, number) => makeHole(store, 1 + number));
  const records = Array.from({ length: 10_000 }, (_, number): BenchRecord => {
    const assets = [small[number % small.length], number < large.length ? large[number] : undefined];
    return {
      repository: `acme/tool${number % 100}`,
      tag: `v${number}`,
      assets: assets.filter((asset) => asset !== undefined),
    };
  });
  const { pin } = await makeLedger(join(base, 'ledger.git'), records, undefined, 500);
  side(join(base, 'here'), '../ledger.git', pin);
  emptySide(join(base, 'there'), pin);
  const bundle = join(base, 'bundle.tar');
  console.log('10,000 records and 20 GiB');
  for (const [name, folder] of [
    ['create', 'here'],
    ['check', 'there'],
  ] as const) {
    const { seconds, memory } = await command(['bundle', name, bundle], join(base, folder));
    console.log(`  bundle ${name.padEnd(7)} ${seconds.toFixed(1)} s, peak memory ${memory.toFixed(0)} MiB`);
  }
}

const options = { rounds: { type: 'string' }, dir: { type: 'string' }, sparse: { type: 'boolean' } } as const;
const { values } = parseArgs({ options });
const base = mkdtempSync(join(resolve(values.dir ?? tmpdir()), 'pullthrough-bench-'));
try {
  await (values.sparse ? sparse(base) : speed(base, Number(values.rounds ?? 5)));
} finally {
  rmSync(base, { recursive: true, force: true });
}
