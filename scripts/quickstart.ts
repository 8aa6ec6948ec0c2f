// The main job from start to finish, in ./quickstart: what a team's executor, reviewer and consumer type, one after another.
//   npm run quickstart                   upstream is a GitHub on loopback with bazelbuild/buildtools' v8.2.1
//   npm run quickstart -- OWNER/REPO     upstream is the real GitHub
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startGitHub } from '../test/servers/github/github.ts';
import type { GitHubServer } from '../test/servers/github/github.ts';
import { PROGRAM } from './program.ts';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
/** Made again each time; a test has a folder of its own. */
const HOME = resolve(process.env['PULLTHROUGH_QUICKSTART_DIR'] ?? join(ROOT, 'quickstart'));
const EXECUTOR = join(HOME, 'executor');
const EMBEDDED = 'bazelbuild/buildtools';

const plain = process.env['NO_COLOR'] !== undefined || !process.stdout.isTTY;
const bold = (text: string): string => (plain ? text : `\x1b[1m${text}\x1b[22m`);
const faint = (text: string): string => (plain ? text : `\x1b[2m${text}\x1b[22m`);

/** The variables that the person at a step has, besides the environment. */
type Variables = Readonly<Record<string, string>>;

function environment(more: Variables = {}): NodeJS.ProcessEnv {
  return {
    ...process.env,
    XDG_CACHE_HOME: join(HOME, 'cache'),
    XDG_STATE_HOME: join(HOME, 'state'),
    // A locked key would need its passphrase; the quickstart's keys are thrown away.
    PULLTHROUGH_SIGNING_PASSPHRASE: undefined,
    ...more,
  };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function heading(text: string): void {
  say(`\n${bold(`# ${text}`)}`);
}

function show(command: readonly string[], folder: string, variables: Variables): void {
  const words = command.map((word) => (/^[\w./@:=-]+$/.test(word) ? word : `'${word}'`));
  const set = Object.entries(variables).map(([name, value]) => `${name}=${value} `);
  say(faint(`(in ${relative(ROOT, folder)}/)`));
  say(bold(`$ ${set.join('')}${words.join(' ')}`));
}

/** Prints a command as a user types it, and runs it; a command that fails ends the quickstart. */
async function run(folder: string, args: readonly string[], variables: Variables = {}): Promise<void> {
  show(['npx', 'pullthrough', ...args], folder, variables);
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: folder,
    env: environment(variables),
    stdio: 'inherit',
  });
  const code = await new Promise<number | null>((done) => child.once('close', done));
  if (code !== 0) {
    say(`that ended with ${code ?? 'a signal'}`);
    process.exit(code ?? 1);
  }
}

/** What a command prints on stdout. */
function output(folder: string, args: readonly string[]): string {
  return execFileSync(process.execPath, [PROGRAM, ...args], { cwd: folder, env: environment(), encoding: 'utf8' });
}

/** The very files of the release on GitHub, from the npm package that ships them; there `_` stands for GitHub's `-`. */
async function embeddedUpstream(): Promise<GitHubServer> {
  const folder = join(ROOT, 'node_modules/@bazel/buildifier');
  const files = readdirSync(folder).filter((name) => /^buildifier-\w+_\w+(?:\.exe)?$/.test(name));
  const github = await startGitHub();
  const published = new Date('2025-06-24T12:00:00Z');
  await github.addRepository(EMBEDDED).addRelease({
    tag: 'v8.2.1',
    publishedAt: published,
    assets: files.map((file) => ({
      name: file.replace('_', '-'),
      content: { file: join(folder, file) },
      createdAt: published,
      updatedAt: published,
    })),
  });
  return github;
}

function writeExecutor(pin: string, api: string | undefined): void {
  const source = api === undefined ? [] : ['[source]', `api = ${api}`, 'host = github.com', ''];
  const lines = [
    '[ledger]',
    'repository = ../ledger.git',
    'author = Mirror Bot <mirror-bot@quickstart.example>',
    '',
    '[store]',
    'url = file:../store',
    '',
    ...source,
    '[trust]',
    `pin = ${pin}`,
    '',
  ];
  mkdirSync(EXECUTOR, { recursive: true });
  writeFileSync(join(EXECUTOR, 'mirror.ini'), lines.join('\n'));
}

async function makeKeysAndLedger(): Promise<string> {
  heading('A bot that mirrors, and a person who reviews: each has an OpenPGP key');
  await run(HOME, ['key', 'new', '--user-id', 'Mirror Bot <mirror-bot@quickstart.example>', '--output', 'bot.key']);
  await run(HOME, ['key', 'new', '--user-id', 'Ada <ada@quickstart.example>', '--output', 'ada.key']);
  heading('The ledger, a git repository of its own; Ada signs its first trust policy');
  const roles = [
    '--root',
    'ada=ada.key.pub.asc',
    '--executor',
    'mirror-bot=bot.key.pub.asc',
    '--reviewer',
    'ada=ada.key.pub.asc',
  ];
  await run(HOME, ['ledger', 'init', 'ledger.git', '--bare', ...roles, '--key', 'ada.key']);
  const shown = JSON.parse(output(HOME, ['trust', 'show', '--ledger', './ledger.git', '--json'])) as { sha256: string };
  return `sha256:${shown.sha256}`;
}

/** The one record that was merged: its path in the ledger, repository and tag. */
function mergedRecord(): { path: string; tag: string } {
  const paths = execFileSync('git', ['ls-tree', '-r', '--name-only', 'main', 'packages'], {
    cwd: join(HOME, 'ledger.git'),
    encoding: 'utf8',
  }).split('\n');
  const path = dirname(paths.find((name) => name.endsWith('/checklist.json')) ?? '');
  const json = execFileSync('git', ['show', `main:${path}/checklist.json`], {
    cwd: join(HOME, 'ledger.git'),
    encoding: 'utf8',
  });
  return { path, tag: (JSON.parse(json) as { tag: string }).tag };
}

/** The same with nothing of ours: git, gpg, gpgv and sha256sum. */
function verifyWithStockTools(record: string): void {
  heading('The same with stock tools alone');
  const ack = execFileSync('git', ['ls-tree', '--name-only', `main:${record}`], {
    cwd: join(HOME, 'ledger.git'),
    encoding: 'utf8',
  })
    .split('\n')
    .find((name) => name.endsWith('.ack'));
  const lines = [
    `git clone --quiet ledger.git checkout`,
    `gpg --dearmor < bot.key.pub.asc > executors.gpg`,
    `gpg --dearmor < ada.key.pub.asc > reviewers.gpg`,
    `cd checkout/${record}`,
    `gpgv --keyring "$OLDPWD/executors.gpg" checklist.sha256.sign checklist.sha256`,
    `cat checklist.sha256 checklist.sha256.sign | gpgv --keyring "$OLDPWD/reviewers.gpg" ${ack ?? ''} -`,
    `cp "$OLDPWD"/bin/* . && sha256sum --check --ignore-missing checklist.sha256`,
  ];
  say(faint(`(in ${relative(ROOT, HOME)}/)`));
  for (const line of lines) say(bold(`$ ${line}`));
  const missing = ['gpg', 'gpgv', 'sha256sum'].find((tool) => spawnSync(tool, ['--version']).error !== undefined);
  if (missing !== undefined) {
    say(`${missing} is not installed here, so these lines were not run`);
    return;
  }
  const ran = spawnSync('sh', ['-ec', lines.join('\n')], { cwd: HOME, stdio: 'inherit', env: environment() });
  if (ran.status !== 0) process.exit(1);
}

function runBinary(): void {
  const folder = join(HOME, 'bin');
  const [name] = readdirSync(folder);
  if (name === undefined) return;
  heading('And the program that was got');
  show([`./bin/${name}`, '--version'], HOME, {});
  const ran = spawnSync(join(folder, name), ['--version'], { stdio: 'inherit' });
  if (ran.status !== 0) process.exit(1);
}

async function main(): Promise<void> {
  const asked = process.argv[2];
  const tool = asked ?? EMBEDDED;
  rmSync(HOME, { recursive: true, force: true });
  mkdirSync(HOME, { recursive: true });
  const github = asked === undefined ? await embeddedUpstream() : undefined;
  try {
    const pin = await makeKeysAndLedger();
    heading('The executor: which tools, where their bytes go, which ledger');
    writeExecutor(pin, github?.api);
    say(`wrote ${relative(ROOT, join(EXECUTOR, 'mirror.ini'))}`);
    await run(EXECUTOR, ['add', tool]);
    await run(EXECUTOR, ['plan']);
    heading('The bot mirrors: it fetches, stores, signs, and proposes a record to the ledger');
    await run(EXECUTOR, ['mirror'], { PULLTHROUGH_SIGNING_KEY_FILE: '../bot.key' });
    heading('Ada reviews: she fetches every byte again from where she is, compares, and signs');
    await run(EXECUTOR, ['review']);
    await run(EXECUTOR, ['ack', '--yes', '--key', '../ada.key']);
    await run(EXECUTOR, ['ledger', 'merge']);
    heading('A consumer verifies the chain first, downloads second, checks third');
    const record = mergedRecord();
    await run(EXECUTOR, ['verify', `${tool}@${record.tag}`]);
    await run(EXECUTOR, ['get', `${tool}@${record.tag}`, '--platform', 'auto', '--executable', '--output', '../bin']);
    verifyWithStockTools(record.path);
    if (github !== undefined && existsSync(join(HOME, 'bin'))) runBinary();
  } finally {
    await github?.close();
  }
  say(`\n${bold('Done.')} Everything is in ./quickstart; run it again to start over.`);
}

await main();
