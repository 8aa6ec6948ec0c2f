import { setTimeout as sleep } from 'node:timers/promises';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { HEAD_BRANCH } from '../../ledger-schema/names/branches.ts';
import { requireOnlyAdded } from './objects/append-only.ts';
import { CatFile } from './objects/cat-file.ts';
import { changeBranches } from './change-branches.ts';
import { Clone } from './clone.ts';
import { diffTrees } from './objects/diff.ts';
import type { DiffScope, Difference } from './objects/diff.ts';
import { firstParentHeight } from './height.ts';
import { Fetcher, OtherObjectFormat, isUnknown } from './fetch.ts';
import { GitSnapshot } from './objects/git-snapshot.ts';
import { History } from './objects/history.ts';
import type { LogEntry } from './objects/history.ts';
import { Objects } from './objects/objects.ts';
import { isBranchName, push, requirePush } from './push.ts';
import type { BranchUpdate } from './push.ts';
import { remoteOf, shownStderr } from './remote.ts';
import type { Snapshot } from '../snapshot.ts';
import { TreeWriter } from './objects/tree-writer.ts';
import type { CommitRequest } from './objects/tree-writer.ts';
import type { LedgerOptions, LedgerRepository } from './ledger-repository.ts';

export type { LedgerOptions, LedgerRepository } from './ledger-repository.ts';
export type { FetchLimits } from './process/fetch-limits.ts';
export type { BranchUpdate } from './push.ts';
export type { CommitRequest, Identity } from './objects/tree-writer.ts';
export type { LogEntry } from './objects/history.ts';
export type { Difference } from './objects/diff.ts';

/**
 * A moment after `update` was called, git is at work and the processor has nothing to do: what is loaded from then on
 * costs no time, and what is loaded before holds git up.
 */
export function gitAtWork(): Promise<void> {
  return sleep(20);
}

/** Opens a ledger; nothing is asked of its host before `update`. Throws `E_CONFIG` for a URL that isn't allowed. */
export async function openLedger(options: LedgerOptions): Promise<LedgerRepository> {
  if (!isBranchName(options.branch)) {
    fail('E_CONFIG', `git knows no branch named ${JSON.stringify(options.branch)}`, { hint: 'see [ledger] branch' });
  }
  const remote = remoteOf(options.url, options.token, options.withheld);
  const clone = new Clone({ ...options, remote, env: options.env ?? process.env });
  const repository = new ClonedLedger(options, clone);
  await repository.open();
  return repository;
}

class ClonedLedger implements LedgerRepository {
  readonly label: string;
  readonly #options: LedgerOptions;
  readonly #clone: Clone;
  #fetcher: Fetcher;
  #opened: { objects: Objects; history: History } | undefined;
  #head: string | undefined;
  #branches: ReadonlyMap<string, string> = new Map();
  #signed: string | undefined;
  readonly #warned = new Set<string>();

  constructor(options: LedgerOptions, clone: Clone) {
    this.label = clone.remote.url;
    this.#options = options;
    this.#clone = clone;
    this.#fetcher = new Fetcher(clone);
  }

  get directory(): string {
    return this.#clone.directory;
  }

  async open(): Promise<void> {
    if (!(await this.#clone.isThere())) return;
    this.#head = await this.#fetcher.readHead();
    if (this.#options.signedHead) this.#signed = await this.#fetcher.readSigned();
  }

  async update(): Promise<void> {
    if (this.#options.offline) {
      if (!(await this.#clone.isThere())) this.#offline();
      return;
    }
    await this.#clone.locked(async () => {
      await this.#clone.sweep();
      if (await this.#clone.isUsable()) {
        try {
          return await this.#update();
        } catch (error) {
          // Whatever isn't explained by the host or the credential is blamed on the clone, until a new one fails in the
          // same way.
          if (error instanceof OtherObjectFormat) this.#clone.format = error.format;
          else if (!(error instanceof PullthroughError) || error.code !== 'E_GIT') throw error;
        }
      }
      await this.#remake();
    });
  }

  /** Makes a clone beside the one that is here, if any, which it replaces only when it is complete. */
  async #remake(): Promise<void> {
    const known = this.#head;
    for (let attempt = 1; ; attempt++) {
      await this.close();
      await this.#clone.aside();
      this.#head = undefined;
      this.#fetcher = new Fetcher(this.#clone, true);
      try {
        await this.#update();
        await this.close();
        await this.#clone.settle();
        this.#fetcher = new Fetcher(this.#clone);
        return;
      } catch (error) {
        await this.close();
        await this.#clone.abandon();
        this.#head = known;
        this.#fetcher = new Fetcher(this.#clone);
        if (!(error instanceof OtherObjectFormat) || attempt > 1) throw error;
        this.#clone.format = error.format;
      }
    }
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
    return this.#open().history.messageOf(commit);
  }

  snapshot(commit: string): Snapshot {
    const { objects, history } = this.#open();
    return new GitSnapshot(commit, objects, () => history.treeOf(commit));
  }

  async fetchBranch(name: string): Promise<string | undefined> {
    const ref = /^refs\/pull\/[1-9]\d{0,9}\/head$/.test(name) ? name : `refs/heads/${name}`;
    if (!isBranchName(name)) fail('E_NO_CHANGE', `git knows no branch named ${JSON.stringify(name)}`);
    if (this.#options.offline) this.#offline();
    return this.#clone.locked(async () => {
      await this.#clone.make();
      return this.#fetcher.ref(ref);
    });
  }

  isAncestor(old: string, later: string): Promise<boolean> {
    return this.#open().history.isAncestor(old, later);
  }

  mergeBase(a: string, b: string): Promise<string | undefined> {
    return this.#open().history.mergeBase(a, b);
  }

  mergeBases(a: string, b: string): Promise<readonly string[]> {
    return this.#open().history.mergeBases(a, b);
  }

  log(from: string | undefined, to: string): Promise<LogEntry[]> {
    return this.#open().history.log(from, to);
  }

  async height(commit: string): Promise<number> {
    return firstParentHeight(this.#clone, commit, (rim) =>
      this.#offlineOr(() => this.#clone.locked(() => this.#fetcher.history([rim], this.#tips()))),
    );
  }

  async requireOnlyAdded(old: string, later: string): Promise<void> {
    const { objects, history } = this.#open();
    await requireOnlyAdded(objects, await history.treeOf(old), await history.treeOf(later));
  }

  async diff(before: string | undefined, after: string, scope?: DiffScope): Promise<Difference[]> {
    const { objects, history } = this.#open();
    const old = before === undefined ? undefined : await history.treeOf(before);
    return diffTrees(objects, old, await history.treeOf(after), scope);
  }

  async commit(request: CommitRequest): Promise<string> {
    const { objects, history } = this.#open();
    const { base } = request;
    const isTree = base !== undefined && (await objects.info(base))?.type === 'tree';
    const tree = base === undefined || isTree ? base : await history.treeOf(base);
    return new TreeWriter(this.#clone, objects).commit(request, tree);
  }

  async push(updates: readonly BranchUpdate[]): Promise<void> {
    if (this.#options.offline) this.#offline();
    await push(this.#clone, updates);
  }

  async requirePush(): Promise<void> {
    if (this.#options.offline) this.#offline();
    if (this.#head !== undefined) await requirePush(this.#clone, this.#head);
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.objects.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #open(): { objects: Objects; history: History } {
    if (this.#opened) return this.#opened;
    const catFile = new CatFile(this.directory, this.#clone.localEnv(), () => this.#clone.condemn());
    const objects = new Objects(catFile, this.#clone.format === 'sha256' ? 32 : 20, (oids, below) =>
      this.#offlineOr(() => this.#fetcher.objects(oids, this.#tips(), below)),
    );
    const history = new History(objects, async (commits) => {
      const before = await objects.missing(commits);
      if (before.length === 0) return true;
      await this.#offlineOr(() => this.#clone.locked(() => this.#fetcher.history(before, this.#tips())));
      return (await objects.missing(before)).length < before.length;
    });
    this.#opened = { objects, history };
    return this.#opened;
  }

  async #update(): Promise<void> {
    if (this.#options.refs === 'branch') {
      const { branch, signedHead = false } = this.#options;
      this.#head = await this.#fetcher.head(branch, this.#head, signedHead);
      if (signedHead) this.#signed = await this.#fetcher.readSigned();
      if (this.#head === undefined) await this.#fetcher.requireGit();
      return;
    }
    for (let attempt = 1; ; attempt++) {
      const all = await this.#fetcher.listBranches();
      const head = all.get(this.#options.branch);
      if (head === undefined) await this.#fetcher.requireGit();
      const ours = changeBranches(all, this.#warned, this.#options.warn);
      const signed = all.get(HEAD_BRANCH);
      const ends = [head, signed].filter((commit) => commit !== undefined);
      const tips = [...new Set([...ends, ...ours.map(([, commit]) => commit)])];
      const missing = await this.#open().objects.missing(tips);
      const result = missing.length === 0 ? undefined : await this.#fetcher.tips(missing, head, this.#head);
      if (result && result.exitCode !== 0) {
        // A branch moved between the two requests, on a host that serves only branch tips.
        if (isUnknown(result) && attempt < 3) continue;
        throw this.#fetcher.error(result, 'fetch the ledger');
      }
      const fetched = head !== undefined && missing.includes(head);
      if (head !== undefined && !fetched && head !== (await this.#fetcher.readHead())) {
        await this.#fetcher.writeHead(head);
      }
      this.#head = head;
      this.#branches = new Map(ours);
      this.#signed = signed;
      return;
    }
  }

  #tips(): string[] {
    const tips = [...new Set([...(this.#head === undefined ? [] : [this.#head]), ...this.#branches.values()])];
    return tips.length > 0 ? tips : fail('E_GIT', `${this.label} has no commit, or was not looked at yet`);
  }

  async #offlineOr(fetch: () => Promise<void>): Promise<void> {
    if (this.#options.offline) this.#offline();
    await fetch();
  }

  #offline(): never {
    return fail('E_LEDGER_UNREACHABLE', `what is asked of ${shownStderr(this.label)} is not in the clone here`, {
      hint: 'run it once without --offline',
    });
  }
}
