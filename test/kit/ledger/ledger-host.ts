import type { LedgerOptions } from '../../../ledger/git/repository.ts';
import type { Tree } from './ledger-tree.ts';

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
export abstract class LedgerHost implements Disposable {
  /** Commits exactly this tree, and points the branch at it. */
  abstract commit(tree: Tree, options?: HostCommit): string;
  abstract branches(): Map<string, string>;
  /** Points a branch at a commit, whatever it was at; without a commit the branch goes. */
  abstract point(branch: string, commit: string | undefined): void;
  /** What a commit holds. */
  abstract files(commit: string): Tree;
  abstract facts(commit: string): CommitFacts;
  /** Keeps branches from being removed by a push, as hosts can. */
  abstract keepBranches(keep: boolean): void;
  abstract [Symbol.dispose](): void;

  /** Where a branch is. */
  at(branch: string): string {
    return this.branches().get(branch) ?? fails(`no branch ${branch}`);
  }

  remove(branch: string): void {
    this.point(branch, undefined);
  }

  /** The paths that a branch holds. */
  paths(branch: string): string[] {
    return [...this.files(this.at(branch)).keys()];
  }

  /** A file of a branch. */
  file(branch: string, path: string): Uint8Array {
    return this.files(this.at(branch)).get(path) ?? fails(`no ${path} on ${branch}`);
  }

  /** The paths that a commit adds to another; nothing may differ but that. */
  added(before: string, after: string): string[] {
    const [old, now] = [this.files(before), this.files(after)];
    for (const [path, bytes] of old) {
      if (!Buffer.from(bytes).equals(now.get(path) ?? new Uint8Array())) fails(`another ${path}`);
    }
    return [...now.keys()].filter((path) => !old.has(path));
  }

  /** Puts files on a branch in one commit; the branch begins at main where it is new. */
  put(branch: string, files: Tree): string {
    const from = this.branches().get(branch) ?? this.at('main');
    return this.commit(new Map([...this.files(from), ...files]), { branch, parents: [from] });
  }

  /** Merges a proposal as its host would, and removes its branch. */
  merge(branch: string): void {
    const parents = [this.at('main'), this.at(branch)];
    const [main = '', proposed = ''] = parents;
    this.commit(new Map([...this.files(proposed), ...this.files(main)]), { branch: 'main', parents });
    this.remove(branch);
  }
}

function fails(what: string): never {
  throw new Error(`the test ledger has ${what}`);
}

/** How a ledger in memory is opened. */
export type OpenOptions = Pick<LedgerOptions, 'branch' | 'warn'>;
