import { fail } from '../ledger-schema/index.ts';
import { SILENT } from '../io/progress.ts';
import type { Progress } from '../io/progress.ts';
import { openLedger } from '../ledger/repository.ts';
import type { LedgerRepository } from '../ledger/repository.ts';
import { cacheDirectory, stateDirectory } from './folders.ts';
import { fetchFrom } from './fetch-from.ts';
import type { GotFile } from './get.ts';
import { ledgerIdentity, memoryFile } from './memory.ts';
import { releaseOf, toRelease } from './release.ts';
import type { VerifiedRelease } from './release.ts';
import { resolveRelease } from './resolve.ts';
import { selectAssets } from './select-assets.ts';
import type { AssetWish, Fetchable } from './select-assets.ts';
import { parseToolRequest } from './tool.ts';
import type { ToolRequest } from './tool.ts';
import { filesBelow, hashFiles, verifyFiles } from './verify-file.ts';
import type { FileVerdict } from './verify-file.ts';
import { openView } from './view.ts';
import type { LedgerView } from './view.ts';

/** Where the ledger is, what is trusted, and where bytes are read. */
export interface ConsumerOptions {
  /** A git URL (https, ssh, file, `git@host:path`) or a directory. Nothing about it is trusted. */
  readonly ledger: string;
  /** Default: `main`. */
  readonly branch?: string | undefined;
  /** The SHA-256 of any `N.policy.json`: 64 lower-case hex digits, with or without `sha256:` before them. */
  readonly pin: string;
  /** Where bytes are read, in order: `https://…`, `file:…` or a path, `s3://…`. Only `get` needs one. */
  readonly stores?: readonly string[] | undefined;
  /** The source of a tool that is named without a host. Default: `github.com`. */
  readonly host?: string | undefined;
  /** For a ledger behind https: a token that may read it; it goes nowhere else. */
  readonly token?: string | undefined;
  /** Ask no host: the ledger as it was fetched last, bytes from folders alone. */
  readonly offline?: boolean | undefined;
  /** The present time, by which keys and policies are judged. Default: now. */
  readonly now?: Date | undefined;
  /** Default: `$XDG_CACHE_HOME/pullthrough`. */
  readonly cacheDir?: string | undefined;
  /** Where the newest policy and commit seen are remembered. Default: `$XDG_STATE_HOME/pullthrough`. */
  readonly stateDir?: string | undefined;
  /** Default: this process's. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** What relative paths are relative to. Default: the current directory. */
  readonly baseDir?: string | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface GetRequest extends AssetWish {
  /** The folder to write to. Default: the current directory. */
  readonly output?: string | undefined;
  readonly executable?: boolean | undefined;
  /** Files at once. Default: 4. */
  readonly concurrency?: number | undefined;
}

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
  #view: Promise<LedgerView> | undefined;

  private constructor(options: ConsumerOptions, repository: LedgerRepository) {
    this.#options = options;
    this.#repository = repository;
  }

  /** Asks nothing yet. Throws `E_CONFIG` for a ledger or pin that can't be one. */
  static async open(options: ConsumerOptions): Promise<Consumer> {
    const env = options.env ?? process.env;
    const repository = await openLedger({
      url: options.ledger,
      branch: options.branch ?? 'main',
      cacheDir: options.cacheDir ?? cacheDirectory(env),
      token: options.token,
      refs: 'branch',
      offline: options.offline,
      env,
    });
    return new Consumer({ ...options, pin: pinOf(options.pin) }, repository);
  }

  /** Is the release acknowledged, and by whom? `tool`: `owner/repo@TAG`, `@latest`, `@^1.2`. Throws why it isn't. */
  async verify(tool: string): Promise<VerifiedRelease> {
    const request = this.parse(tool);
    const view = await this.view(request);
    return toRelease(await resolveRelease(view, request), view);
  }

  /** Which releases are these files from? By their bytes alone. */
  async verifyFiles(paths: readonly string[]): Promise<FileVerdict[]> {
    const files = await hashFiles(paths);
    return verifyFiles(await this.view(), files);
  }

  /** The same, for every regular file below a folder. */
  async verifyFolder(folder: string): Promise<FileVerdict[]> {
    return this.verifyFiles(await filesBelow(folder));
  }

  /** Verifies the release, then brings its files: each reaches its name only when size and digest are right. */
  async get(tool: string, request: GetRequest = {}): Promise<GotRelease> {
    const release = await this.verify(tool);
    return {
      release,
      files: await this.fetch(await selectAssets(release.assets, request, releaseOf(release)), request),
    };
  }

  /** Brings files whose bytes are known; asks the stores alone. */
  async fetch(files: readonly Fetchable[], request: GetRequest): Promise<GotFile[]> {
    return fetchFrom(this.#options, files, request);
  }

  /** Reads `TOOL@…`. Throws `E_USAGE`. */
  parse(tool: string): ToolRequest {
    return parseToolRequest(tool, this.#options.host ?? 'github.com');
  }

  /** The ledger with its trust established. `near`: what will be asked first, so that it is fetched along. */
  view(near?: ToolRequest): Promise<LedgerView> {
    const {
      branch = 'main',
      pin,
      stateDir,
      env = process.env,
      now = new Date(),
      offline,
      progress = SILENT,
    } = this.#options;
    const identity = ledgerIdentity(this.#repository.label, branch);
    this.#view ??= openView({
      ledger: this.#repository,
      memory: memoryFile(stateDir ?? stateDirectory(env), identity),
      pin,
      now,
      offline,
      progress,
      near: near === undefined ? [] : [nearPath(near)],
    });
    return this.#view;
  }

  close(): Promise<void> {
    return this.#repository.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function pinOf(pin: string): string {
  return (
    /^(?:sha256:)?([0-9a-f]{64})$/.exec(pin)?.[1] ??
    fail('E_NO_PIN', 'the pin is not a SHA-256 in lower-case hex', {
      hint: "ask the ledger's owner for the sha256 of a policy, by another way than the ledger",
    })
  );
}

/** Spelled as it was typed: where that isn't the ledger's spelling, it costs a request more. */
function nearPath({ source, owner, repo }: ToolRequest): string {
  return ['packages', source, owner, repo].join('/');
}
