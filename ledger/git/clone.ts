import type { Environment } from '../../io/environment.ts';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fail } from '../../ledger-schema/error.ts';
import { makeFolders } from '../../io/files/file.ts';
import { ioError } from '../../io/io-error.ts';
import { withLock } from '../../io/files/lock.ts';
import type { LockOptions } from '../../io/files/lock.ts';
import { moveTo } from '../../io/files/rename.ts';
import { gitEnvironment } from './process/git-environment.ts';
import { FETCH_LIMITS } from './process/fetch-limits.ts';
import type { FetchLimits } from './process/fetch-limits.ts';
import type { GitConfig } from './process/git-environment.ts';
import { runGit } from './process/git.ts';
import type { GitResult } from './process/git.ts';
import { encodePack } from './objects/pack.ts';
import type { NewObject, ObjectFormat } from './objects/pack.ts';
import { REMOTE, remoteError, shownStderr } from './remote.ts';
import { runBounded } from './process/run-bounded.ts';
import { exists, removeUnfinished } from './process/unfinished.ts';
import type { Remote } from './remote.ts';

/** Written last; a folder without it was never finished, one with different content was made by another version. */
const MARK = 'pullthrough-clone';
const LAYOUT = 'pullthrough clone 1';
/** Marks a clone that git can't read: it is used until there is a new one. */
const CONDEMNED = 'pullthrough-condemned';

/**
 * A killed process holds up the next one for six seconds; another process's fetch is waited for up to ten minutes. A
 * process that was suspended for long finds its lock taken over: git's own locks then keep the two apart.
 */
const LOCK: LockOptions = { staleMs: 6_000, renewMs: 1_500, patienceMs: 600_000, code: 'E_IO' };

const HOUR = 3_600_000;

interface CloneOptions {
  readonly cacheDir: string;
  readonly remote: Remote;
  readonly branch: string;
  readonly env: Environment;
  readonly limits?: FetchLimits | undefined;
}

interface NetworkOptions {
  readonly input?: string;
  readonly config?: GitConfig;
  readonly extra?: Readonly<Record<string, string>>;
}

/**
 * The local clone of a ledger: `<cacheDir>/ledgers/<sha256 of URL and branch>.git`, bare. It is made beside its place
 * and renamed when it is complete, so that it is never half there; where something is wrong with one, it is used until
 * a new one replaces it. Its own configuration names neither remote nor filter: they go through the environment to the
 * commands that need them, and to no others, so that reading never turns into fetching behind our back.
 */
export class Clone {
  readonly remote: Remote;
  readonly #place: string;
  readonly #env: Environment;
  readonly #limits: Required<FetchLimits>;
  #directory: string;
  format: ObjectFormat = 'sha1';

  constructor(options: CloneOptions) {
    const { cacheDir, remote, branch } = options;
    const key = createHash('sha256').update(`${remote.url}\n${branch}`).digest('hex');
    this.#place = join(cacheDir, 'ledgers', `${key}.git`);
    this.#directory = this.#place;
    this.remote = remote;
    this.#env = options.env;
    const { bytes = FETCH_LIMITS.bytes, ms = FETCH_LIMITS.ms } = options.limits ?? {};
    this.#limits = { bytes, ms };
  }

  /** Where git works: the clone's place, or beside it while a new one is made. */
  get directory(): string {
    return this.#directory;
  }

  /** Is there a finished clone? */
  async isThere(): Promise<boolean> {
    const mark = await readFile(join(this.directory, MARK), 'utf8').catch(() => '');
    const [layout, format] = mark.split('\n');
    if (layout !== LAYOUT || (format !== 'sha1' && format !== 'sha256')) return false;
    this.format = format;
    return true;
  }

  /** One process at a time fetches into the clone; reading needs no lock. */
  async locked<T>(action: () => Promise<T>): Promise<T> {
    const parent = dirname(this.directory);
    try {
      await makeFolders(parent, 0o700);
    } catch (error) {
      throw ioError(error, `cannot make the cache folder ${parent}`);
    }
    return withLock(this.directory, LOCK, action);
  }

  /** Is there a finished clone that nothing was found wrong with? */
  async isUsable(): Promise<boolean> {
    if (!(await this.isThere())) return false;
    return !(await exists(join(this.directory, CONDEMNED)));
  }

  /** Makes an empty clone where there is none; under the lock. */
  async make(): Promise<void> {
    if (await this.isThere()) return;
    await this.aside();
    await this.settle();
  }

  /** Makes an empty clone beside the place, and works in it until {@link settle} or {@link abandon}; under the lock. */
  async aside(): Promise<void> {
    await this.#clean();
    const temporary = `${this.#place}.${randomBytes(6).toString('hex')}.tmp`;
    const kind = `--object-format=${this.format}`;
    const args = ['init', '--bare', '--template=', kind, '--initial-branch=main', temporary];
    try {
      const result = await runGit({ directory: dirname(this.#place), env: gitEnvironment({ env: this.#env }), args });
      if (result.exitCode !== 0) fail('E_GIT', `cannot make a clone: ${shownStderr(result.stderr)}`);
      await writeFile(join(temporary, MARK), `${LAYOUT}\n${this.format}\n`);
      this.#directory = temporary;
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      throw ioError(error, `cannot make the clone ${this.#place}`);
    }
  }

  /** The clone that was made beside the place moves into it; what was there is removed. */
  async settle(): Promise<void> {
    const made = this.#directory;
    this.#directory = this.#place;
    try {
      await moveTo(this.#place, `${this.#place}.${randomBytes(6).toString('hex')}.tmp`).catch(() => undefined);
      await moveTo(made, this.#place);
    } catch (error) {
      throw ioError(error, `cannot make the clone ${this.#place}`);
    }
    await this.#clean();
  }

  /** Removes the clone that was made beside the place; what was there before stays. */
  async abandon(): Promise<void> {
    this.#directory = this.#place;
    await this.#clean();
    await this.isThere();
  }

  /** Has the next update make the clone again: git found something in it that it can't read. */
  condemn(): void {
    try {
      writeFileSync(join(this.directory, CONDEMNED), '');
    } catch {
      // It is gone or can't be written to; then it can't be replaced either.
    }
  }

  /** Removes what fetches that were killed left in the clone; under the lock. */
  async sweep(): Promise<void> {
    await removeUnfinished(this.directory, Date.now() - this.#limits.ms - HOUR);
  }

  /** Removes what killed processes made beside the clone's place. */
  async #clean(): Promise<void> {
    const parent = dirname(this.#place);
    const name = basename(this.#place);
    for (const entry of await readdir(parent)) {
      const leftover = entry.startsWith(`${name}.`) && entry.endsWith('.tmp');
      if (leftover) await rm(join(parent, entry), { recursive: true, force: true });
    }
  }

  /** The environment of a git process in the clone that talks to nobody. */
  localEnv(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
    return gitEnvironment({ env: this.#env, gitDir: this.directory, extra });
  }

  /** Runs git in the clone, without any way to reach the ledger. */
  local(args: readonly string[], options: { input?: string | Uint8Array; extra?: Record<string, string> } = {}) {
    const { input, extra } = options;
    return runGit({ directory: this.directory, env: this.localEnv(extra), args, input });
  }

  /** Puts new objects into the clone, by one process. */
  async keep(objects: readonly NewObject[]): Promise<void> {
    const result = await this.local(['unpack-objects', '-q'], { input: encodePack(objects, this.format) });
    if (result.exitCode === 0) return;
    throw remoteError(result, 'write to the clone of the ledger', { remote: this.remote, clone: this.directory });
  }

  /** Runs git in the clone with the ledger's URL, transport and credential. */
  async network(args: readonly string[], options: NetworkOptions = {}): Promise<GitResult> {
    const { url, config, protocols, extra } = this.remote;
    const env = gitEnvironment({
      env: this.#env,
      gitDir: this.directory,
      protocols,
      config: [[`remote.${REMOTE}.url`, url], ...config, ...(options.config ?? [])],
      extra: { ...extra, ...options.extra },
    });
    return runBounded({ directory: this.directory, env, args, input: options.input }, this.directory, this.#limits);
  }
}
