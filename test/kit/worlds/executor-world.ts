import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inject, onTestFinished } from 'vitest';
import type { ExecutorContext, Signing } from '../../../executor/context.ts';
import { mirror, plan } from '../../../executor/mirror.ts';
import type { MirrorOptions } from '../../../executor/mirror.ts';
import type { ReleaseResult } from '../../../executor/result.ts';
import type { AddedRoot } from '../../../evidence/added-root.ts';
import { findTools } from '../../../upstream/tools.ts';
import type { Tool } from '../../../upstream/tools.ts';
import { GitHubClient } from '../../../github/client.ts';
import type { Progress } from '../../../io/progress.ts';
import { initLedger } from '../../../owner/init.ts';
import { openLedger } from '../../../ledger/git/repository.ts';
import { ledgerIdentity, memoryFile } from '../../../ledger/view/memory.ts';
import { fileSigner } from '../../../ledger/signing/signer.ts';
import { HEAD_BRANCH } from '../../../ledger-schema/names/branches.ts';
import { ackPath } from '../../../ledger-schema/names/layout.ts';
import type { Role } from '../../../ledger-schema/trust.ts';
import { openStore } from '../../../store/open.ts';
import { people } from './executor-keys.ts';
import type { Key } from './executor-keys.ts';
import { GitLedger } from '../ledger/git-ledger.ts';
import type { LedgerHost } from '../ledger/ledger-host.ts';
import type { Tree } from '../ledger/ledger-tree.ts';
import { MemoryHost } from '../ledger/memory-host.ts';
import { startGitHub } from '../../servers/github/github.ts';
import type { GitHubServer, TestRepository } from '../../servers/github/github.ts';

export const AUTHOR = { name: 'Mirror Bot', email: 'bot@acme.example' };
const LEDGER = 'acme/ledger';
const TOKEN = 'ledger-token';

export interface WorldOptions {
  /** The ledger is a GitHub repository, with pull requests. */
  readonly onGitHub?: boolean;
  /** The ledger is no repository at all. */
  readonly inMemory?: boolean;
}

/** An upstream, a ledger, a store and an executor's folder; all of it ends with the test. */
export class World {
  readonly folder: string;
  readonly github: GitHubServer;
  readonly onGitHub: boolean;
  readonly ledger: LedgerHost;
  readonly notes: string[] = [];
  readonly warnings: string[] = [];
  // Whole seconds, as the API has them.
  now = new Date(Math.floor(Date.now() / 1000) * 1000);
  env: Record<string, string> = {};
  host = 'github.com';
  trustedRoots: AddedRoot[] = [];

  constructor(folder: string, github: GitHubServer, { onGitHub = false, inMemory = false }: WorldOptions) {
    this.folder = folder;
    this.github = github;
    this.onGitHub = onGitHub;
    this.ledger = inMemory ? new MemoryHost() : new GitLedger(this.ledgerDirectory);
  }

  get ledgerDirectory(): string {
    return join(this.folder, 'ledger.git');
  }

  get storeDirectory(): string {
    return join(this.folder, 'store');
  }

  /** Where the executor's process would find everything, opened anew. */
  async context(cache = 'cache'): Promise<ExecutorContext> {
    const cacheDir = join(this.folder, cache);
    const progress: Progress = {
      start: () => ({ advance: () => undefined, done: () => undefined }),
      note: (message) => void this.notes.push(message),
      warn: (message) => void this.warnings.push(message),
    };
    const url = this.onGitHub ? `${this.github.web}/${LEDGER}.git` : this.ledgerDirectory;
    const token = this.onGitHub ? TOKEN : undefined;
    const ledger =
      this.ledger instanceof MemoryHost
        ? await this.ledger.open({ branch: 'main' })
        : await openLedger({ url, token, branch: 'main', cacheDir, refs: 'all' });
    const client = new GitHubClient({ api: this.github.api, token, tokenName: 'LEDGER_TOKEN', cacheDir, progress });
    return {
      root: this.folder,
      source: { api: this.github.api, host: this.host },
      ledger,
      branch: 'main',
      memory: memoryFile(join(this.folder, 'state'), ledgerIdentity(ledger.label, 'main')),
      github: this.onGitHub ? { client, repository: LEDGER } : undefined,
      store: await openStore(this.storeDirectory, { baseDir: this.folder, env: {}, progress }),
      now: this.now,
      progress,
      env: this.env,
      cacheDir,
      trustedRoots: this.trustedRoots,
    };
  }

  async signing(key?: Key): Promise<Signing> {
    const { secret } = key ?? (await people()).bot;
    return { signer: await fileSigner({ key: secret }), author: AUTHOR };
  }

  async tool(repository: string, ...lines: string[]): Promise<void> {
    const file = join(this.folder, 'packages', this.host, repository, 'tool.ini');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, lines.join('\n'));
  }

  /** One run of `mirror` in what would be a new process. */
  async mirror(
    options: Partial<MirrorOptions> & { names?: string[]; key?: Key; cache?: string } = {},
  ): Promise<ReleaseResult[]> {
    const { names, key, cache, ...rest } = options;
    const context = await this.context(cache);
    try {
      const tools = await findTools({ root: this.folder, host: this.host, names });
      return await mirror(context, { tools, signing: await this.signing(key), ...rest });
    } finally {
      await context.ledger.close();
    }
  }

  async plan(concurrency?: number): Promise<ReleaseResult[]> {
    return this.run((context, tools) => plan(context, { tools, concurrency }));
  }

  /** Runs an action of the executor in what would be a new process. */
  async run<T>(action: (context: ExecutorContext, tools: Tool[]) => Promise<T>): Promise<T> {
    const context = await this.context();
    try {
      return await action(context, await findTools({ root: this.folder, host: this.host }));
    } finally {
      await context.ledger.close();
    }
  }

  git(args: readonly string[], input: string | Uint8Array = ''): string {
    const { name, email } = AUTHOR;
    const who = {
      GIT_AUTHOR_NAME: name,
      GIT_AUTHOR_EMAIL: email,
      GIT_COMMITTER_NAME: name,
      GIT_COMMITTER_EMAIL: email,
    };
    const env = { ...process.env, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', ...who };
    return execFileSync('git', args, { cwd: this.ledgerDirectory, env, input, stdio: ['pipe', 'pipe', 'pipe'] })
      .toString()
      .trim();
  }

  /** The branches of the ledger but main and the signed head. */
  branches(): string[] {
    return [...this.ledger.branches().keys()].filter((name) => name !== 'main' && name !== HEAD_BRANCH);
  }

  /** Puts a file on a branch, which begins at main where it is new. */
  commit(branch: string, path: string, content: string | Uint8Array): string {
    return this.ledger.put(branch, new Map([[path, Buffer.from(content)]]));
  }

  /** Puts many small files on a branch in one commit. */
  commitAll(branch: string, paths: readonly string[]): void {
    const head = `commit refs/heads/${branch}\ncommitter A <a@acme.example> 1750000000 +0000\ndata 1\nx\n`;
    const files = paths.map((path) => `M 100644 inline ${path}\ndata 1\nx\n`).join('');
    this.git(['fast-import', '--quiet'], `${head}from refs/heads/${branch}^0\n${files}\n`);
  }

  /** Ada's ack on a proposal. */
  async ack(branch: string): Promise<void> {
    const record = `packages/${branch.slice('pullthrough/'.length)}`;
    const bytes = ['checklist.sha256', 'checklist.sha256.sign'].map((name) =>
      Buffer.from(`${this.file(branch, `${record}/${name}`)}\n`),
    );
    const signer = await fileSigner({ key: (await people()).ada.secret });
    this.commit(branch, ackPath(record, signer.fingerprint), await signer.sign(Buffer.concat(bytes)));
  }

  /** Mirrors, acknowledges and merges everything that is new. */
  async hold(): Promise<void> {
    await this.mirror();
    for (const branch of this.branches()) {
      await this.ack(branch);
      this.merge(branch);
    }
  }

  /** Merges a proposal as its host would, and removes its branch. */
  merge(branch: string): void {
    this.ledger.merge(branch);
  }

  /** A text file of a branch, without its last newline. */
  file(branch: string, path: string): string {
    return Buffer.from(this.ledger.file(branch, path)).toString().trimEnd();
  }

  /** Content by its SHA-256, read and hashed again. */
  async stored(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    const base = join(this.storeDirectory, 'sha256');
    for (const prefix of await readdir(base).catch(() => [])) {
      for (const name of await readdir(join(base, prefix))) {
        const bytes = await readFile(join(base, prefix, name));
        const sha256 = createHash('sha256').update(bytes).digest('hex');
        if (sha256 !== name) throw new Error(`the store holds wrong bytes under ${name}`);
        found.set(sha256, bytes.toString());
      }
    }
    return found;
  }

  /** What was asked for since the last call, as `GET /path`. */
  requests(server?: 'api' | 'storage' | 'web'): string[] {
    const all = this.github.takeRequests();
    const picked = all.filter((request) => server === undefined || request.server === server);
    return picked.filter(({ url }) => !url.includes('.git/')).map(({ method, url }) => `${method} ${url}`);
  }

  /** The ledger's repository on GitHub. */
  ledgerRepository!: TestRepository;
}

export async function world(options: WorldOptions = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'pt-executor-'));
  const github = await startGitHub({ tokens: { [TOKEN]: { login: 'mirror-bot' }, reader: { login: 'reader' } } });
  onTestFinished(async () => {
    await github.close();
    await rm(folder, { recursive: true, force: true });
  });
  const made = new World(folder, github, options);
  template ??= initLedgerAt(join(await mkdtemp(join(inject('runFolder'), 'ledger-')), 'ledger.git'));
  const directory = await template;
  if (made.ledger instanceof MemoryHost) {
    files ??= new GitLedger(directory).files('main');
    made.ledger.commit(files, { branch: 'main' });
  } else await cp(directory, made.ledgerDirectory, { recursive: true });
  if (options.onGitHub) made.ledgerRepository = github.addRepository(LEDGER, { git: made.ledgerDirectory });
  return made;
}

/** A world whose ledger is in memory: for what is not about git. */
export function memoryWorld(): Promise<World> {
  return world({ inMemory: true });
}

/** An empty ledger, made once a worker. */
let template: Promise<string> | undefined;
/** What it holds. */
let files: Tree | undefined;

async function initLedgerAt(directory: string): Promise<string> {
  const { bot, ada } = await people();
  const initial = (role: Role, { holder, key, public: bytes }: Key) => ({ role, holder, key, bytes });
  await initLedger({
    directory,
    bare: true,
    branch: 'main',
    author: AUTHOR,
    env: process.env,
    keys: [initial('roots', ada), initial('reviewers', ada), initial('executors', bot)],
    now: new Date(),
    rootThreshold: 1,
    reviewerThreshold: 1,
    expires: '2036-01-01T00:00:00Z',
    signers: [await fileSigner({ key: ada.secret })],
    extras: new Map([['README.md', 'a ledger\n']]),
  });
  return directory;
}

/** The actions of results, by tag. */
export function actions(results: readonly ReleaseResult[]): string[] {
  return results.map(
    ({ tag, action, error }) => `${tag ?? '-'} ${action}${error === undefined ? '' : ` ${error.code}`}`,
  );
}
