import { PullthroughError, fail, foldAscii, requireAcknowledged, verifyRecord } from '../../ledger-schema/index.ts';
import type { AcknowledgedRecord } from '../../ledger-schema/index.ts';
import { groupTags } from '../choose-tag.ts';
import { Kept } from '../../io/kept.ts';
import { mapLimit } from '../../io/limit.ts';
import { fetchDirectories } from '../../ledger/fetch-directories.ts';
import type { Demand } from '../evidence/demand.ts';
import { toRelease } from '../release.ts';
import { findTool, recordAt, resolveIn } from '../resolve.ts';
import type { FoundTool } from '../resolve.ts';
import { fetchRecords } from '../verify/fetch-records.ts';
import { RepositoryIds, joinTools } from './other-names.ts';
import type { Alias } from './other-names.ts';
import { publishedAt } from './api/published.ts';
import type { ListedTool } from '../pages/model.ts';
import type { ServedRelease, ServedTag } from './served-release.ts';
import { toolAt, toolDirectories } from '../tool-directories.ts';
import { toolText } from '../tool.ts';
import type { ToolName } from '../tool.ts';
import { requireCurrent } from '../require-current.ts';
import type { HostPatience } from './host-patience.ts';
import { forgetOldest, isVerdict, noRecord, refusalOf } from './verdicts.ts';
import type { LedgerView } from '../../ledger/view/view.ts';
import { tooOld } from '../../ledger/view/freshness.ts';

export interface CatalogOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly aliases: readonly Alias[];
  readonly demand?: Demand | undefined;
  /** `[trust] max-age`: how old the newest signed head may be, in milliseconds. */
  readonly maxAge?: number | undefined;
  /** How long requests wait for the ledger's host; without it, for as long as git does. */
  readonly patience?: HostPatience | undefined;
}

interface Dated {
  readonly record: AcknowledgedRecord;
  readonly published: Date;
}

interface Judged {
  readonly record: Promise<Dated>;
  readonly at: number;
}

/** How long a verdict is kept, before a key that ran out meanwhile is noticed: milliseconds. */
const JUDGED_FOR = 10 * 60_000;
/** Records that were acknowledged before the policy ran out. */
const MOST_KNOWN = 200_000;
const BATCH = 100;
/** Records that are judged together. */
const AT_ONCE = 4;
/** In a larger ledger other names of a repository are looked for only where the name that is asked has nothing. */
const MOST_INDEXED = 5000;

/**
 * What one view of the ledger offers, verified when it is first asked for. A verdict is carried over to the next view
 * where record and policy are the same.
 */
export class Catalog {
  readonly view: LedgerView;
  /** As long as it takes: for what no request waits for. */
  readonly #unhurried: LedgerView['snapshot'];
  readonly #tools = new Map<string, Promise<FoundTool>>();
  readonly #judged: Map<string, Judged>;
  readonly #known: Set<string>;
  readonly #options: CatalogOptions;
  /** Of the catalog before: what it read of unchanged directories need not be read again. */
  readonly #idsBefore: Promise<RepositoryIds> | undefined;
  /** For a tool of several directories: which tag is in which. */
  readonly #parts = new WeakMap<FoundTool, ReadonlyMap<string, FoundTool>>();
  readonly #directories: Kept<ReadonlyMap<string, string>>;
  readonly #ids: Kept<RepositoryIds>;

  constructor(view: LedgerView, options: CatalogOptions, before?: Catalog) {
    const { patience } = options;
    this.view = patience === undefined ? view : { ...view, snapshot: patience.of(view.snapshot) };
    this.#unhurried = view.snapshot;
    this.#options = options;
    // Most looks find what was there before.
    const same = before?.view.commit === view.commit ? before : undefined;
    this.#directories = new Kept(same === undefined ? undefined : same.#directories.made);
    this.#ids = new Kept(same === undefined ? undefined : same.#ids.made);
    this.#idsBefore = before === undefined ? undefined : (before.#ids.made ?? before.#idsBefore);
    this.#judged = before === undefined ? new Map<string, Judged>() : before.#judged;
    this.#known = before === undefined ? new Set<string>() : before.#known;
  }

  /**
   * Fetches everything that an earlier catalog was asked for, before this one takes its place: what was verified can
   * then be served even if the ledger's host goes away. Throws what reading the ledger throws.
   */
  async prepare(before: Catalog): Promise<void> {
    const tools = await Promise.allSettled(before.#tools.values());
    const paths = tools.flatMap((tool) => (tool.status === 'fulfilled' ? [tool.value.path] : []));
    const records = [...this.#judged.keys()].map((key) => key.slice(key.indexOf('packages/')));
    await fetchDirectories(this.#unhurried, records, paths);
    if (before.#directories.made === undefined) return;
    const directories = await this.#directories.get(() => toolDirectories(this.#unhurried));
    if (before.#ids.made !== undefined) await this.#ids.get(() => this.#readIds(directories, this.#unhurried));
  }

  /** Why the last look was refused, where the ledger is held back. */
  heldBack: PullthroughError | undefined;

  /**
   * Is the ledger held back, or did nobody sign its head lately? The ledger's host may be gone since. As past the policy's
   * expiry only what was acknowledged before is served then.
   */
  get stale(): boolean {
    return this.#staleness() !== undefined;
  }

  #staleness(): PullthroughError | undefined {
    const { now, maxAge } = this.#options;
    const { head } = this.view;
    if (this.heldBack !== undefined || maxAge === undefined || head === undefined) return this.heldBack;
    return tooOld(head, new Date(now()), maxAge);
  }

  /** Has the policy run out? Then only what was acknowledged before is served. */
  get expired(): boolean {
    return this.#options.now() >= this.view.trust.expires.getTime();
  }

  /** Every tool that the ledger has a directory of, sorted. */
  async tools(): Promise<readonly ListedTool[]> {
    const directories = await this.#list();
    return [...directories.keys()]
      .map((path) => {
        const { source, owner, repo } = toolAt(path);
        return { source, repository: `${owner}/${repo}` };
      })
      .sort((a, b) => (toolText(a).toLowerCase() < toolText(b).toLowerCase() ? -1 : 1));
  }

  /** A tool under any name that it has: in the ledger, there under another one, or by an alias. Throws `E_NOT_FOUND`. */
  tool(name: ToolName): Promise<FoundTool> {
    const key = foldAscii(`${name.source}/${name.owner}/${name.repo}`);
    const found = this.#tools.get(key) ?? this.#find(name, key);
    this.#tools.delete(key);
    this.#tools.set(key, found);
    forgetOldest(this.#tools);
    found.catch((error: unknown) => {
      if (!isVerdict(error)) this.#tools.delete(key);
    });
    return found;
  }

  /** The acknowledged record of a tag. Throws why there is none. */
  async release(tool: FoundTool, tag: string): Promise<ServedRelease> {
    return this.#toRelease(await this.#record(tool, tag));
  }

  /** The best of a tool's acknowledged records, as `@latest` chooses it. */
  async latest(tool: FoundTool): Promise<ServedRelease> {
    const judge = async (tag: string): Promise<AcknowledgedRecord> => (await this.#record(tool, tag)).record;
    const { checklist } = await resolveIn(tool, { choice: {}, wanted: 'latest' }, judge);
    return this.release(tool, checklist.tag);
  }

  /** All acknowledged records of a tool, newest version first, those without a version last. */
  async releases(tool: FoundTool): Promise<ServedRelease[]> {
    return (await this.servedTags(tool)).flatMap(({ release }) => release ?? []);
  }

  /** Every record of a tool, in the same order, with why those that may not be used may not. */
  async servedTags(tool: FoundTool): Promise<ServedTag[]> {
    const tags = [...tool.trees.keys()];
    const ordered = groupTags(tags).flatMap((group) => group.tags.map(({ tag }) => tag));
    const all = [...new Set([...ordered, ...tags.sort()])];
    const found: ServedTag[] = [];
    for (let from = 0; from < all.length; from += BATCH) {
      const batch = all.slice(from, from + BATCH);
      const paths = batch.filter((tag) => !this.#isJudged(tool, tag)).map((tag) => this.pathOf(tool, tag));
      if (paths.length > 0) await fetchDirectories(this.view.snapshot, paths, []);
      const standing = async (tag: string): Promise<ServedTag> => {
        const record = await this.#record(tool, tag).catch(refusalOf);
        return record instanceof PullthroughError
          ? { tag, refusal: record }
          : { tag, release: this.#toRelease(record) };
      };
      found.push(...(await mapLimit(batch, AT_ONCE, standing)));
    }
    return found;
  }

  async #find(name: ToolName, key: string): Promise<FoundTool> {
    const own = await findTool(this.view, name).catch((error: unknown) => {
      if (!(error instanceof PullthroughError) || error.code !== 'E_NOT_FOUND') throw error;
      return error;
    });
    if (!(own instanceof PullthroughError)) return this.#withOthers(own);
    for (const { name: alias, tool } of this.#options.aliases) {
      // Whichever of the two names the ledger has.
      const other = alias === key ? tool : tool === key ? alias : undefined;
      const [source, owner, repo] = other?.split('/') ?? [];
      if (source === undefined || owner === undefined || repo === undefined) continue;
      return this.#withOthers(await findTool(this.view, { source, owner, repo }));
    }
    throw own;
  }

  /** With what the ledger has of the same repository under other names. */
  async #withOthers(own: FoundTool): Promise<FoundTool> {
    const directories = await this.#list();
    if (directories.size > MOST_INDEXED) return own;
    const ids = await this.#ids.get(() => this.#readIds(directories, this.view.snapshot));
    const others = ids.othersOf(own.path);
    if (others.length === 0) return own;
    const found = await Promise.all(others.map((path) => findTool(this.view, toolAt(path))));
    const { tool, parts } = joinTools([own, ...found]);
    this.#parts.set(tool, parts);
    return tool;
  }

  async #readIds(directories: ReadonlyMap<string, string>, snapshot: LedgerView['snapshot']): Promise<RepositoryIds> {
    const before = await this.#idsBefore?.catch(() => undefined);
    return RepositoryIds.read(snapshot, directories, before);
  }

  /** The record's path, in the directory that has the tag. */
  pathOf(tool: FoundTool, tag: string): string {
    return recordAt(this.#parts.get(tool)?.get(tag) ?? tool, tag);
  }

  #toRelease({ record, published }: Dated): ServedRelease {
    return { ...toRelease(record, this.view), published: published.toISOString().replace('.000Z', 'Z') };
  }

  /** The policy and the record's bytes are all that a verdict hangs on, but for the time. */
  #key(tool: FoundTool, tag: string): string {
    return `${this.view.trust.sha256} ${tool.trees.get(tag)} ${this.pathOf(tool, tag)}`;
  }

  #isJudged(tool: FoundTool, tag: string): boolean {
    const judged = this.#judged.get(this.#key(tool, tag));
    return judged !== undefined && (this.expired || this.#options.now() - judged.at < JUDGED_FOR);
  }

  #record(tool: FoundTool, tag: string): Promise<Dated> {
    if (!tool.trees.has(tag)) return noRecord(tool, tag);
    const key = this.#key(tool, tag);
    const judged = this.#isJudged(tool, tag) ? this.#judged.get(key) : undefined;
    const record = judged?.record ?? this.#judge(this.pathOf(tool, tag));
    this.#judged.delete(key);
    this.#judged.set(key, { record, at: judged?.at ?? this.#options.now() });
    record.catch((error: unknown) => {
      if (!isVerdict(error)) this.#judged.delete(key);
    });
    forgetOldest(this.#judged);
    return record;
  }

  #requireCurrent(): void {
    const stale = this.#staleness();
    if (stale !== undefined) throw stale;
    requireCurrent(this.view.trust, new Date(this.#options.now()));
  }

  /** Past the expiry nothing new is resolved, but a nack of what is known still counts. */
  async #judge(path: string): Promise<Dated> {
    if (!this.#known.has(path)) this.#requireCurrent();
    const { trust, snapshot } = this.view;
    const [files] = await fetchRecords(snapshot, [path]);
    if (files === undefined) return fail('E_NOT_FOUND', `the ledger has no record ${path}`);
    const record = requireAcknowledged(await verifyRecord(files, trust), trust);
    await this.#options.demand?.(toRelease(record, this.view));
    if (this.#known.size < MOST_KNOWN) this.#known.add(path);
    return { record, published: await publishedAt(files, record, trust) };
  }

  /** The directory of each tool, with its oid. */
  #list(): Promise<ReadonlyMap<string, string>> {
    return this.#directories.get(() => toolDirectories(this.view.snapshot));
  }
}
