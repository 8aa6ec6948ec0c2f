import { recordFiles } from '../ledger/files.ts';
import type { LedgerRepository } from '../ledger/git/repository.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import { closedBranch, foldAscii, parseRecordPath, proposalBranch } from '../ledger-schema/path.ts';
import { verifyRecord } from '../ledger-schema/record.ts';
import type { RecordStatus } from '../ledger-schema/record.ts';
import type { Trust } from '../ledger-schema/trust.ts';
import type { RepositoryId } from '../ledger/record-index.ts';
import type { LedgerPulls } from './ledger-pulls.ts';
import { referenceTo } from './pull-reference.ts';
import type { PullReference } from './pull-reference.ts';

/** What the ledger has for a release: nothing yet, or why there is nothing to do. */
export type Standing =
  | { readonly kind: 'none'; /** A branch of the proposal's name without a valid sign. */ readonly replaces?: string }
  | { readonly kind: 'recorded' }
  | { readonly kind: 'proposed'; readonly branch: string; readonly commit: string; readonly pull?: PullReference }
  | { readonly kind: 'closed'; readonly branch: string; readonly pull?: PullReference };

const PREFIX = 'pullthrough/';

/** The proposals that lie in the ledger's own repository; what forks have is never looked at. */
export class Proposals {
  readonly #ledger: LedgerRepository;
  readonly #trust: Trust;
  readonly #pulls: LedgerPulls | undefined;
  readonly #verified = new Map<string, Promise<RecordStatus | undefined>>();
  #index: { readonly branches: ReadonlyMap<string, string>; readonly paths: Map<string, string[]> } | undefined;

  constructor(ledger: LedgerRepository, trust: Trust, pulls: LedgerPulls | undefined) {
    this.#ledger = ledger;
    this.#trust = trust;
    this.#pulls = pulls;
  }

  /** The paths of the records that branches propose for a repository, by the branches' names. */
  paths(of: RepositoryId): string[] {
    return this.#byRepository().get(foldAscii(`${of.source}/${of.repository}`)) ?? [];
  }

  /** Makes what the proposals of many repositories hold be here, in as few requests as it takes. */
  async prepare(ids: readonly RepositoryId[]): Promise<void> {
    const oids: string[] = [];
    for (const path of ids.flatMap((id) => this.paths(id))) {
      const commit = this.#ledger.branches().get(proposalBranch(path));
      if (commit === undefined) continue;
      oids.push(...(await this.#ledger.snapshot(commit).list(path)).map(({ oid }) => oid));
    }
    const head = this.#ledger.head();
    if (oids.length > 0 && head !== undefined) await this.#ledger.snapshot(head).prefetch(oids);
  }

  /**
   * The record that a proposal's branch holds, when a current executor's sign on it is valid. With a signature that doesn't
   * count, as of a reviewer who left since, the gate would refuse it for good: it counts as none, and is made anew.
   */
  async valid(path: string): Promise<RecordStatus | undefined> {
    const commit = this.#ledger.branches().get(proposalBranch(path));
    if (commit === undefined) return undefined;
    const known = this.#verified.get(`${commit} ${path}`) ?? this.#verify(commit, path);
    this.#verified.set(`${commit} ${path}`, known);
    return known;
  }

  /** Where the proposal of a record that the ledger doesn't hold stands. */
  async standing(path: string): Promise<Standing> {
    const branch = proposalBranch(path);
    const commit = this.#ledger.branches().get(branch);
    const valid = (await this.valid(path)) !== undefined;
    if (commit !== undefined && valid) {
      if (this.#pulls === undefined) return { kind: 'proposed', branch, commit };
      const open = await this.#pulls.open(branch);
      if (open !== undefined) return { kind: 'proposed', branch, commit, pull: referenceTo(open) };
    }
    const refused = await this.#refused(branch);
    if (refused !== undefined) return refused;
    if (commit === undefined) return { kind: 'none' };
    return valid ? { kind: 'proposed', branch, commit } : { kind: 'none', replaces: commit };
  }

  /** Did a person say no? On GitHub by closing the pull request, on plain git by `ledger close`. */
  async #refused(branch: string): Promise<Standing | undefined> {
    const closed = closedBranch(branch);
    if (this.#ledger.branches().has(closed)) return { kind: 'closed', branch: closed };
    const newest = await this.#pulls?.newest(branch);
    if (newest === undefined || newest.state === 'open') return undefined;
    // Merged, and not in the ledger as it was when this run began: it is now.
    return newest.merged ? { kind: 'recorded' } : { kind: 'closed', branch, pull: referenceTo(newest) };
  }

  async #verify(commit: string, path: string): Promise<RecordStatus | undefined> {
    try {
      const snapshot = this.#ledger.snapshot(commit);
      const status = await verifyRecord(recordFiles(snapshot, path, await snapshot.list(path)), this.#trust);
      const counts = status.signedBy !== undefined && !status.signedBy.former && status.ignored.length === 0;
      return counts ? status : undefined;
    } catch (error) {
      // Anybody who may push could have made the branch: what is wrong with it is no failure of ours.
      if (error instanceof PullthroughError && error.exit === 3) return undefined;
      throw error;
    }
  }

  #byRepository(): ReadonlyMap<string, string[]> {
    const branches = this.#ledger.branches();
    if (this.#index?.branches === branches) return this.#index.paths;
    const paths = new Map<string, string[]>();
    for (const branch of branches.keys()) {
      const path = pathOf(branch);
      if (path === undefined) continue;
      const { source, repository } = parseRecordPath(path);
      const key = foldAscii(`${source}/${repository}`);
      const known = paths.get(key);
      if (known === undefined) paths.set(key, [path]);
      else known.push(path);
    }
    this.#index = { branches, paths };
    return paths;
  }
}

/** The record path that a proposal's branch is named after; undefined for a digest, and for a branch that is none. */
function pathOf(branch: string): string | undefined {
  if (!branch.startsWith(PREFIX)) return undefined;
  const path = `packages/${branch.slice(PREFIX.length)}`;
  try {
    parseRecordPath(path);
    return path;
  } catch (error) {
    if (error instanceof PullthroughError) return undefined;
    throw error;
  }
}
