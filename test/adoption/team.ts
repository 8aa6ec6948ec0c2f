import { execFileSync, spawn } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { builtMain } from '../kit/processes/program.ts';
import { gnupg, removeGnupgs } from '../kit/gpg-fixture.ts';
import type { Gnupg } from '../kit/gpg-fixture.ts';
import { startInternet } from '../servers/internet.ts';
import type { Internet } from '../servers/internet.ts';
import { startGitHub } from '../servers/github/github.ts';
import type { GitHubServer, TestRepository } from '../servers/github/github.ts';
import { bash } from './bash.ts';
import type { Ran } from './bash.ts';
import { coldProgram, makeShims } from './shims.ts';
import { startWarm } from './warm.ts';
import type { Warm } from './warm.ts';
import { publishTools } from './upstream.ts';

export const LEDGER = 'acme/release-ledger';
export const EXECUTOR = 'acme/mirror';
export type Name = 'ada' | 'grace' | 'linus';
const NAMES: readonly Name[] = ['ada', 'grace', 'linus'];

const API = 'https://api.github.com';
const WEB = 'https://github.com';
const STORAGE = 'https://release-assets.githubusercontent.com';

interface Person {
  readonly gnupg: Gnupg;
  readonly home: string;
  readonly fingerprint: string;
  /** The public key, as `gpg --export` writes it. */
  readonly publicKey: string;
}

/**
 * A team as documentation speaks of it: people with keys in gpg, GitHub and a mirror under their real names on
 * loopback, and a shell in which commands run as they are written.
 */
export class Team implements AsyncDisposable {
  readonly folder: string;
  readonly main = builtMain();
  readonly github: GitHubServer;
  readonly internet: Internet;
  readonly people: Readonly<Record<Name, Person>>;
  /** What https://mirror.acme.example shows; a store's folder. */
  readonly store: string;
  readonly #bin: string;
  /** A script that is the program. */
  readonly program: string;
  readonly #warm: Warm | undefined;
  #ledgers = 0;

  private constructor(parts: {
    folder: string;
    github: GitHubServer;
    internet: Internet;
    people: Team['people'];
    store: string;
    warm: Warm | undefined;
  }) {
    this.folder = parts.folder;
    this.github = parts.github;
    this.internet = parts.internet;
    this.people = parts.people;
    this.store = parts.store;
    this.#warm = parts.warm;
    this.program = parts.warm?.program ?? coldProgram(parts.folder, this.main);
    this.#bin = makeShims(parts.folder, this.program).bin;
  }

  /** `warm`: all commands run in one process that stays; else each in one of its own. */
  static async start({ warm = true } = {}): Promise<Team> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pt-team-')));
    const tokens = Object.fromEntries([...NAMES, 'bot'].map((login) => [`${login}-token`, { login }]));
    const github = await startGitHub({ separateWeb: true, names: { api: API, web: WEB, storage: STORAGE }, tokens });
    await publishTools(github);
    github.addRepository(EXECUTOR);
    const store = join(folder, 'store');
    const certificates = join(folder, 'internet');
    mkdirSync(certificates);
    const internet = await startInternet(certificates, {
      'api.github.com': new URL(github.api).origin,
      'github.com': github.web,
      'release-assets.githubusercontent.com': github.storage,
      'mirror.acme.example': (request, response) => serveFile(store, request, response),
      'files.acme.example': (request, response) => serveFile(join(folder, 'files'), request, response),
    });
    const people = Object.fromEntries(NAMES.map((name) => [name, makePerson(folder, name)])) as Team['people'];
    const started = warm ? await startWarm(folder, internet.env) : undefined;
    return new Team({ folder, github, internet, people, store, warm: started });
  }

  /** The environment of one of the team at a terminal; `bot` is the machine that mirrors. */
  env(who: Name | 'bot'): NodeJS.ProcessEnv {
    const home = join(this.folder, 'home', who);
    mkdirSync(home, { recursive: true });
    // As git has it from a keychain.
    const helper = '!f() { echo username=x; echo "password=$LEDGER_TOKEN"; }; f';
    const lines = [
      '[credential]',
      `helper = ${JSON.stringify(helper)}`,
      '[user]',
      `name = ${who}`,
      `email = ${who}@acme.example`,
    ];
    writeFileSync(join(home, '.gitconfig'), `${lines.join('\n')}\n`);
    return {
      ...this.internet.env,
      ...(who === 'bot' ? {} : this.people[who].gnupg.env),
      PATH: `${this.#bin}${delimiter}${process.env['PATH'] ?? ''}`,
      HOME: home,
      // A process that stays has one home.
      XDG_CACHE_HOME: join(home, '.cache'),
      XDG_STATE_HOME: join(home, '.local/state'),
      LEDGER_TOKEN: `${who}-token`,
      GITHUB_TOKEN: `${who}-token`,
      GIT_CONFIG_NOSYSTEM: '1',
    };
  }

  /** Runs a script as somebody; `npm install --global pullthrough` was done. */
  async sh(who: Name | 'bot', script: string, options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Ran> {
    const env = { ...this.env(who), ...options.env };
    const cwd = options.cwd ?? this.folder;
    if (!existsSync(join(this.#bin, 'pullthrough'))) await bash('npm install --global pullthrough', { cwd, env });
    return bash(script, { cwd, env });
  }

  /** As {@link sh}, and it must end well. */
  async must(...call: Parameters<Team['sh']>): Promise<string> {
    const { code, stdout, stderr } = await this.sh(...call);
    if (code !== 0) throw new Error(`exit ${String(code)}: ${call[1]}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Starts a command that runs until it is stopped, and waits until it says that it serves; gives what stops it. */
  async daemon(who: Name | 'bot', command: string, cwd: string): Promise<() => Promise<void>> {
    const [program = '', ...args] = command.split(' ');
    if (program !== 'pullthrough') throw new Error(`${program} is not a daemon that is known here`);
    const child = spawn(process.execPath, [this.main, ...args], { cwd, env: this.env(who) });
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    await new Promise<void>((resolve, reject) => {
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('serving')) resolve();
      });
      void ended.then(() => reject(new Error(`${command}: ${said}`)));
    });
    return () => {
      child.kill();
      return ended;
    };
  }

  /** Writes everybody's public key into a folder, as `ada.asc`. */
  writeKeys(folder: string): void {
    for (const name of NAMES) writeFileSync(join(folder, `${name}.asc`), this.people[name].publicKey);
  }

  /** An empty repository of that name on GitHub, instead of what bore the name before; gives its folder. */
  newRepository(fullName: string): { repository: TestRepository; directory: string } {
    this.#ledgers += 1;
    const directory = join(this.folder, `git-${String(this.#ledgers)}.git`);
    execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', directory]);
    return { repository: this.github.addRepository(fullName, { git: directory }), directory };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#warm?.stop();
    await this.github.close();
    await this.internet.close();
    removeGnupgs();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function makePerson(folder: string, name: Name): Person {
  const own = gnupg();
  const fingerprint = own.newKey(`${name} <${name}@acme.example>`, 'ed25519');
  const publicKey = own.run(['--armor', '--export', fingerprint]).toString();
  return { gnupg: own, home: join(folder, 'home', name), fingerprint, publicKey };
}

/** Any web server over a store's folder. */
function serveFile(root: string, request: IncomingMessage, response: ServerResponse): void {
  const [path = ''] = (request.url ?? '').split('?');
  const file = join(root, path);
  if (path.includes('..') || !existsSync(file)) response.writeHead(404).end();
  else createReadStream(file).pipe(response);
}

/** A port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
