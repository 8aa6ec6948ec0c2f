import { createHash, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fail } from '../../ledger-schema/error.ts';
import { makeFolders } from '../../io/files/file.ts';
import { ioError } from '../../io/io-error.ts';
import { withLock } from '../../io/files/lock.ts';
import type { LockOptions } from '../../io/files/lock.ts';
import { moveTo } from '../../io/files/rename.ts';
import { gitEnvironment } from './git-environment.ts';
import type { GitConfig } from './git-environment.ts';
import { runGit } from './git.ts';
import type { GitResult } from './git.ts';
import { REMOTE, shownStderr } from './remote.ts';
import type { Remote } from './remote.ts';

/** Written last; a folder without it was never finished, one with another content was made by another version. */
const MARK = 'pullthrough-clone';
const LAYOUT = 'pullthrough clone 1';

/**
 * A process that was killed holds up the next for six seconds; another one's fetch is waited for ten minutes. Who was
 * stopped for long finds the lock taken over: git's own locks then keep the two apart.
 */
const LOCK: LockOptions = { staleMs: 6_000, renewMs: 1_500, patienceMs: 600_000, code: 'E_IO' };

export type ObjectFormat = 'sha1' | 'sha256';

/**
 * The local clone of a ledger: `<cacheDir>/ledgers/<sha256 of URL and branch>.git`, bare. It is made beside its place and
 * renamed, so that it is never half there, and anything wrong with it is a reason to throw it away. Its own
 * configuration names neither remote nor filter: they go by the environment to the commands that need them, and to no
 * other, so that reading never turns into fetching behind our back.
 */
export class Clone {
  readonly directory: string;
  readonly remote: Remote;
  readonly #env: NodeJS.ProcessEnv;
  format: ObjectFormat = 'sha1';

  constructor(options: { cacheDir: string; remote: Remote; branch: string; env: NodeJS.ProcessEnv }) {
    const { cacheDir, remote, branch } = options;
    const key = createHash('sha256').update(`${remote.url}\n${branch}`).digest('hex');
    this.directory = join(cacheDir, 'ledgers', `${key}.git`);
    this.remote = remote;
    this.#env = options.env;
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

  /** Makes an empty clone where there is none; under the lock. */
  async make(): Promise<void> {
    if (await this.isThere()) return;
    await this.#clean();
    const temporary = `${this.directory}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      const args = [
        'init',
        '--bare',
        '--template=',
        `--object-format=${this.format}`,
        '--initial-branch=main',
        temporary,
      ];
      const result = await runGit({
        directory: dirname(this.directory),
        env: gitEnvironment({ env: this.#env }),
        args,
      });
      if (result.exitCode !== 0) fail('E_GIT', `cannot make a clone: ${shownStderr(result.stderr)}`);
      await writeFile(join(temporary, MARK), `${LAYOUT}\n${this.format}\n`);
      await moveTo(temporary, this.directory);
    } catch (error) {
      throw ioError(error, `cannot make the clone ${this.directory}`);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }

  /** Has the next update make the clone again: git found something in it that it can't read. */
  condemn(): void {
    rmSync(join(this.directory, MARK), { force: true });
  }

  /** Throws the clone away; under the lock. */
  async discard(): Promise<void> {
    const away = `${this.directory}.${randomBytes(6).toString('hex')}.tmp`;
    await moveTo(this.directory, away).catch(() => undefined);
    await this.#clean();
  }

  /** Removes what killed processes left, and what lies in the clone's place and isn't one. */
  async #clean(): Promise<void> {
    const parent = dirname(this.directory);
    const name = basename(this.directory);
    for (const entry of await readdir(parent)) {
      const leftover = entry === name || (entry.startsWith(`${name}.`) && entry.endsWith('.tmp'));
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

  /** Runs git in the clone with the ledger's URL, transport and credential. */
  network(args: readonly string[], options: { input?: string; config?: GitConfig } = {}): Promise<GitResult> {
    const { url, config, protocols, extra } = this.remote;
    const env = gitEnvironment({
      env: this.#env,
      gitDir: this.directory,
      protocols,
      config: [[`remote.${REMOTE}.url`, url], ...config, ...(options.config ?? [])],
      extra,
    });
    return runGit({ directory: this.directory, env, args, input: options.input });
  }
}
