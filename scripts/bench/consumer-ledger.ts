// A ledger and a way to run the command, for benchmarks.
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { concatBytes, sha256Hex, utf8 } from '../../ledger-schema/bytes.ts';
import { encodeChecklist } from '../../ledger-schema/checklist.ts';
import { ackPath } from '../../ledger-schema/names/layout.ts';
import { canonicalKeyFile } from '../../ledger-schema/openpgp/openpgp.ts';
import { recordPath } from '../../ledger-schema/names/path.ts';
import { encodeSums } from '../../ledger-schema/sums.ts';
import { initLedger } from '../../owner/init.ts';
import { fileSigner, newKey } from '../../ledger/signing/signer.ts';
import type { Signer } from '../../ledger/signing/signer.ts';
import { PROGRAM } from '../program.ts';

export interface BenchAsset {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}
export interface BenchRecord {
  readonly repository: string;
  /** The forge's number; 1 where nobody asks. */
  readonly repositoryId?: number;
  readonly tag: string;
  readonly assets: readonly BenchAsset[];
}

/** A bare ledger without a record: `ada` is its root and reviewer. Returns its id. */
export async function newLedger(directory: string, bot: Signer, ada: Signer): Promise<string> {
  const key = async (signer: Signer) => canonicalKeyFile(await signer.publicKey());
  const { ledger } = await initLedger({
    directory,
    bare: true,
    branch: 'main',
    author: { name: 'Bench', email: 'bench@localhost' },
    env: process.env,
    keys: [
      { role: 'roots', holder: 'ada', ...(await key(ada)) },
      { role: 'executors', holder: 'mirror-bot', ...(await key(bot)) },
      { role: 'reviewers', holder: 'ada', ...(await key(ada)) },
    ],
    now: new Date(),
    rootThreshold: 1,
    reviewerThreshold: 1,
    expires: '2099-01-01T00:00:00Z',
    signers: [ada],
    extras: new Map(),
  });
  return ledger;
}

/**
 * A bare ledger with these records, signed and acked; those after the first `real` carry the signatures of the last of
 * these. A commit holds `perCommit`.
 */
export async function makeLedger(
  directory: string,
  records: Iterable<BenchRecord>,
  real = Number.POSITIVE_INFINITY,
  perCommit = Number.POSITIVE_INFINITY,
): Promise<{ pin: string; botKey: Uint8Array }> {
  const [botKey, adaKey] = await Promise.all([newKey({ userId: 'mirror-bot' }), newKey({ userId: 'ada' })]);
  const bot = await fileSigner({ key: botKey.secret });
  const ada = await fileSigner({ key: adaKey.secret });
  const ledger = await newLedger(directory, bot, ada);
  const importing = spawn('git', ['fast-import', '--quiet', '--force', '--date-format=raw'], {
    cwd: directory,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const write = async (part: string | Uint8Array) => {
    if (!importing.stdin.write(part)) await new Promise((done) => importing.stdin.once('drain', done));
  };
  let index = 0;
  let signatures: { sign: Uint8Array; ack: Uint8Array } | undefined;
  for (const { repository, repositoryId = 1, tag, assets } of records) {
    const id = { source: 'github.com', repository, tag };
    const path = recordPath(id);
    const commit = sha256Hex(utf8(path)).slice(0, 40);
    const listed = assets.map(({ name, size }) => ({ name, size }));
    const json = encodeChecklist({ format: 1, ledger, ...id, repositoryId, commit, assets: listed });
    const sums = encodeSums([{ name: 'checklist.json', sha256: sha256Hex(json) }, ...assets]);
    if (signatures === undefined || index < real) {
      const sign = await bot.sign(sums);
      signatures = { sign, ack: await ada.sign(concatBytes(sums, sign)) };
    }
    if (index % perCommit === 0) {
      const from = index === 0 ? 'from refs/heads/main^0\n' : '';
      await write(
        `commit refs/heads/main\ncommitter Bench <bench@localhost> 1700000000 +0000\ndata 6\nrecord\n${from}`,
      );
    }
    index++;
    for (const [name, bytes] of [
      [`${path}/checklist.json`, json],
      [`${path}/checklist.sha256`, sums],
      [`${path}/checklist.sha256.sign`, signatures.sign],
      [ackPath(path, ada.fingerprint), signatures.ack],
    ] as const) {
      await write(`M 100644 inline "${name}"\ndata ${bytes.length}\n`);
      await write(bytes);
      await write('\n');
    }
  }
  importing.stdin.end();
  await new Promise((done) => importing.once('close', done));
  execFileSync('git', ['gc', '--quiet'], { cwd: directory });
  const policy = execFileSync('git', ['show', 'main:trust/1.policy.json'], { cwd: directory });
  return { pin: `sha256:${sha256Hex(policy)}`, botKey: botKey.secret };
}

/** Adds a record to the ledger: another one's files, so that it is as large and takes as long to judge. */
export function addRecord(ledger: string, repository: string, from: string, tag: string): void {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: ledger, encoding: 'utf8' }).trim();
  const tool = `packages/github.com/${repository}`;
  const files = git('ls-tree', '-r', 'main', `${tool}/${from}/`)
    .split('\n')
    .map((line) => line.replace(/^(\d+) blob (\w+)\t.*\/(.*)$/, `M $1 $2 ${tool}/${tag}/$3\n`));
  const commit = `commit refs/heads/main\ncommitter Bench <bench@localhost> 1700000001 +0000\ndata 4\nmore\nfrom refs/heads/main^0\n`;
  execFileSync('git', ['fast-import', '--quiet'], { cwd: ledger, input: commit + files.join('') });
}

export interface Run {
  readonly seconds: number;
  /** MiB. */
  readonly memory: number;
  /** Seconds of its own processor time, without git's: other load on the machine changes this least. */
  readonly processor: number;
}

/** Starts the command, on a machine of its own below `home`, without blocking this process, which may serve it. */
export function startCommand(
  args: readonly string[],
  home: string,
  cwd: string,
  more: Readonly<Record<string, string>> = {},
): ChildProcess {
  mkdirSync(home, { recursive: true });
  mkdirSync(cwd, { recursive: true });
  const preload = join(home, 'usage.cjs');
  const report = `require('node:fs').writeFileSync(${JSON.stringify(join(home, 'usage'))}, JSON.stringify(process.resourceUsage()))`;
  writeFileSync(preload, `process.on('exit', () => ${report});\n`);
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    XDG_STATE_HOME: join(home, 'state'),
    XDG_CACHE_HOME: join(home, 'cache'),
    ...more,
  };
  return spawn(process.execPath, ['--require', preload, PROGRAM, ...args], {
    cwd,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** Runs the command to its end. Throws where it fails. */
export async function runCommand(
  args: readonly string[],
  home: string,
  cwd = home,
  more: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const started = performance.now();
  const child = startCommand(args, home, cwd, more);
  let stderr = '';
  child.stderr?.on('data', (data: Buffer) => (stderr += String(data)));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`pullthrough ${args.join(' ')} ended with ${code}: ${stderr}`);
  return { seconds, ...usageOf(home) };
}

/** What the last command on this machine needed. */
export function usageOf(home: string): Omit<Run, 'seconds'> {
  const used = JSON.parse(readFileSync(join(home, 'usage'), 'utf8')) as NodeJS.ResourceUsage;
  return { memory: used.maxRSS / 1024, processor: (used.userCPUTime + used.systemCPUTime) / 1e6 };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
