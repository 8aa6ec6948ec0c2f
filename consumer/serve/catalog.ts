import { PullthroughError, TREE, fail, requireAcknowledged, trySegment } from '../../ledger-schema/index.ts';
import type { AcknowledgedRecord } from '../../ledger-schema/index.ts';
import { groupTags } from '../choose.ts';
import { fetchDirectories } from '../../ledger/directories.ts';
import { toRelease } from '../release.ts';
import type { VerifiedRelease } from '../release.ts';
import { findTool, readStatus, recordAt, resolveIn } from '../resolve.ts';
import type { FoundTool } from '../resolve.ts';
import { toolText } from '../tool.ts';
import type { ToolName } from '../tool.ts';
import { requireCurrent } from '../current.ts';
import type { LedgerView } from '../../ledger/view/view.ts';

/** A tool by its directories: what a list shows before anything of it is verified. */
export interface ListedTool {
  readonly source: string;
  readonly repository: string;
}

interface Judged {
  readonly record: Promise<AcknowledgedRecord>;
  readonly at: number;
}

/** Tools and verdicts kept, and how long a verdict is, before a key that ran out meanwhile is noticed: milliseconds. */
const MOST_JUDGED = 5000;
const JUDGED_FOR = 10 * 60_000;
/** Records that were acknowledged before the policy ran out. */
const MOST_KNOWN = 200_000;
const BATCH = 100;

/**
 * What one view of the ledger offers, verified when it is first asked for. A verdict is carried over to the next view
 * where record and policy are the same.
 */
export class Catalog {
  readonly view: LedgerView;
  readonly #tools = new Map<string, Promise<FoundTool>>();
  readonly #judged: Map<string, Judged>;
  readonly #known: Set<string>;
  readonly #now: () => number;
  #listed: Promise<readonly ListedTool[]> | undefined;

  constructor(view: LedgerView, now: () => number, before?: Catalog) {
    this.view = view;
    this.#now = now;
    this.#judged = before === undefined ? new Map<string, Judged>() : before.#judged;
    this.#known = before === undefined ? new Set<string>() : before.#known;
  }

  /**
   * Makes everything that was asked of an earlier catalog be here, before this one takes its place: what was verified
   * can then be served though the ledger's host goes away. Throws what reading the ledger throws.
   */
  async prepare(before: Catalog): Promise<void> {
    const tools = await Promise.allSettled(before.#tools.values());
    const paths = tools.flatMap((tool) => (tool.status === 'fulfilled' ? [tool.value.path] : []));
    const records = [...this.#judged.keys()].map((key) => key.slice(key.indexOf('packages/')));
    await fetchDirectories(this.view.snapshot, records, paths);
  }

  /** Has the policy run out? Then only what was acknowledged before is served. */
  get expired(): boolean {
    return this.#now() >= this.view.trust.expires.getTime();
  }

  /** Every tool that the ledger has a directory of, sorted. */
  tools(): Promise<readonly ListedTool[]> {
    this.#listed ??= this.#list();
    return this.#listed;
  }

  /** Throws `E_NOT_FOUND`. */
  tool(name: ToolName): Promise<FoundTool> {
    const key = `${name.source}/${name.owner}/${name.repo}`.toLowerCase();
    const found = this.#tools.get(key) ?? findTool(this.view, name);
    this.#tools.delete(key);
    this.#tools.set(key, found);
    forgetOldest(this.#tools);
    found.catch((error: unknown) => {
      if (!isVerdict(error)) this.#tools.delete(key);
    });
    return found;
  }

  /** The acknowledged record of a tag. Throws why there is none. */
  async release(tool: FoundTool, tag: string): Promise<VerifiedRelease> {
    return this.#toRelease(await this.#record(tool, tag));
  }

  /** The best of a tool's acknowledged records, as `@latest` chooses it. */
  async latest(tool: FoundTool): Promise<VerifiedRelease> {
    return this.#toRelease(await resolveIn(tool, { choice: {}, wanted: 'latest' }, (tag) => this.#record(tool, tag)));
  }

  /** All acknowledged records of a tool, newest version first, those without a version last. */
  async releases(tool: FoundTool): Promise<VerifiedRelease[]> {
    const tags = [...tool.trees.keys()];
    const ordered = groupTags(tags).flatMap((group) => group.tags.map(({ tag }) => tag));
    const all = [...new Set([...ordered, ...tags.sort()])];
    const releases: VerifiedRelease[] = [];
    for (let from = 0; from < all.length; from += BATCH) {
      const batch = all.slice(from, from + BATCH);
      const paths = batch.filter((tag) => !this.#isJudged(tool, tag)).map((tag) => recordAt(tool, tag));
      if (paths.length > 0) await fetchDirectories(this.view.snapshot, paths, []);
      for (const tag of batch) {
        const record = await this.#record(tool, tag).catch(() => undefined);
        if (record !== undefined) releases.push(this.#toRelease(record));
      }
    }
    return releases;
  }

  #toRelease(record: AcknowledgedRecord): VerifiedRelease {
    return toRelease(record, this.view);
  }

  /** The policy and the record's bytes are all that a verdict hangs on, but for the time. */
  #key(tool: FoundTool, tag: string): string {
    return `${this.view.trust.sha256} ${tool.trees.get(tag)} ${recordAt(tool, tag)}`;
  }

  #isJudged(tool: FoundTool, tag: string): boolean {
    const judged = this.#judged.get(this.#key(tool, tag));
    return judged !== undefined && (this.expired || this.#now() - judged.at < JUDGED_FOR);
  }

  #record(tool: FoundTool, tag: string): Promise<AcknowledgedRecord> {
    if (!tool.trees.has(tag)) return noRecord(tool, tag);
    const key = this.#key(tool, tag);
    const judged = this.#isJudged(tool, tag) ? this.#judged.get(key) : undefined;
    const record = judged?.record ?? this.#judge(recordAt(tool, tag));
    this.#judged.delete(key);
    this.#judged.set(key, { record, at: judged?.at ?? this.#now() });
    record.catch((error: unknown) => {
      if (!isVerdict(error)) this.#judged.delete(key);
    });
    forgetOldest(this.#judged);
    return record;
  }

  /** Past the expiry nothing new is resolved, but a nack of what is known still counts. */
  async #judge(path: string): Promise<AcknowledgedRecord> {
    if (this.expired && !this.#known.has(path)) {
      requireCurrent(this.view.trust, new Date(this.#now()));
    }
    const record = requireAcknowledged(await readStatus(this.view, path), this.view.trust);
    if (this.#known.size < MOST_KNOWN) this.#known.add(path);
    return record;
  }

  async #list(): Promise<readonly ListedTool[]> {
    const { snapshot } = this.view;
    const below = async (directories: readonly string[]): Promise<string[]> => {
      const found = await snapshot.listMany(directories);
      return directories.flatMap((directory) =>
        (found.get(directory) ?? [])
          .filter(({ name, mode }) => mode === TREE && trySegment(name) !== undefined)
          .map(({ name }) => `${directory}/${name}`),
      );
    };
    const repositories = await below(await below(await below(['packages'])));
    return repositories
      .map((path) =>
        path
          .split('/')
          .slice(1)
          .map((segment) => trySegment(segment) ?? ''),
      )
      .map(([source = '', owner, repo]) => ({ source, repository: `${owner}/${repo}` }))
      .sort((a, b) => (toolText(a).toLowerCase() < toolText(b).toLowerCase() ? -1 : 1));
  }
}

async function noRecord(tool: FoundTool, tag: string): Promise<never> {
  return fail('E_NOT_FOUND', `the ledger has no record of ${toolText(tool)} with the tag ${tag}`);
}

function forgetOldest(map: Map<string, unknown>): void {
  for (const oldest of map.keys()) {
    if (map.size <= MOST_JUDGED) return;
    map.delete(oldest);
  }
}

/** Is it what the record deserves, and not what happened on the way to it? */
function isVerdict(error: unknown): boolean {
  return error instanceof PullthroughError && error.exit === 3 && error.code !== 'E_POLICY_EXPIRED';
}
