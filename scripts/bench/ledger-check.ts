// How fast the gate is: a full check of 1,000 and 10,000 records against a shell loop of gpgv and sha256sum over the same
// records and against a verifier of the same format in Go (where `go` is), `--base` with one new record against 100 and
// 10,000, and peak memory.
//   node dist/scripts/bench/ledger-check.js [--dir FOLDER]
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { concatBytes, sha256Hex, utf8 } from '../../ledger-schema/bytes.ts';
import { encodeChecklist } from '../../ledger-schema/checklist.ts';
import { ackPath } from '../../ledger-schema/names/layout.ts';
import { recordPath } from '../../ledger-schema/names/path.ts';
import { encodeSums } from '../../ledger-schema/sums.ts';
import { fileSigner, newKey } from '../../ledger/signing/signer.ts';
import type { Signer } from '../../ledger/signing/signer.ts';
import { newLedger } from './consumer-ledger.ts';
import { PROGRAM } from '../program.ts';

const TAGS_A_REPOSITORY = 20;

interface People {
  readonly bot: Signer;
  readonly ada: Signer;
}

/** A record as the executor would make it, signed and acked, as fast-import's lines. */
async function record(index: number, { bot, ada }: People, ledger: string): Promise<(string | Uint8Array)[]> {
  const repository = Math.floor(index / TAGS_A_REPOSITORY);
  const checklist = {
    format: 1 as const,
    ledger,
    source: 'github.com',
    repository: `owner${repository % 100}/tool${repository}`,
    repositoryId: repository + 1,
    tag: `v1.0.${index % TAGS_A_REPOSITORY}`,
    commit: sha256Hex(utf8(String(index))).slice(0, 40),
    assets: ['darwin-arm64', 'linux-amd64', 'linux-arm64'].map((name) => ({
      name: `tool-${name}`,
      size: 1000 + index,
    })),
  };
  const json = encodeChecklist(checklist);
  const digest = (name: string): string => sha256Hex(utf8(`${index} ${name}`));
  const sums = encodeSums([
    { name: 'checklist.json', sha256: sha256Hex(json) },
    ...checklist.assets.map(({ name }) => ({ name, sha256: digest(name) })),
  ]);
  const sign = await bot.sign(sums);
  const path = recordPath(checklist);
  const files: [string, Uint8Array][] = [
    [`${path}/checklist.json`, json],
    [`${path}/checklist.sha256`, sums],
    [`${path}/checklist.sha256.sign`, sign],
    [ackPath(path, ada.fingerprint), await ada.sign(concatBytes(sums, sign))],
  ];
  return files.flatMap(([name, bytes]) => [`M 100644 inline "${name}"\ndata ${bytes.length}\n`, bytes, '\n']);
}

function git(directory: string, args: readonly string[], input?: Uint8Array): string {
  return execFileSync('git', [...args], {
    cwd: directory,
    input: input ?? '',
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  }).trim();
}

interface Place {
  readonly directory: string;
  /** The ledger's id. */
  readonly ledger: string;
}

async function commit(
  { directory, ledger }: Place,
  branch: string,
  from: number,
  to: number,
  people: People,
): Promise<void> {
  const parts: (string | Uint8Array)[] = [
    'feature done\n',
    `commit refs/heads/${branch}\ncommitter Bench <bench@localhost> 1700000000 +0000\ndata 6\nrecord\nfrom refs/heads/main^0\n`,
  ];
  for (let index = from; index < to; index++) parts.push(...(await record(index, people, ledger)));
  parts.push('done\n');
  git(
    directory,
    ['fast-import', '--quiet', '--force', '--date-format=raw'],
    Buffer.concat(parts.map((part) => Buffer.from(part))),
  );
}

/** A ledger with so many acknowledged records on main, and one more, acknowledged too, on the branch `proposal`. */
async function makeLedger(folder: string, records: number, people: People): Promise<string> {
  const directory = join(folder, `ledger-${records}.git`);
  const ledger = await newLedger(directory, people.bot, people.ada);
  await commit({ directory, ledger }, 'main', 0, records, people);
  await commit({ directory, ledger }, 'proposal', records, records + 1, people);
  return directory;
}

interface Measured {
  readonly seconds: number;
  /** Seconds of processor time, without git's, which both start. */
  readonly processor: number;
  /** MiB; of the process and its threads. */
  readonly memory: number;
}

function measure(directory: string, args: readonly string[]): Measured {
  const usage = join(directory, 'usage');
  const started = process.hrtime.bigint();
  const preload = join(directory, 'usage.cjs');
  const report = `require('node:fs').writeFileSync(${JSON.stringify(usage)}, JSON.stringify(process.resourceUsage()))`;
  writeFileSync(preload, `process.on('exit', () => ${report});\n`);
  const ran = spawnSync(process.execPath, ['--require', preload, PROGRAM, ...args], {
    cwd: directory,
    encoding: 'utf8',
  });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (ran.status !== 0) throw new Error(`pullthrough ${args.join(' ')} ended with ${ran.status}: ${ran.stderr}`);
  const used = JSON.parse(readFileSync(usage, 'utf8')) as NodeJS.ResourceUsage;
  return { seconds, processor: (used.userCPUTime + used.systemCPUTime) / 1e6, memory: used.maxRSS / 1024 };
}

/** The verifier in Go, built; undefined where there is no Go. */
function buildPeer(folder: string): string | undefined {
  const program = join(folder, 'peer');
  const cwd = resolve(dirname(fileURLToPath(import.meta.url)), '../../../scripts/bench/peer/ledger-check');
  const built = spawnSync('go', ['build', '-o', program, '.'], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  return built.status === 0 ? program : undefined;
}

/** What it takes, by its own account. */
function measurePeer(program: string, directory: string): Measured {
  const started = process.hrtime.bigint();
  const ran = spawnSync(program, [directory, 'main'], { encoding: 'utf8' });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const [, processor, memory] = /^processor ([0-9.]+) s, memory ([0-9]+) KiB$/m.exec(ran.stdout) ?? [];
  if (ran.status !== 0 || processor === undefined) throw new Error(`the verifier in Go failed: ${ran.stderr}`);
  return { seconds, processor: Number(processor), memory: Number(memory) / 1024 };
}

/** Both in turn, so that other load on the machine affects both; the best of each. */
function sideBySide(times: number, ours: () => Measured, theirs: () => Measured): [Measured, Measured] {
  const pairs = Array.from({ length: times }, () => [ours(), theirs()] as const);
  const least = (all: readonly Measured[]): Measured => all.reduce((a, b) => (b.processor < a.processor ? b : a));
  return [least(pairs.map(([one]) => one)), least(pairs.map(([, other]) => other))];
}

function best(times: number, once: () => Measured): Measured {
  const all = Array.from({ length: times }, once);
  return all.reduce((a, b) => (b.seconds < a.seconds ? b : a));
}

/** gpgv twice and sha256sum once a record, as the format's page has it, over a checkout that is made beforehand. */
function shellLoop(
  folder: string,
  directory: string,
  people: People,
  keys: { bot: Uint8Array; ada: Uint8Array },
): number {
  const checkout = join(folder, 'checkout');
  git(folder, ['clone', '--quiet', directory, checkout]);
  writeFileSync(join(folder, 'bot.asc'), keys.bot);
  writeFileSync(join(folder, 'ada.asc'), keys.ada);
  const script = `
    gpg --dearmor < ../bot.asc > ../executors.gpg; gpg --dearmor < ../ada.asc > ../reviewers.gpg
    keys=$(cd .. && pwd)
    find packages -name checklist.sha256 -printf '%h\\n' | while read -r record; do
      cd "$record"
      gpgv -q --keyring "$keys/executors.gpg" checklist.sha256.sign checklist.sha256 2>/dev/null || exit 1
      cat checklist.sha256 checklist.sha256.sign |
        gpgv -q --keyring "$keys/reviewers.gpg" checklist.sha256.${people.ada.fingerprint}.ack - 2>/dev/null || exit 1
      sha256sum --check --quiet --ignore-missing checklist.sha256 || exit 1
      cd "$OLDPWD"
    done`;
  const started = process.hrtime.bigint();
  const ran = spawnSync('bash', ['-c', script], { cwd: checkout, stdio: 'inherit' });
  if (ran.status !== 0) throw new Error('the shell loop failed');
  rmSync(checkout, { recursive: true });
  return Number(process.hrtime.bigint() - started) / 1e9;
}

function line(what: string, value: string, bound = ''): void {
  process.stdout.write(`${what.padEnd(58)}${value.padStart(12)}  ${bound}\n`);
}

const { values } = parseArgs({ options: { dir: { type: 'string' } } });
const folder = mkdtempSync(join(resolve(values.dir ?? tmpdir()), 'pullthrough-bench-'));
try {
  const [botKey, adaKey] = await Promise.all([newKey({ userId: 'bot' }), newKey({ userId: 'ada' })]);
  const people = { bot: await fileSigner({ key: botKey.secret }), ada: await fileSigner({ key: adaKey.secret }) };
  const ledgers = new Map<number, string>();
  for (const records of [100, 1000, 10_000]) ledgers.set(records, await makeLedger(folder, records, people));
  const at = (records: number): string => ledgers.get(records) ?? '';
  const peer = buildPeer(folder);
  for (const records of [1000, 10_000]) {
    const ours = best(2, () => measure(at(records), ['ledger', 'check']));
    const theirs = shellLoop(folder, at(records), people, { bot: botKey.public, ada: adaKey.public });
    line(`full check of ${records} records`, `${ours.seconds.toFixed(2)} s`);
    line(`  gpgv and sha256sum in a shell loop`, `${theirs.toFixed(2)} s`);
    line(`  ours is faster by`, `${(theirs / ours.seconds).toFixed(1)} x`, 'at least 5 x');
    line(`  peak memory`, `${ours.memory.toFixed(0)} MiB`, 'at most 128 MB');
    if (peer === undefined) continue;
    const [here, other] = sideBySide(
      3,
      () => measure(at(records), ['ledger', 'check']),
      () => measurePeer(peer, at(records)),
    );
    line(
      '  processor time, ours and the verifier in Go',
      `${here.processor.toFixed(2)} and ${other.processor.toFixed(2)} s`,
    );
    line('  ours needs as much by', `${(here.processor / other.processor).toFixed(1)} x`, 'at most 2.5 x');
    line('  seconds, ours and the verifier in Go', `${here.seconds.toFixed(2)} and ${other.seconds.toFixed(2)} s`);
  }
  const change = ['ledger', 'check', '--head', 'proposal', '--base', 'main'];
  const few = best(5, () => measure(at(100), change));
  const many = best(5, () => measure(at(10_000), change));
  line('--base, one new record against 100', `${few.seconds.toFixed(3)} s`);
  line('--base, one new record against 10000', `${many.seconds.toFixed(3)} s`);
  line('  it costs more by', `${(many.seconds / few.seconds).toFixed(2)} x`, 'at most 1.5 x');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
