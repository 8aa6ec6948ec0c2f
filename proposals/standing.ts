import { recordFiles } from '../ledger/files.ts';
import type { LedgerRepository } from '../ledger/git/repository.ts';
import { nackHolders, openNacks } from '../ledger/open-nacks.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import { foldAscii, parseRecordPath } from '../ledger-schema/names/path.ts';
import { BRANCHES, closedBranch, proposalBranch } from '../ledger-schema/names/branches.ts';
import { readRecord, verifyRecord } from '../ledger-schema/record.ts';
import type { RecordStatus, RecordedAsset } from '../ledger-schema/record.ts';
import type { Trust } from '../ledger-schema/trust.ts';
import type { RepositoryId } from '../ledger/record-index.ts';
import { TABLE_CUT } from './pull-body.ts';
import type { LedgerPulls } from './ledger-pulls.ts';
import { referenceTo } from './pull-reference.ts';
import type { PullReference } from './pull-reference.ts';

/** What the ledger has for a release: nothing yet, or why there is nothing to do. */
export type Standing =
  | { readonly kind: 'none'; readonly replaces?: Replaced }
  | { readonly kind: 'recorded' }
  | ProposedStanding
  | { readonly kind: 'closed'; readonly branch: string; readonly pull?: PullReference }
  /** A reviewer said no to bytes other than today's, on a branch that is left as it is. */
  | { readonly kind: 'nacked'; readonly branch: string; readonly commit: string; readonly by: readonly string[] };

export interface ProposedStanding {
  readonly kind: 'proposed';
  readonly branch: string;
  readonly commit: string;
  readonly pull?: PullReference;
  /** The pull request was written for an earlier commit of the branch. */
  readonly outdated?: boolean;
  readonly record?: ProposedRecord;
  /** When it was proposed, by its commit; read only where upstream has more files. */
  readonly since?: Date;
}

/** What a proposal holds: its files, and who said what about them. */
export type ProposedRecord = Pick<RecordStatus, 'assets' | 'ackHolders' | 'nacks'>;

/** A branch of the proposal's name without a valid sign. */
export interface Replaced {
  readonly commit: string;
  /** Who nacked what it holds: a nack needs no sign. */
  readonly nackedBy: readonly string[];
  /** What was nacked, where it can be read. */
  readonly assets?: readonly RecordedAsset[];
}

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

  /** The repository of a source that an open proposal records under this number, whatever it is called now. */
  async repositoryWithId(source: string, id: number): Promise<string | undefined> {
    for (const path of [...this.#byRepository().values()].flat()) {
      if (parseRecordPath(path).source !== source) continue;
      const { repository, repositoryId } = (await this.valid(path))?.checklist ?? {};
      if (repositoryId === id) return repository;
    }
    return undefined;
  }

  /** Fetches what the proposals of many repositories hold, in as few requests as possible. */
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
   * count, as of a reviewer who left since, the gate would refuse it for good: it counts as no proposal, and is made again.
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
    const record = await this.valid(path);
    if (commit !== undefined && record !== undefined) {
      if (this.#pulls === undefined) return { kind: 'proposed', branch, commit, record };
      const open = await this.#pulls.open(branch);
      if (open !== undefined) {
        const outdated = !describes(open.body, record.assets);
        return { kind: 'proposed', branch, commit, record, pull: referenceTo(open), ...(outdated && { outdated }) };
      }
    }
    const refused = await this.#refused(branch);
    if (refused !== undefined) return refused;
    if (commit === undefined) return { kind: 'none' };
    if (record !== undefined) return { kind: 'proposed', branch, commit, record };
    return { kind: 'none', replaces: await this.#replaced(commit, path) };
  }

  /** When a proposal was made, by its oldest commit, which is the executor's. */
  async since({ commit }: Pick<ProposedStanding, 'commit'>): Promise<Date | undefined> {
    return (await this.#ledger.log(this.#ledger.head(), commit)).at(-1)?.date;
  }

  async #replaced(commit: string, path: string): Promise<Replaced> {
    const snapshot = this.#ledger.snapshot(commit);
    const nackedBy = nackHolders(await openNacks(snapshot, path, this.#trust));
    if (nackedBy.length === 0) return { commit, nackedBy };
    try {
      const { assets } = await readRecord(recordFiles(snapshot, path, await snapshot.list(path)), this.#trust.ledger);
      return { commit, nackedBy, assets };
    } catch (error) {
      if (error instanceof PullthroughError && error.exit === 3) return { commit, nackedBy };
      throw error;
    }
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
      // Anybody who may push could have made the branch: what is wrong with it is not a failure of ours.
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

/** The record path that a proposal's branch is named after; undefined for a digest, and for a branch that is not one. */
function pathOf(branch: string): string | undefined {
  if (!branch.startsWith(BRANCHES.proposal)) return undefined;
  const path = `packages/${branch.slice(BRANCHES.proposal.length)}`;
  try {
    parseRecordPath(path);
    return path;
  } catch (error) {
    if (error instanceof PullthroughError) return undefined;
    throw error;
  }
}

/** Does a pull request's body list these very files? One whose table was cut short can't tell. */
function describes(body: string, assets: readonly RecordedAsset[]): boolean {
  if (body.includes(TABLE_CUT)) return true;
  return assets.every(({ sha256 }) => body.includes(sha256));
}
