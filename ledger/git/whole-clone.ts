import { join } from 'node:path';
import { fail } from '../../ledger-schema/error.ts';
import { HEAD_BRANCH } from '../../ledger-schema/names/branches.ts';
import { Clone } from './clone.ts';
import { gitEnvironment } from './process/git-environment.ts';
import { runGit } from './process/git.ts';
import type { GitResult } from './process/git.ts';
import { openLocalRepository } from './local.ts';
import type { LocalRepository } from './local.ts';
import { push } from './push.ts';
import type { BranchUpdate } from './push.ts';
import { REMOTE, remoteError, remoteOf, shownStderr } from './remote.ts';
import type { LedgerOptions } from './ledger-repository.ts';

/** Where the commits of a bundle are put to be judged; no branches. */
const INCOMING = { branch: 'refs/pullthrough/incoming', signedHead: 'refs/pullthrough/incoming-head' };
const SIGNED_HEAD = `refs/heads/${HEAD_BRANCH}`;
/** A branch by the rules of git; none that a command could take for an option. */
const BRANCH = /^refs\/heads\/(?![-/])(?!.*(?:\.\.|@\{|\/[./]|\.lock(?:\/|$)|[./]$))[^\p{Cc}\s:+^~?*[\\]+$/u;

export type WholeCloneOptions = Pick<
  LedgerOptions,
  'url' | 'branch' | 'cacheDir' | 'token' | 'withheld' | 'limits' | 'env'
>;

/** The commits that a git bundle brings. */
export interface BundleHeads {
  /** The ledger's branch; undefined where it has nothing new. */
  readonly branch: string | undefined;
  /** What an executor signed last. */
  readonly signedHead: string | undefined;
}

/**
 * A clone of a ledger's branch, and of its signed head, that holds all of its objects, as git bundles need: beside the
 * partial clone that everything else reads.
 */
export interface WholeClone extends AsyncDisposable {
  /** For messages: where the ledger is, without any secret. */
  readonly label: string;
  readonly repository: LocalRepository;
  /** The branch's commit as of now; undefined where the ledger has no such branch yet. */
  readonly head: string | undefined;
  /** The commit of the branch `pullthrough-head` as of now; undefined where the ledger has none. */
  readonly signedHead: string | undefined;
  /**
   * Writes a git bundle of the branch, without what `base` and its ancestors hold, and of the signed head where that is
   * asked for. Throws `E_GIT`, `E_MOVED`.
   */
  writeBundle(
    file: string,
    options: { readonly base: string | undefined; readonly signedHead: boolean },
  ): Promise<void>;
  /** Takes a bundle in, and gives its commits. Throws `E_BUNDLE`. */
  readBundle(file: string): Promise<BundleHeads>;
  /** The commits from `from` (left out; undefined: from the first) to `to` along first parents, the oldest first. */
  firstParents(from: string | undefined, to: string): Promise<{ commit: string; parent: string | undefined }[]>;
  /** Is the commit here? */
  has(commit: string): Promise<boolean>;
  /** All of them or none, where the host can do that. */
  push(updates: readonly BranchUpdate[]): Promise<void>;
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
    // A pattern, since a name that isn't there would end the fetch.
    const refs = [`+${ref}:${ref}`, `+${SIGNED_HEAD}*:${SIGNED_HEAD}*`];
    const args = ['fetch', '--no-tags', '--no-write-fetch-head', '--prune', REMOTE, ...refs];
    const result = await clone.network(args);
    if (result.exitCode === 0) return;
    if (!/couldn't find remote ref/.test(result.stderr)) {
      throw remoteError(result, 'fetch the whole ledger', { remote, clone: clone.directory });
    }
    for (const gone of [ref, SIGNED_HEAD]) await clone.local(['update-ref', '-d', gone]);
  });
  const commitOf = async (name: string): Promise<string | undefined> => {
    const found = await clone.local(['rev-parse', '--verify', '--quiet', name]);
    return found.exitCode === 0 ? found.stdout.trim() : undefined;
  };
  const heads = { branch: await commitOf(ref), signedHead: await commitOf(SIGNED_HEAD) };
  const repository = await openLocalRepository(clone.directory, env);
  return new OpenWholeClone(clone, env, repository, branch, heads);
}

class OpenWholeClone implements WholeClone {
  readonly label: string;
  readonly repository: LocalRepository;
  readonly head: string | undefined;
  readonly signedHead: string | undefined;
  readonly #clone: Clone;
  readonly #env: NodeJS.ProcessEnv;
  readonly #branch: string;

  constructor(clone: Clone, env: NodeJS.ProcessEnv, repository: LocalRepository, branch: string, heads: BundleHeads) {
    this.label = clone.remote.url;
    this.repository = repository;
    this.head = heads.branch;
    this.signedHead = heads.signedHead;
    this.#clone = clone;
    this.#env = env;
    this.#branch = branch;
  }

  async writeBundle(
    file: string,
    { base, signedHead }: { readonly base: string | undefined; readonly signedHead: boolean },
  ): Promise<void> {
    const refs = [`refs/heads/${this.#branch}`, ...(signedHead ? [SIGNED_HEAD] : [])];
    const range = [...refs, ...(base === undefined ? [] : [`^${base}`])];
    const result = await this.#clone.local(['bundle', 'create', '--quiet', file, ...range]);
    if (result.exitCode !== 0) fail('E_GIT', `git can't make the bundle: ${shownStderr(result.stderr)}`);
    // Git takes branches by their names, and another process that uses this clone may have moved them meanwhile.
    const asRead = new Set([`${this.head} ${refs[0]}`, `${this.signedHead} ${SIGNED_HEAD}`]);
    const moved = (await this.#headsOf(file)).find(({ oid, ref }) => !asRead.has(`${oid} ${ref}`));
    if (moved !== undefined) {
      fail('E_MOVED', `the ledger's ${moved.ref} moved while it was bundled`, { hint: 'run it again' });
    }
  }

  async #headsOf(file: string): Promise<{ oid: string; ref: string }[]> {
    const listed = await this.#git(['bundle', 'list-heads', file]);
    const heads = listed.stdout.split('\n').flatMap((line) => {
      const [oid, ref] = line.split(' ');
      return oid === undefined || ref === undefined ? [] : [{ oid, ref }];
    });
    if (listed.exitCode !== 0 || heads.length === 0) {
      fail('E_BUNDLE', `ledger.bundle does not hold what git takes for a bundle: ${shownStderr(listed.stderr)}`, {
        exit: 1,
      });
    }
    return heads;
  }

  async readBundle(file: string): Promise<BundleHeads> {
    const heads = await this.#headsOf(file);
    const signed = heads.filter(({ ref }) => ref === SIGNED_HEAD);
    const branches = heads.filter(({ ref }) => ref !== SIGNED_HEAD);
    if (signed.length > 1 || branches.length > 1 || branches.some(({ ref }) => !BRANCH.test(ref))) {
      fail('E_BUNDLE', 'ledger.bundle holds something else than one branch and its signed head');
    }
    const [branch] = branches;
    const [signedHead] = signed;
    const refs = [
      ...(branch === undefined ? [] : [`+${branch.ref}:${INCOMING.branch}`]),
      ...(signedHead === undefined ? [] : [`+${signedHead.ref}:${INCOMING.signedHead}`]),
    ];
    const quietly = ['--no-tags', '--no-write-fetch-head'];
    const fetched = await this.#git(['-c', 'fetch.fsckObjects=true', 'fetch', ...quietly, file, ...refs]);
    if (fetched.exitCode !== 0) {
      fail('E_BUNDLE', `git can't take ledger.bundle in: ${shownStderr(fetched.stderr)}`, { exit: 1 });
    }
    return { branch: branch?.oid, signedHead: signedHead?.oid };
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

  push(updates: readonly BranchUpdate[]): Promise<void> {
    return push(this.#clone, updates);
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
