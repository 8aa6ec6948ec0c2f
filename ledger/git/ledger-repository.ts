import type { Environment } from '../../io/environment.ts';
import type { FetchLimits } from './process/fetch-limits.ts';
import type { DiffScope, Difference } from './objects/diff.ts';
import type { LogEntry } from './objects/history.ts';
import type { CommitRequest } from './objects/tree-writer.ts';
import type { BranchUpdate } from './push.ts';
import type { Snapshot } from '../snapshot.ts';

export interface LedgerOptions {
  /** https, ssh, file, `git@host:path` or an absolute path; no secret in it. */
  readonly url: string;
  readonly branch: string;
  /** The clone lies in `ledgers/` below it. */
  readonly cacheDir: string;
  /** LEDGER_TOKEN; it goes to an http(s) ledger alone. */
  readonly token?: string | undefined;
  /** Why a token that is set isn't given, for errors. */
  readonly withheld?: string | undefined;
  /** `branch`: the configured branch alone; `all`: every proposal's branch too. */
  readonly refs: 'branch' | 'all';
  /** With `branch`: fetch `pullthrough-head` as well; `all` has it anyway. */
  readonly signedHead?: boolean | undefined;
  /** What one conversation with the ledger's host may cost. */
  readonly limits?: FetchLimits | undefined;
  /** Use no network: what is here must do. */
  readonly offline?: boolean | undefined;
  /** Told of branches whose names begin as ours and can't be ours, once each: they are ignored. */
  readonly warn?: ((message: string) => void) | undefined;
  readonly env?: Environment | undefined;
}

/**
 * A ledger on a git host, through a bare, shallow, partial clone of it. Nothing about the host is trusted: objects are
 * named by their contents, and everything else is for the caller to judge.
 */
export interface LedgerRepository extends AsyncDisposable {
  /** For messages: where the ledger is, without any secret. */
  readonly label: string;
  /** The clone's git directory. */
  readonly directory: string;
  /**
   * Looks at the ledger once: the branch, and with `refs: 'all'` every branch under pullthrough/, pullthrough-closed/,
   * pullthrough-nack/ and pullthrough-trust/ whose name is of the format's alphabet. A damaged clone is made again. Throws `E_LEDGER_UNREACHABLE`,
   * `E_CREDENTIAL`, `E_GIT`.
   */
  update(): Promise<void>;
  /** The commit of the configured branch as of the last update; undefined where the ledger has no such branch. */
  head(): string | undefined;
  /** The other branches as of the last update, name to commit; none offline. */
  branches(): ReadonlyMap<string, string>;
  /** The commit of the branch `pullthrough-head` as of the last update. */
  signedHead(): string | undefined;
  /** A commit's message: whatever its writer chose. */
  messageOf(commit: string): Promise<string>;
  snapshot(commit: string): Snapshot;
  /** Looks at one branch, or `refs/pull/N/head`, now; undefined where there is none. */
  fetchBranch(name: string): Promise<string | undefined>;
  isAncestor(old: string, later: string): Promise<boolean>;
  /** The newest common commit; undefined where there is none. */
  mergeBase(a: string, b: string): Promise<string | undefined>;
  /** All of them, the newest first; several where branches were merged crosswise. */
  mergeBases(a: string, b: string): Promise<readonly string[]>;
  /** What `to` has and `from` hasn't, children first; with `from` undefined all of it. */
  log(from: string | undefined, to: string): Promise<LogEntry[]>;
  /** How many commits lie on the line of first parents that ends at a commit, itself counted: it grows with each merge. */
  height(commit: string): Promise<number>;
  /** Throws `E_APPEND_ONLY` where something below `packages/` or `trust/` was changed or removed between two commits. */
  requireOnlyAdded(old: string, later: string): Promise<void>;
  /** What differs between two commits' trees; `before` undefined is the empty tree. */
  diff(before: string | undefined, after: string, scope?: DiffScope): Promise<Difference[]>;
  /** Makes a commit here; `push` makes it known. Throws `E_EXISTS` where a file would take a folder's place. */
  commit(request: CommitRequest): Promise<string>;
  /** All or none where the host can. Throws `E_MOVED`, `E_CREDENTIAL`, `E_LEDGER_UNREACHABLE`, `E_GIT`. */
  push(updates: readonly BranchUpdate[]): Promise<void>;
  /** May this push to the ledger at all? Changes nothing. Throws as {@link push} does, but for `E_MOVED`. */
  requirePush(): Promise<void>;
  close(): Promise<void>;
}
