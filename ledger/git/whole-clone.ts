import { join } from 'node:path';
import { fail } from '../../ledger-schema/error.ts';
import { Clone } from './clone.ts';
import { gitEnvironment } from './git-environment.ts';
import { runGit } from './git.ts';
import type { GitResult } from './git.ts';
import { openLocalRepository } from './local.ts';
import type { LocalRepository } from './local.ts';
import { push } from './push.ts';
import type { BranchUpdate } from './push.ts';
import { REMOTE, remoteError, remoteOf, shownStderr } from './remote.ts';
import type { LedgerOptions } from './ledger-repository.ts';

/** Where the commits of a bundle are put to be judged; no branch. */
const INCOMING = 'refs/pullthrough/incoming';

export type WholeCloneOptions = Pick<
  LedgerOptions,
  'url' | 'branch' | 'cacheDir' | 'token' | 'withheld' | 'limits' | 'env'
>;

/**
 * A clone of a ledger's branch that holds all of its objects, as git bundles need: beside the partial clone that everything
 * else reads.
 */
export interface WholeClone extends AsyncDisposable {
  /** For messages: where the ledger is, without any secret. */
  readonly label: string;
  readonly repository: LocalRepository;
  /** The branch's commit as of now; undefined where the ledger has no such branch yet. */
  readonly head: string | undefined;
  /** Writes a git bundle of the branch, without what `base` and its ancestors hold. Throws `E_GIT`. */
  writeBundle(file: string, base: string | undefined): Promise<void>;
  /** Takes the one branch of a bundle in, and gives its commit. Throws `E_BUNDLE`. */
  readBundle(file: string): Promise<string>;
  /** The commits from `from` (left out; undefined: from the first) to `to` along first parents, the oldest first. */
  firstParents(from: string | undefined, to: string): Promise<{ commit: string; parent: string | undefined }[]>;
  /** Is the commit here? */
  has(commit: string): Promise<boolean>;
  push(update: BranchUpdate): Promise<void>;
}

/** Fetches all of a ledger's branch. Throws `E_CONFIG`, `E_LEDGER_UNREACHABLE`, `E_CREDENTIAL`, `E_GIT`. */
export async function openWholeClone(options: WholeCloneOptions): Promise<WholeClone> {
  const env = options.env ?? process.env;
  const { branch } = options;
  const remote = remoteOf(options.url, options.token, options.withheld);
  const clone = new Clone({ cacheDir: join(options.cacheDir, 'whole'), remote, branch, env, limits: options.limits });
  const ref = `refs/heads/${branch}`;
  await clone.locked(async () => {
    await clone.make();
    const args = ['fetch', '--no-tags', '--no-write-fetch-head', '--prune', REMOTE, `+${ref}:${ref}`];
    const result = await clone.network(args);
    if (result.exitCode === 0) return;
    if (!/couldn't find remote ref/.test(result.stderr)) {
      throw remoteError(result, 'fetch the whole ledger', { remote, clone: clone.directory });
    }
    await clone.local(['update-ref', '-d', ref]);
  });
  const found = await clone.local(['rev-parse', '--verify', '--quiet', ref]);
  const repository = await openLocalRepository(clone.directory, env);
  return new OpenWholeClone(clone, env, repository, branch, found.exitCode === 0 ? found.stdout.trim() : undefined);
}

class OpenWholeClone implements WholeClone {
  readonly label: string;
  readonly repository: LocalRepository;
  readonly head: string | undefined;
  readonly #clone: Clone;
  readonly #env: NodeJS.ProcessEnv;
  readonly #branch: string;

  constructor(clone: Clone, env: NodeJS.ProcessEnv, repository: LocalRepository, branch: string, head?: string) {
    this.label = clone.remote.url;
    this.repository = repository;
    this.head = head;
    this.#clone = clone;
    this.#env = env;
    this.#branch = branch;
  }

  async writeBundle(file: string, base: string | undefined): Promise<void> {
    const range = [`refs/heads/${this.#branch}`, ...(base === undefined ? [] : [`^${base}`])];
    const result = await this.#clone.local(['bundle', 'create', '--quiet', file, ...range]);
    if (result.exitCode !== 0) fail('E_GIT', `git can't make the bundle: ${shownStderr(result.stderr)}`);
  }

  async readBundle(file: string): Promise<string> {
    const listed = await this.#git(['bundle', 'list-heads', file]);
    const heads = listed.stdout.split('\n').filter((line) => line !== '');
    const [oid, ref] = heads[0]?.split(' ') ?? [];
    if (listed.exitCode !== 0 || oid === undefined || ref === undefined) {
      fail('E_BUNDLE', `ledger.bundle does not hold what git takes for a bundle: ${shownStderr(listed.stderr)}`, {
        exit: 1,
      });
    }
    if (heads.length > 1 || !/^refs\/heads\/[^\s:+^~?*[\\]+$/.test(ref)) {
      fail('E_BUNDLE', 'ledger.bundle holds something else than one branch');
    }
    const args = [
      '-c',
      'fetch.fsckObjects=true',
      'fetch',
      '--no-tags',
      '--no-write-fetch-head',
      file,
      `+${ref}:${INCOMING}`,
    ];
    const fetched = await this.#git(args);
    if (fetched.exitCode !== 0) {
      fail('E_BUNDLE', `git can't take ledger.bundle in: ${shownStderr(fetched.stderr)}`, { exit: 1 });
    }
    return oid;
  }

  async firstParents(from: string | undefined, to: string) {
    const range = [...(from === undefined ? [] : [`^${from}`]), to];
    const args = ['rev-list', '--first-parent', '--reverse', '--parents', '--end-of-options', ...range];
    const result = await this.#clone.local(args);
    if (result.exitCode !== 0) fail('E_GIT', `git can't read the history: ${shownStderr(result.stderr)}`);
    const lines = result.stdout.split('\n').filter((line) => line !== '');
    return lines.map((line) => {
      const [commit = '', parent] = line.split(' ');
      return { commit, parent };
    });
  }

  async has(commit: string): Promise<boolean> {
    return (await this.#clone.local(['cat-file', '-e', `${commit}^{commit}`])).exitCode === 0;
  }

  push(update: BranchUpdate): Promise<void> {
    return push(this.#clone, [update]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.repository.close();
  }

  /** Git reads a bundle as it reads a folder: by the transport `file`, and no other. */
  #git(args: readonly string[]): Promise<GitResult> {
    const { directory } = this.#clone;
    const env = gitEnvironment({ env: this.#env, gitDir: directory, protocols: ['file'] });
    return runGit({ directory, env, args });
  }
}
