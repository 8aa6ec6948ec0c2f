import { fail } from '../../../ledger-schema/error.ts';
import { HEAD_BRANCH } from '../../../ledger-schema/names/branches.ts';
import { changeBranches } from '../../../ledger/git/change-branches.ts';
import type { DiffScope, Difference } from '../../../ledger/git/objects/diff.ts';
import { isBranchName } from '../../../ledger/git/push.ts';
import type { BranchUpdate, CommitRequest, LedgerRepository, LogEntry } from '../../../ledger/git/repository.ts';
import type { Snapshot } from '../../../ledger/snapshot.ts';
import { LedgerHost } from './ledger-host.ts';
import type { CommitFacts, HostCommit, OpenOptions } from './ledger-host.ts';
import type { Tree } from './ledger-tree.ts';
import { MemoryLedger } from './memory-ledger.ts';

/** A host of a ledger without git: branches that point into a {@link MemoryLedger}. */
export class MemoryHost extends LedgerHost {
  readonly ledger = new MemoryLedger();
  readonly #branches = new Map<string, string>();
  #keeping = false;

  commit(tree: Tree, { branch = 'scratch', ...options }: HostCommit = {}): string {
    const commit = this.ledger.commit(tree, options);
    this.#branches.set(branch, commit);
    return commit;
  }

  branches(): Map<string, string> {
    return new Map([...this.#branches].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  point(branch: string, commit: string | undefined): void {
    if (commit === undefined) this.#branches.delete(branch);
    else this.#branches.set(branch, commit);
  }

  files(commit: string): Tree {
    return this.ledger.files(commit);
  }

  facts(commit: string): CommitFacts {
    return this.ledger.facts(commit);
  }

  keepBranches(keep: boolean): void {
    this.#keeping = keep;
  }

  /** All updates or none, as a push has it. */
  take(updates: readonly BranchUpdate[]): void {
    for (const { branch } of updates) if (!isBranchName(branch)) fail('E_GIT', `git knows no branch named ${branch}`);
    const wanted = updates.filter(({ branch, to }) => this.#branches.get(branch) !== to);
    for (const { branch, from, to } of wanted) {
      if (this.#branches.get(branch) !== from)
        fail('E_MOVED', `the branch ${branch} of the ledger moved since it was read`);
      if (to === undefined && this.#keeping) fail('E_GIT', 'the ledger refused the push: deletion prohibited');
      if (from === undefined && this.#isFolder(branch)) fail('E_GIT', 'the ledger refused the push: cannot create');
    }
    for (const { branch, to } of wanted) this.point(branch, to);
  }

  async open(options: OpenOptions): Promise<LedgerRepository> {
    return new MemoryRepository(this, options);
  }

  [Symbol.dispose](): void {
    this.#branches.clear();
  }

  /** A branch and a folder of branches can't have the same name. */
  #isFolder(branch: string): boolean {
    return [...this.#branches.keys()].some((name) => name.startsWith(`${branch}/`) || branch.startsWith(`${name}/`));
  }
}

/** What a clone of it answers. What there is to know of branches is as of the last update; objects are simply there. */
class MemoryRepository implements LedgerRepository {
  readonly label = '/memory/ledger.git';
  readonly directory = '/memory/clone.git';
  readonly #host: MemoryHost;
  readonly #options: OpenOptions;
  readonly #warned = new Set<string>();
  #head: string | undefined;
  #signed: string | undefined;
  #branches: ReadonlyMap<string, string> = new Map();

  constructor(host: MemoryHost, options: OpenOptions) {
    this.#host = host;
    this.#options = options;
  }

  async update(): Promise<void> {
    const all = this.#host.branches();
    this.#head = all.get(this.#options.branch);
    this.#signed = all.get(HEAD_BRANCH);
    this.#branches = new Map(changeBranches(all, this.#warned, this.#options.warn));
  }

  head(): string | undefined {
    return this.#head;
  }

  branches(): ReadonlyMap<string, string> {
    return this.#branches;
  }

  signedHead(): string | undefined {
    return this.#signed;
  }

  messageOf(commit: string): Promise<string> {
    return this.#host.ledger.messageOf(commit);
  }

  snapshot(commit: string): Snapshot {
    return this.#host.ledger.snapshot(commit);
  }

  async fetchBranch(name: string): Promise<string | undefined> {
    if (!isBranchName(name)) fail('E_NO_CHANGE', `git knows no branch named ${JSON.stringify(name)}`);
    return this.#host.branches().get(name);
  }

  isAncestor(old: string, later: string): Promise<boolean> {
    return this.#host.ledger.isAncestor(old, later);
  }

  async mergeBase(a: string, b: string): Promise<string | undefined> {
    return (await this.mergeBases(a, b))[0];
  }

  mergeBases(a: string, b: string): Promise<readonly string[]> {
    return this.#host.ledger.mergeBases(a, b);
  }

  log(from: string | undefined, to: string): Promise<LogEntry[]> {
    return this.#host.ledger.log(from, to);
  }

  async height(commit: string): Promise<number> {
    let height = 0;
    for (let at: string | undefined = commit; at !== undefined; at = this.#host.facts(at).parents[0]) height += 1;
    return height;
  }

  requireOnlyAdded(old: string, later: string): Promise<void> {
    return this.#host.ledger.requireOnlyAdded(old, later);
  }

  diff(before: string | undefined, after: string, scope?: DiffScope): Promise<Difference[]> {
    return this.#host.ledger.diff(before, after, scope);
  }

  commit(request: CommitRequest): Promise<string> {
    return this.#host.ledger.write(request);
  }

  async push(updates: readonly BranchUpdate[]): Promise<void> {
    this.#host.take(updates);
  }

  async requirePush(): Promise<void> {}

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}
