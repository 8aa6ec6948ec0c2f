/// <reference lib="esnext.disposable" preserve="true" />
import { resolve } from 'node:path';
import { Kept } from '../io/kept.ts';
import { SILENT } from '../io/progress.ts';
import { gitAtWork, openLedger } from '../ledger/git/repository.ts';
import type { LedgerRepository } from '../ledger/git/repository.ts';
import { cacheDirectory, stateDirectory } from '../io/files/folders.ts';
import { fetchFrom } from './download/fetch-from.ts';
import type { ConsumerOptions, GetRequest } from './options.ts';
import type { GotFile } from './download/get.ts';
import { demandOf } from './evidence/demand.ts';
import type { Demand } from './evidence/demand.ts';
import { pinOf } from './pin.ts';
import { explained, reasonsOf } from './withdrawn.ts';
import type { Reasons } from './withdrawn.ts';
import { releaseOf, toRelease } from './release.ts';
import type { VerifiedRelease } from './release.ts';
import type { ReleaseEvidence } from './evidence/verify-release.ts';
import type { Fetchable } from './download/select-assets.ts';
import { parseToolRequest } from './tool.ts';
import type { ToolRequest } from './tool.ts';
import type { HashedFile } from './verify/hashed-file.ts';
import type { Inventory } from './verify/inventory.ts';
import type { FileVerdict } from './verify/verify-file.ts';
import type { LedgerReader, LedgerView } from '../ledger/view/view.ts';

export interface GotRelease {
  readonly release: VerifiedRelease;
  readonly files: readonly GotFile[];
}

/**
 * A ledger with a pin. Trust is established at the first question, and then stays as it was found: one consumer is one
 * run. Close it when done.
 */
export class Consumer implements AsyncDisposable {
  readonly #options: ConsumerOptions;
  readonly #repository: LedgerRepository;
  /** What reviewers wrote when they withdrew something. */
  readonly reasons: Reasons;
  readonly #view = new Kept<LedgerView>();

  private constructor(options: ConsumerOptions, repository: LedgerRepository) {
    this.#options = options;
    this.#repository = repository;
    this.reasons = reasonsOf(repository);
  }

  /** Asks nothing yet. Throws `E_CONFIG` for a ledger or pin that can't be one. */
  static async open(options: ConsumerOptions): Promise<Consumer> {
    const { env = process.env, baseDir = '.', cacheDir = cacheDirectory(env), stateDir } = options;
    const folders = {
      cacheDir: resolve(baseDir, cacheDir),
      stateDir: stateDir === undefined ? undefined : resolve(baseDir, stateDir),
    };
    const repository = await openLedger({
      url: options.ledger,
      branch: options.branch ?? 'main',
      cacheDir: folders.cacheDir,
      token: options.token,
      withheld: options.withheld,
      refs: 'branch',
      offline: options.offline,
      limits: options.limits,
      signedHead: options.maxAge !== undefined,
      env,
    });
    return new Consumer({ ...options, ...folders, pin: pinOf(options.pin) }, repository);
  }

  /** Is the release acknowledged, and by whom? `tool`: `owner/repo@TAG`, `@latest`, `@^1.2`. Throws why it isn't. */
  async verify(tool: string): Promise<VerifiedRelease> {
    const request = this.parse(tool);
    const view = await this.view(request);
    const { resolveRelease } = await import('./resolve.ts');
    const record = await resolveRelease(view, request).catch(async (error: unknown) => {
      throw await explained(error, this.reasons);
    });
    const release = toRelease(record, view);
    if ((this.#options.evidence?.require ?? []).length === 0) return release;
    return { ...release, statements: (await this.verifyEvidence(release)).statements };
  }

  /**
   * Verifies what upstream signed of a release, from the stores alone: no other host is asked, and no clock. Throws
   * `E_EVIDENCE` where any of it fails, and where something that `evidence.require` asks for isn't there.
   */
  async verifyEvidence(release: VerifiedRelease): Promise<ReleaseEvidence> {
    const { verifyReleaseEvidence } = await import('./evidence/verify-release.ts');
    return verifyReleaseEvidence(this.#options, release);
  }

  /** What is asked of every release beyond its acks; undefined: nothing. */
  get demand(): Demand | undefined {
    return demandOf(this.#options);
  }

  /** Which releases are these files from? Decided by their bytes alone. */
  async verifyFiles(paths: readonly string[]): Promise<FileVerdict[]> {
    const { hashFiles } = await import('./verify/hashed-file.ts');
    return this.#verifyHashed(await hashFiles(paths));
  }

  /** The same, for digests that a lock file names; `path` is what they are called. */
  async verifyDigests(digests: readonly HashedFile[]): Promise<FileVerdict[]> {
    return this.#verifyHashed(digests);
  }

  async #verifyHashed(files: readonly HashedFile[]): Promise<FileVerdict[]> {
    const { verifyFiles } = await import('./verify/verify-file.ts');
    const view = await this.view();
    this.#options.progress?.note('looking for the bytes in every record of the ledger');
    const verdicts = await verifyFiles(view, files, this.demand);
    const told = async (problem: FileVerdict['problems'][number]) => ({
      ...problem,
      message: await this.reasons(problem),
    });
    return Promise.all(
      verdicts.map(async (verdict) => ({ ...verdict, problems: await Promise.all(verdict.problems.map(told)) })),
    );
  }

  /** The same, for every file below a folder, links followed unless `ignoreLinks`; and what could not be read. */
  async verifyFolder(folder: string, ignoreLinks = false): Promise<Inventory> {
    const { readInventory } = await import('./verify/inventory.ts');
    const { hashed, unread } = await readInventory(folder, ignoreLinks);
    return { files: await this.#verifyHashed(hashed), unread };
  }

  /** Verifies the release, then brings its files: each reaches its name only when size and digest are right. */
  async get(tool: string, request: GetRequest = {}): Promise<GotRelease> {
    const verifying = this.verify(tool);
    // No store is asked anything before the release is verified; the code that will ask is loaded meanwhile.
    void gitAtWork()
      .then(() =>
        Promise.all([
          import('./download/select-assets.ts'),
          import('./download/mirrors.ts').then(({ loadMirrors }) => loadMirrors(this.#options.stores ?? [])),
          import('./download/get.ts'),
        ]),
      )
      .catch(() => undefined);
    const release = await verifying;
    const { selectAssets } = await import('./download/select-assets.ts');
    const wanted = await selectAssets(release.assets, request, releaseOf(release), release.tool);
    const { namedAs } = await import('./download/named-as.ts');
    return { release, files: await this.fetch(namedAs(wanted, request.as), request) };
  }

  /** Brings files whose bytes are known; asks the stores alone. */
  async fetch(files: readonly Fetchable[], request: GetRequest): Promise<GotFile[]> {
    return fetchFrom(this.#options, files, request);
  }

  /** @internal Reads `TOOL@…`. Throws `E_USAGE`. */
  parse(tool: string): ToolRequest {
    return parseToolRequest(tool, this.#options.host ?? 'github.com');
  }

  /** @internal The ledger with its trust established. `near`: what will be asked first, so that it is fetched along. */
  view(near?: ToolRequest): Promise<LedgerView> {
    return this.#view.get(() => this.#open(near));
  }

  async #open(near: ToolRequest | undefined): Promise<LedgerView> {
    const { branch = 'main', pin, stateDir, env = process.env, now = new Date() } = this.#options;
    const { offline, maxAge, progress = SILENT } = this.#options;
    const ledger = looking(this.#repository, offline);
    // What judges the ledger takes longer to load than git takes to start.
    if (offline !== true) await gitAtWork();
    const [{ openView }, { ledgerIdentity, memoryFile }] = await Promise.all([
      import('../ledger/view/view.ts'),
      import('../ledger/view/memory.ts'),
      import('./resolve.ts'),
    ]);
    const memory = memoryFile(stateDir ?? stateDirectory(env), ledgerIdentity(ledger.label, branch));
    const paths = near === undefined ? [] : [nearPath(near)];
    return openView({ ledger, branch, memory, pin, now, maxAge, offline, progress, near: paths });
  }

  close(): Promise<void> {
    return this.#repository.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Spelled as it was typed: where that isn't the ledger's spelling, it costs one more request. */
function nearPath({ source, owner, repo }: ToolRequest): string {
  return ['packages', source, owner, repo].join('/');
}

/** A ledger whose first look begins at once: git talks to its host while what will judge it is loaded. */
function looking(repository: LedgerRepository, offline: boolean | undefined): LedgerReader {
  let first = offline === true ? undefined : repository.update();
  // It is awaited by `update`, perhaps after it failed.
  first?.catch(() => undefined);
  return {
    label: repository.label,
    update() {
      const look = first ?? repository.update();
      first = undefined;
      return look;
    },
    head: () => repository.head(),
    snapshot: (commit) => repository.snapshot(commit),
    isAncestor: (old, now) => repository.isAncestor(old, now),
    signedHead: () => repository.signedHead(),
    messageOf: (commit) => repository.messageOf(commit),
    requireOnlyAdded: (old, now) => repository.requireOnlyAdded(old, now),
  };
}
