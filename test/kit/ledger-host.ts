import type { LedgerOptions } from '../../ledger/git/repository.ts';
import type { Tree } from './ledger-people.ts';

export interface HostCommit {
  /** The last one is where the branch named shall be. */
  readonly branch?: string;
  readonly parents?: readonly string[];
  /** In seconds since 1970. */
  readonly date?: number;
}

/** What a commit says of itself. */
export interface CommitFacts {
  readonly parents: readonly string[];
  /** As `name <email>`. */
  readonly author: string;
  /** Without white space at its ends. */
  readonly message: string;
}

/** Where a test's ledger is: a repository of git's own, or its objects in memory. */
export interface LedgerHost extends Disposable {
  /** Commits exactly this tree, and points the branch at it. */
  commit(tree: Tree, options?: HostCommit): string;
  branches(): Map<string, string>;
  /** Points a branch at a commit, whatever it was at; without a commit the branch goes. */
  point(branch: string, commit: string | undefined): void;
  /** What a commit holds. */
  files(commit: string): Tree;
  facts(commit: string): CommitFacts;
  /** Keeps branches from being removed by a push, as hosts can. */
  keepBranches(keep: boolean): void;
}

/** How a ledger in memory is opened. */
export type OpenOptions = Pick<LedgerOptions, 'branch' | 'warn'>;
