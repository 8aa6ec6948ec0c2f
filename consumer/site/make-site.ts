import { MOMENT, withLock } from '../../io/files/lock.ts';
import { join } from 'node:path';
import { requireCurrent } from '../require-current.ts';
import { ahead } from './ahead.ts';
import { assetFiles } from './assets.ts';
import { Events, expiring } from './machine/events.ts';
import { feeds } from './machine/feeds.ts';
import { DigestFiles } from './machine/digest-files.ts';
import { SiteFolder } from './disk/folder.ts';
import { OwnFiles } from './disk/own-files.ts';
import { IndexFiles } from './index-files.ts';
import { ledgerTools } from './ledger-tools.ts';
import type { LedgerTool } from './ledger-tools.ts';
import { MANIFEST, OldManifest, headLine } from './disk/manifest.ts';
import { ManifestWriter } from './disk/manifest-writer.ts';
import type { KnownTool, SiteFile } from './model.ts';
import { fetchOpen, preparedTools } from './prepared.ts';
import type { Looked, Prepared } from './prepared.ts';
import { trustDocument } from './machine/record-file.ts';
import { ReleasePool } from './releases/release-pool.ts';
import type { SiteContext } from './site-context.ts';
import { contextOf, keyOfRun, orderOf } from './site-request.ts';
import type { SiteRequest } from './site-request.ts';
import { ToolBuilder, filesOf, toolKey } from './tool.ts';
import { standardWriters } from './writers.ts';
import type { SiteWriter } from './writer.ts';

export interface SiteReport {
  readonly tools: number;
  readonly releases: number;
  /** Files that were written or replaced, and files that were removed. */
  readonly written: number;
  readonly removed: number;
}

/**
 * Makes a static site of a ledger that was verified already, or brings one up to date: only what changed is judged and
 * written. Killed anywhere and run again, it ends the same. Throws `E_EXISTS` for a folder that is something else, `E_IO`,
 * `E_POLICY_EXPIRED` for a first site of a ledger whose policy has expired, and what reading the ledger throws.
 */
export async function makeSite(request: SiteRequest): Promise<SiteReport> {
  const { root } = SiteFolder.open(request.site);
  return withLock(join(root, MANIFEST), { ...MOMENT, code: 'E_IO' }, async () => {
    const run = await SiteRun.start(request, SiteFolder.open(root));
    try {
      return await run.toEnd();
    } finally {
      await run.close();
    }
  });
}

class SiteRun {
  readonly #request: SiteRequest;
  readonly #folder: SiteFolder;
  readonly #old: OldManifest;
  readonly #tools: readonly LedgerTool[];
  readonly #site: SiteContext;
  readonly #writers: readonly SiteWriter[];
  readonly #runKey: string;
  readonly #index: IndexFiles;
  readonly #digests: DigestFiles;
  readonly #events = new Events();
  readonly #own: OwnFiles;
  readonly #manifest: ManifestWriter;
  readonly #removed: string[] = [];
  readonly #pool: ReleasePool;
  #releases = 0;
  #closed = false;

  private constructor(
    request: SiteRequest,
    folder: SiteFolder,
    parts: {
      old: OldManifest;
      tools: readonly LedgerTool[];
      site: SiteContext;
      writers: readonly SiteWriter[];
      runKey: string;
    },
  ) {
    this.#request = request;
    this.#folder = folder;
    this.#old = parts.old;
    this.#tools = parts.tools;
    this.#site = parts.site;
    this.#writers = parts.writers;
    this.#runKey = parts.runKey;
    const known = new Set(parts.old.head?.files);
    this.#own = new OwnFiles(folder, known);
    const put = (file: SiteFile): void => this.#own.put(file);
    this.#manifest = new ManifestWriter(folder.root);
    this.#pool = new ReleasePool(orderOf(request, parts.site, folder));
    const read = (path: string) => folder.read(path);
    this.#digests = new DigestFiles(known, read, put);
    this.#index = new IndexFiles(parts.site, parts.tools.length, put);
  }

  static async start(request: SiteRequest, folder: SiteFolder): Promise<SiteRun> {
    const { view, progress } = request;
    const old = OldManifest.open(folder.root, view.trust.ledger);
    if (old.head === undefined) requireCurrent(view.trust);
    const tools = await ledgerTools(view.snapshot, request.branches);
    const assets = assetFiles();
    if (!assets.hasCheck) progress.warn('this build has no program for browsers: the pages cannot check files');
    const site = contextOf(request, tools, assets.hasCheck);
    const writers = [...standardWriters(site), ...(request.writers?.(site) ?? [])];
    const runKey = await keyOfRun(request, site, writers);
    const run = new SiteRun(request, folder, { old, tools, site, writers, runKey });
    for (const file of assets.files) run.#own.put(file);
    return run;
  }

  async toEnd(): Promise<SiteReport> {
    const { trust, snapshot, commit } = this.#request.view;
    this.#own.put({ path: 'trust.json', content: await trustDocument(snapshot) });
    let done = 0;
    for await (const batch of ahead(this.#judged())) {
      await this.#bring(batch);
      done += batch.looked.length;
      if (batch.looked.length < this.#tools.length)
        this.#request.progress.note(`${done} of ${this.#tools.length} tools`);
    }
    this.#old.take(undefined, this.#gone);
    this.#index.finish();
    for (const path of this.#digests.finish()) this.#own.keep(path);
    for (const event of await expiring(trust)) this.#events.add(event);
    for (const file of feeds(this.#events.newest, this.#site)) this.#own.put(file);
    const removed = this.#cleanUp();
    const head = headLine({ ledger: trust.ledger, commit, files: this.#own.paths });
    const newManifest = this.#manifest.finish(head);
    this.#folder.finish();
    return {
      tools: this.#tools.length,
      releases: this.#releases,
      written: this.#folder.written + this.#pool.written + Number(newManifest),
      removed,
    };
  }

  /** Tools whose records are judged, as far as threads do that: while they judge the next ones, these are written. */
  async *#judged(): AsyncGenerator<Prepared> {
    const { snapshot } = this.#request.view;
    const look = (tool: LedgerTool): Looked => ({
      tool,
      found: this.#old.take(tool.path, this.#gone),
      key: toolKey(this.#runKey, tool),
    });
    const work = { snapshot, look, isSame: this.#isSame.bind(this), builder: this.#builder.bind(this) };
    for await (const prepared of preparedTools(this.#tools, work)) {
      if (this.#closed) return;
      const builders = [...prepared.builders.values()];
      await this.#judgeAhead(builders);
      await fetchOpen(builders, snapshot);
      yield prepared;
    }
  }

  async #bring({ looked, builders }: Prepared): Promise<void> {
    for (const { tool, found } of looked) {
      const builder = builders.get(tool);
      if (builder === undefined) {
        if (found !== undefined) this.#done(found.tool, found.line);
        continue;
      }
      const { reasonOf, view } = this.#request;
      const { trust, snapshot } = view;
      const { made, gone } = await builder.build({ snapshot, trust, reasonOf }, this.#writers);
      this.#removed.push(...gone);
      this.#digests.add(builder.takeDigests());
      this.#done(made, JSON.stringify(made));
    }
  }

  /** Has threads judge and write records where there are many. */
  async #judgeAhead(builders: readonly ToolBuilder[]): Promise<void> {
    for (const builder of builders) builder.announce();
    const { expired } = this.#request.view.trust;
    const jobs = builders.map((builder) => {
      const { source, repository, folder } = builder.tool;
      const acknowledged = expired ? builder.acknowledged : [];
      return { tool: { source, repository, folder }, records: builder.open, acknowledged };
    });
    const byFolder = new Map(builders.map((builder) => [builder.tool.folder, builder]));
    await this.#pool.run(jobs, ({ tool }, lines, digests) => {
      byFolder.get(tool.folder)?.take(lines);
      this.#digests.add(digests);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#manifest.close();
    await this.#pool[Symbol.asyncDispose]();
  }

  #isSame({ tool, found, key }: Looked): boolean {
    return found?.tool.key === key && found.tool.tree === tool.tree && !this.#folder.leftover.tools.has(tool.path);
  }

  #builder({ tool, key, found }: Looked, records: ReadonlyMap<string, string> = new Map()): ToolBuilder {
    // If a run was killed while working on a tool, nobody knows what is there.
    const dirty = this.#folder.leftover.tools.has(tool.path);
    const isSameRun = found?.tool.key === key && !dirty;
    return new ToolBuilder({ tool, key, records, known: found?.tool, isSameRun }, this.#site, this.#folder);
  }

  readonly #gone = (tool: KnownTool): void => void this.#removed.push(...filesOf(tool));

  #done(tool: KnownTool, line: string): void {
    this.#manifest.add(line);
    this.#index.add(tool);
    this.#events.addTool(tool);
    this.#releases += tool.releases.length;
    if (this.#folder.leftover.files.size > 0) this.#folder.keep(filesOf(tool));
  }

  /** Removes what earlier runs wrote and this one doesn't have. */
  #cleanUp(): number {
    const gone = [...this.#removed, ...this.#own.gone(), ...this.#folder.leftover.files];
    return gone.filter((path) => this.#folder.remove(path)).length;
  }
}
