import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildRecord, newRecordFiles } from '../../ledger/new-record.ts';
import type { EvidenceEntry } from '../../ledger-schema/evidence.ts';
import { GitHubClient } from '../../github/client.ts';
import { createPull } from '../../github/pulls.ts';
import type { PullRequest } from '../../github/types.ts';
import { SILENT } from '../../io/progress.ts';
import type { Progress } from '../../io/progress.ts';
import { openLedger } from '../../ledger/git/repository.ts';
import { ledgerIdentity, memoryFile } from '../../ledger/view/memory.ts';
import { proposalBranch } from '../../ledger-schema/names/branches.ts';
import { FileStore } from '../../store/file-store.ts';
import type { ReviewerContext } from '../../reviewer/context.ts';
import { GitLedger } from '../kit/ledger/git-ledger.ts';
import type { HostCommit, LedgerHost } from '../kit/ledger/ledger-host.ts';
import { MemoryHost } from '../kit/ledger/memory-host.ts';
import { LEDGER_ID, putAck, putPolicy } from '../kit/ledger/ledger-tree.ts';
import { person } from '../kit/ledger/people.ts';
import type { Roles, Tree } from '../kit/ledger/ledger-tree.ts';
import type { Person } from '../kit/ledger/people.ts';
import { sha256Of, sizeOf, streamOf } from '../servers/github/github-bytes.ts';
import { startGitServer } from '../servers/git-server.ts';
import { startGitHub } from '../servers/github/github.ts';
import type { Content, GitHubServer, TestRelease, TestRepository } from '../servers/github/github.ts';

export const LEDGER = 'acme/ledger';
/** The token that pushes and writes on pull requests. */
export const TOKEN = 'ledger-token';

/** `memory`: no git at all. */
export type Transport = 'memory' | 'file' | 'http' | 'github';

export interface WorldOptions {
  readonly transport?: Transport;
  readonly threshold?: number;
  readonly roles?: Partial<Roles>;
}

export interface Proposed {
  readonly branch: string;
  readonly commit: string;
  /** The record's path. */
  readonly path: string;
  /** The whole tree at the branch. */
  readonly tree: Tree;
  readonly release: TestRelease;
}

/** The files of the releases that are made here. */
export const FILES: Readonly<Record<string, Content>> = {
  'tool-linux-amd64': { size: 40_000, seed: 1 },
  'tool-darwin-arm64': { size: 30_000, seed: 2 },
};

/** An upstream, a store, and a ledger with a policy: what reviewers work on. Everything is on loopback and in one folder. */
export class World implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'pt-review-'));
  readonly host: LedgerHost;
  /** What the ledger's branch holds. */
  tree: Tree = new Map();
  head = '';
  readonly notes: string[] = [];
  readonly warnings: string[] = [];
  readonly store: FileStore;
  #tools = 1;
  readonly #closing: (() => Promise<void> | void)[] = [];

  readonly people: Readonly<Record<'root' | 'bot' | 'ada' | 'grace' | 'eve', Person>>;
  readonly upstream: GitHubServer;
  /** The repository upstream that releases are made in. */
  tool: TestRepository;
  readonly transport: Transport;
  /** What git is told. */
  readonly url: string;
  /** The ledger on the GitHub, for that transport. */
  readonly ledger: TestRepository | undefined;

  private constructor(parts: {
    people: World['people'];
    upstream: GitHubServer;
    transport: Transport;
    url: string;
    host: LedgerHost;
    ledger: TestRepository | undefined;
  }) {
    this.people = parts.people;
    this.upstream = parts.upstream;
    this.transport = parts.transport;
    this.host = parts.host;
    this.ledger = parts.ledger;
    this.tool = parts.upstream.addRepository('acme/tool');
    this.url = parts.url;
    this.store = new FileStore({ root: join(this.folder, 'store'), progress: SILENT });
  }

  static async start({ transport = 'memory', threshold = 1, roles = {} }: WorldOptions = {}): Promise<World> {
    const names = ['root', 'bot', 'ada', 'grace', 'eve'] as const;
    const made = await Promise.all(names.map(async (name) => [name, await person(name)] as const));
    const people = Object.fromEntries(made) as World['people'];
    const upstream = await startGitHub({ tokens: { [TOKEN]: { login: 'ada' } } });
    const host = transport === 'memory' ? new MemoryHost() : new GitLedger();
    const directory = host instanceof GitLedger ? host.directory : '';
    const server =
      transport === 'http'
        ? await startGitServer({ root: directory, authorize: ({ password }) => (password === TOKEN ? directory : 401) })
        : undefined;
    const ledger = transport === 'github' ? upstream.addRepository(LEDGER, { git: directory }) : undefined;
    const url = {
      memory: '',
      file: directory,
      http: `${server?.origin ?? ''}/ledger.git`,
      github: `${upstream.web}/${LEDGER}.git`,
    }[transport];
    const world = new World({ people, upstream, transport, url, host, ledger });
    world.#closing.push(
      () => upstream.close(),
      () => host[Symbol.dispose](),
    );
    if (server !== undefined) world.#closing.push(() => server.close());
    await putPolicy(
      world.tree,
      1,
      {
        roots: [people.root],
        executors: [people.bot],
        reviewers: [people.ada, people.grace],
        threshold,
        ...roles,
      },
      [people.root],
    );
    world.head = world.commit(world.tree, { branch: 'main' });
    return world;
  }

  /** From now on releases are made in another repository, so that tests can share a world. */
  newTool(): TestRepository {
    this.#tools += 1;
    this.tool = this.upstream.addRepository(`acme/tool${this.#tools}`);
    return this.tool;
  }

  /** A release upstream, whose files the store has too. */
  async release(tag: string, files: Readonly<Record<string, Content>> = FILES): Promise<TestRelease> {
    const publishedAt = new Date(Date.now() - 3 * 86_400_000);
    const assets = Object.entries(files).map(([name, content]) => ({ name, content }));
    for (const { name, content } of assets) await this.#put(name, content);
    return this.tool.addRelease({ tag, assets, publishedAt, createdAt: publishedAt });
  }

  async #put(name: string, content: Content): Promise<void> {
    const size = await sizeOf(content);
    const body = streamOf(content, 0, size) as AsyncIterable<Uint8Array>;
    await this.store.put({ name, size, sha256: await sha256Of(content) }, body);
  }

  /** The record of a release in a tree of its own: main's, and what the executor adds. */
  async record(
    release: TestRelease,
    {
      by = this.people.bot,
      source = 'github.com',
      evidence = [],
    }: { by?: Person; source?: string; evidence?: readonly EvidenceEntry[] } = {},
  ): Promise<{ path: string; tree: Tree }> {
    const files = await Promise.all(
      release.assets.map(async ({ name, content }) => ({
        name,
        size: await sizeOf(content),
        sha256: await sha256Of(content),
      })),
    );
    const unsigned = buildRecord({
      ledger: LEDGER_ID,
      source,
      repository: this.tool.fullName,
      repositoryId: this.tool.id,
      tag: release.tag,
      commit: this.tool.tags.get(release.tag)?.sha ?? '',
      files: files.sort((a, b) => (a.name < b.name ? -1 : 1)),
      evidence,
    });
    const tree = new Map(this.tree);
    for (const [path, bytes] of newRecordFiles(unsigned, await by.sign(unsigned.sums))) tree.set(path, bytes);
    return { path: unsigned.path, tree };
  }

  /** A release with an open proposal, acked by `acks`. */
  async propose(
    tag: string,
    options: {
      files?: Readonly<Record<string, Content>>;
      acks?: readonly Person[];
      by?: Person;
      source?: string;
      evidence?: readonly EvidenceEntry[];
    } = {},
  ): Promise<Proposed> {
    const release = await this.release(tag, options.files);
    const { path, tree } = await this.record(release, options);
    for (const who of options.acks ?? []) await putAck(tree, path, who);
    const branch = proposalBranch(path);
    const commit = this.commit(tree, { branch, parents: [this.head] });
    if (this.transport === 'github') await this.pull(branch, `${this.tool.fullName} ${tag}`);
    return { branch, commit, path, tree, release };
  }

  /** Opens the pull request of a branch. */
  pull(branch: string, title = branch): Promise<PullRequest> {
    return createPull(this.client(), LEDGER, { title, head: branch, base: 'main', body: '' });
  }

  client(): GitHubClient {
    return new GitHubClient({ api: this.upstream.api, token: TOKEN, tokenName: 'LEDGER_TOKEN', progress: SILENT });
  }

  /** Puts what `tree` holds onto main, as a merge by somebody else. */
  merge(tree: Tree): void {
    this.tree = tree;
    this.head = this.commit(tree, { branch: 'main', parents: [this.head] });
  }

  /** Commits exactly this tree, and points the branch at it. */
  commit(tree: Tree, options: HostCommit): string {
    return this.host.commit(tree, options);
  }

  /** The ledger's repository, for a transport that has one. */
  get git(): GitLedger {
    if (this.host instanceof GitLedger) return this.host;
    throw new Error('this ledger is in memory');
  }

  /** Goes on from where main is now, after a merge by what is tested. */
  follow(): void {
    this.head = this.host.at('main');
    this.tree = this.host.files(this.head);
  }

  /** As it was when it was new but for what is on main: nothing is open, and releases are made in another repository. */
  restart(): void {
    for (const branch of this.branches().keys()) if (branch !== 'main') this.host.remove(branch);
    this.follow();
    this.newTool();
  }

  branches(): Map<string, string> {
    return this.host.branches();
  }

  /** What a command of the reviewer works on; with a clone of its own. */
  async context(changes: Partial<ReviewerContext> = {}): Promise<ReviewerContext> {
    const cacheDir = mkdtempSync(join(this.folder, 'cache-'));
    const token = this.transport === 'http' || this.transport === 'github' ? TOKEN : undefined;
    const warn = (message: string) => this.warnings.push(message);
    const ledger =
      this.host instanceof MemoryHost
        ? await this.host.open({ branch: 'main', warn })
        : await openLedger({ url: this.url, branch: 'main', cacheDir, token, refs: 'all', warn });
    this.#closing.push(() => ledger.close());
    const progress: Progress = {
      ...SILENT,
      note: (message) => this.notes.push(message),
      warn,
    };
    return {
      root: this.folder,
      source: { api: this.upstream.api, host: 'github.com' },
      ledger,
      branch: 'main',
      memory: memoryFile(join(this.folder, 'state'), ledgerIdentity(ledger.label, 'main')),
      github: this.transport === 'github' ? { client: this.client(), repository: LEDGER } : undefined,
      now: new Date(),
      progress,
      env: {},
      cacheDir,
      store: { label: this.store.label, read: ({ sha256 }) => this.store.read(sha256) },
      ...changes,
    };
  }

  /** The downloads of files since the last call, by their names. */
  takeDownloads(): string[] {
    const requests = this.upstream.takeRequests().filter(({ server }) => server === 'storage');
    return requests.map(({ url }) => url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closing.reverse()) await close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
