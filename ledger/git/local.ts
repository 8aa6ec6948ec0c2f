import { realpath } from 'node:fs/promises';
import { resolve as resolvePath } from 'node:path';
import { fail } from '../../ledger-schema/error.ts';
import { requireOnlyAdded } from './objects/append-only.ts';
import { CatFile } from './objects/cat-file.ts';
import { diffTrees } from './objects/diff.ts';
import type { DiffScope, Difference } from './objects/diff.ts';
import { FETCH_LIMITS } from './process/fetch-limits.ts';
import { gitEnvironment } from './process/git-environment.ts';
import { GitSnapshot } from './objects/git-snapshot.ts';
import { runGit } from './process/git.ts';
import type { GitResult } from './process/git.ts';
import { History } from './objects/history.ts';
import type { LogEntry } from './objects/history.ts';
import { objectAccess } from './local-partial.ts';
import type { ObjectAccess } from './local-partial.ts';
import { Objects } from './objects/objects.ts';
import { shownStderr } from './remote.ts';
import type { Snapshot } from '../snapshot.ts';
import { typed } from '../../io/shell.ts';

/** A repository of the user's own, read by its objects: no index, no work tree, no hooks, no replaced objects. */
export interface LocalRepository extends AsyncDisposable {
  /** The repository's git directory: for messages, and to open it again. */
  readonly directory: string;
  /** The commit that a revision names. Throws `E_USAGE`. */
  resolve(revision: string): Promise<string>;
  snapshot(commit: string): Snapshot;
  /**
   * The newest common commit, undefined where there is none. Throws `E_GIT` where the clone is shallow and what it lacks
   * could hold the answer.
   */
  mergeBase(a: string, b: string): Promise<string | undefined>;
  /** All of them, the newest first; several where branches were merged crosswise. */
  mergeBases(a: string, b: string): Promise<readonly string[]>;
  isAncestor(old: string, later: string): Promise<boolean>;
  log(from: string | undefined, to: string): Promise<LogEntry[]>;
  messageOf(commit: string): Promise<string>;
  /** Throws `E_APPEND_ONLY` where something below `packages/` or `trust/` was changed or removed between two commits. */
  requireOnlyAdded(old: string, later: string): Promise<void>;
  /** What differs between two commits' trees; `before` undefined is the empty tree. */
  diff(before: string | undefined, after: string, scope?: DiffScope): Promise<Difference[]>;
  close(): Promise<void>;
}

/**
 * Opens the git repository that `directory` lies in: bare or not, a linked work tree, a shallow or partial clone. Throws
 * `E_INPUT` where there is none.
 */
export async function openLocalRepository(
  directory: string,
  env: NodeJS.ProcessEnv = process.env,
  limits = FETCH_LIMITS,
): Promise<LocalRepository> {
  const place = await realpath(directory).catch((cause: unknown) =>
    fail('E_INPUT', `there is no folder ${directory}`, { hint: 'run this in a clone of the ledger', cause }),
  );
  // A partial clone fetches what it lacks by its owner's own configuration.
  const protocols = ['file', 'ssh', 'https', 'http'];
  const found = await runGit({
    directory: place,
    env: gitEnvironment({ env, protocols }),
    args: ['rev-parse', '--absolute-git-dir', '--show-object-format'],
  });
  const [gitDir, format] = found.stdout.split('\n');
  if (found.exitCode !== 0 || gitDir === undefined || gitDir === '') return noRepository(place, found);
  const gitEnv = gitEnvironment({ env, protocols, gitDir: resolvePath(place, gitDir) });
  const access = await objectAccess(gitDir, gitEnv, env, limits);
  return new OpenLocalRepository(gitDir, gitEnv, access, format === 'sha256' ? 32 : 20);
}

function noRepository(directory: string, found: GitResult): never {
  const owner = found.stderr.includes('dubious ownership');
  return fail('E_INPUT', `${directory} is not a git repository that can be read: ${shownStderr(found.stderr)}`, {
    hint: owner
      ? `it belongs to another user; if you trust it: ${typed`git config --global --add safe.directory ${directory}`}`
      : 'run this in a clone of the ledger',
  });
}

class OpenLocalRepository implements LocalRepository {
  readonly directory: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #access: ObjectAccess;
  readonly #objects: Objects;
  readonly #history: History;

  constructor(gitDir: string, env: Readonly<Record<string, string>>, access: ObjectAccess, oidLength: 20 | 32) {
    this.directory = gitDir;
    this.#env = env;
    this.#access = access;
    this.#objects = new Objects(new CatFile(gitDir, access.env), oidLength, access.fetch);
    this.#history = new History(this.#objects);
  }

  async resolve(revision: string): Promise<string> {
    // An option in place of a revision would make git do something else.
    if (revision.startsWith('-') || revision.includes('\0')) unknownRevision(revision);
    const { exitCode, stdout } = await runGit({
      directory: this.directory,
      env: this.#env,
      args: ['rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`],
    });
    const commit = stdout.trim();
    return exitCode === 0 && /^[0-9a-f]{40,64}$/.test(commit) ? commit : unknownRevision(revision);
  }

  snapshot(commit: string): Snapshot {
    return new GitSnapshot(commit, this.#objects, () => this.#history.treeOf(commit));
  }

  mergeBase(a: string, b: string): Promise<string | undefined> {
    return this.#history.mergeBase(a, b);
  }

  mergeBases(a: string, b: string): Promise<readonly string[]> {
    return this.#history.mergeBases(a, b);
  }

  isAncestor(old: string, later: string): Promise<boolean> {
    return this.#history.isAncestor(old, later);
  }

  messageOf(commit: string): Promise<string> {
    return this.#history.messageOf(commit);
  }

  log(from: string | undefined, to: string): Promise<LogEntry[]> {
    return this.#history.log(from, to);
  }

  async requireOnlyAdded(old: string, later: string): Promise<void> {
    await requireOnlyAdded(this.#objects, await this.#history.treeOf(old), await this.#history.treeOf(later));
  }

  async diff(before: string | undefined, after: string, scope?: DiffScope): Promise<Difference[]> {
    const old = before === undefined ? undefined : await this.#history.treeOf(before);
    return diffTrees(this.#objects, old, await this.#history.treeOf(after), scope);
  }

  async close(): Promise<void> {
    await this.#objects.close();
    await this.#access.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function unknownRevision(revision: string): never {
  return fail('E_USAGE', `there is no commit ${JSON.stringify(revision)} in this repository`, {
    hint: 'name a branch, a tag or a commit that is here; git fetch brings more',
  });
}
