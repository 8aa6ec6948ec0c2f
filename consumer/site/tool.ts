import { createHash } from 'node:crypto';
import { encodeSegment } from '../../ledger-schema/index.ts';
import { groupTags } from '../choose-tag.ts';
import { RELEASES_A_PAGE, toolPage } from '../pages/tool-page.ts';
import { fetchRecords } from '../verify/fetch-records.ts';
import type { SiteFolder } from './disk/folder.ts';
import { judgeRecords } from './releases/judge.ts';
import type { JudgeContext, RecordToJudge } from './releases/judge.ts';
import type { LedgerTool } from './ledger-tools.ts';
import type { JudgedRecord, KnownRelease, KnownTool } from './model.ts';
import { namesOf, pageName } from './names.ts';
import { pageContext } from './page-context.ts';
import type { SlugOf } from './place.ts';
import { ReleaseWriter, releaseFiles } from './releases/release-writer.ts';
import type { SiteContext } from './site-context.ts';
import type { SiteWriter } from './writer.ts';

/** `tools/<source>/<owner>/<repo>/` */
const TOOL_DEPTH = 4;
/** Records of a tool that are read and judged together. */
const BATCH = 256;

export interface ToolJob {
  readonly tool: LedgerTool;
  readonly key: string;
  /** What an earlier run wrote of it. */
  readonly known: KnownTool | undefined;
  /** Was that by the same policy, keys, address and program, so that what it says of a record holds? */
  readonly isSameRun: boolean;
  /** The tags and oids of its records. */
  readonly records: ReadonlyMap<string, string>;
}

/** What is to be done for one tool, its records judged in batches so that only a line of each is kept. */
export class ToolBuilder {
  readonly #job: ToolJob;
  readonly #site: SiteContext;
  readonly #folder: SiteFolder;
  readonly #writer: ReleaseWriter;
  readonly #slugs: ReadonlyMap<string, string>;
  /** Lines of records that need not be judged again, by their tags. */
  readonly #lines = new Map<string, KnownRelease>();
  #open: RecordToJudge[] = [];

  constructor(job: ToolJob, site: SiteContext, folder: SiteFolder) {
    const { records } = job;
    this.#job = job;
    this.#site = site;
    this.#folder = folder;
    const segments = namesOf([...records.keys()].map(encodeSegment));
    this.#slugs = new Map([...records.keys()].map((tag) => [tag, segments.get(encodeSegment(tag)) ?? '']));
    this.#writer = new ReleaseWriter(site, folder);
    this.#sort();
  }

  /** The records that will be judged. */
  get open(): readonly RecordToJudge[] {
    return this.#open;
  }

  /** What the pages that were written here are found by. */
  takeDigests() {
    return this.#writer.takeDigests();
  }

  get tool(): LedgerTool {
    return this.#job.tool;
  }

  /** Takes lines of records that somebody else judged, and whose pages are written. */
  take(lines: readonly KnownRelease[]): void {
    for (const line of lines) this.#lines.set(line.tag, line);
    this.#open = this.#open.filter(({ tag }) => !this.#lines.has(tag));
  }

  /** Of an earlier run, and still so. */
  get acknowledged(): readonly string[] {
    const { known, records } = this.#job;
    const good = known?.releases.filter(
      ({ state, tag, tree }) => state === 'acknowledged' && records.get(tag) === tree,
    );
    return (good ?? []).map(({ tag }) => tag);
  }

  #sort(): void {
    const { tool, records, known, isSameRun } = this.#job;
    const remembered = new Map(isSameRun ? known?.releases.map((release) => [release.tag, release]) : []);
    for (const [tag, tree] of records) {
      const kept = remembered.get(tag);
      const slug = this.#slugs.get(tag) ?? '';
      if (kept?.tree === tree && (kept.slug ?? slug) === slug) this.#lines.set(tag, kept);
      else this.#open.push({ tag, path: `${tool.path}/${encodeSegment(tag)}`, tree, slug });
    }
  }

  /** Writes everything of the tool; gives what the manifest remembers, and the files that it doesn't have any more. */
  async build(
    judge: Omit<JudgeContext, 'wasAcknowledged'>,
    writers: readonly SiteWriter[],
  ): Promise<{ readonly made: KnownTool; readonly gone: readonly string[] }> {
    const { tool, key, records, known } = this.#job;
    const old = new Set(known === undefined ? [] : filesOf(known));
    const lines = this.#lines;
    const open = this.#open;
    const acknowledged = new Set(this.acknowledged);
    const context: JudgeContext = { ...judge, wasAcknowledged: (tag) => acknowledged.has(tag) };
    for (let from = 0; from < open.length; from += BATCH) {
      for await (const shown of judgeRecords(open.slice(from, from + BATCH), context)) {
        lines.set(shown.known.tag, shown.known);
        await this.#writer.write(tool, shown);
      }
    }
    for (const tag of tool.proposed) {
      if (!records.has(tag))
        lines.set(tag, { tag, tree: '', state: 'open', by: [], why: 'not merged, and not acknowledged yet' });
    }
    const releases = inOrder(lines);
    const pages = this.#writeLists(releases, old);
    const { more, again } = await this.#writeMore(releases, writers, context, old);
    const made: KnownTool = {
      ...nameOf(tool),
      path: tool.path,
      folder: tool.folder,
      tree: tool.tree,
      key: again ? '' : key,
      releases,
      pages,
      more,
    };
    for (const file of filesOf(made)) old.delete(file);
    return { made, gone: [...old] };
  }

  #writeLists(releases: readonly KnownRelease[], old: ReadonlySet<string>): number {
    const { tool } = this.#job;
    const pages = Math.max(1, Math.ceil(releases.length / RELEASES_A_PAGE));
    const slugs = new Map(releases.map(({ tag, slug }) => [tag, slug]));
    const spot = { depth: TOOL_DEPTH, folderOf: () => tool.folder, slugOf: slugIn(slugs) };
    const context = pageContext(spot, this.#site);
    const tags = releases.flatMap(({ tag, state }) => (state === 'acknowledged' ? [tag] : []));
    const newest = newestOf(releases);
    for (let number = 1; number <= pages; number++) {
      const rows = releases.slice((number - 1) * RELEASES_A_PAGE, number * RELEASES_A_PAGE);
      const page = toolPage({ tool: nameOf(tool), rows, number, total: releases.length, newest, tags }, context);
      const path = `${tool.folder}/${pageName(number)}`;
      this.#folder.put(path, page, old.has(path));
    }
    return pages;
  }

  async #writeMore(
    releases: readonly KnownRelease[],
    writers: readonly SiteWriter[],
    context: JudgeContext,
    old: ReadonlySet<string>,
  ): Promise<{ readonly more: readonly string[]; readonly again: boolean }> {
    const { tool, records } = this.#job;
    const all = async (): Promise<JudgedRecord[]> => {
      const wanted = [...records].map(([tag, tree]) => ({
        tag,
        tree,
        slug: '',
        path: `${tool.path}/${encodeSegment(tag)}`,
      }));
      await fetchRecords(
        context.snapshot,
        wanted.map(({ path }) => path),
      );
      const found: JudgedRecord[] = [];
      for await (const { judged } of judgeRecords(wanted, context)) if (judged !== undefined) found.push(judged);
      return found;
    };
    const paths: string[] = [];
    let again = false;
    for (const writer of writers) {
      const {
        files,
        kept = [],
        again: unread = false,
      } = await writer.write({ ...tool, releases, records: all }, this.#folder);
      const written = files.map(({ path }) => path);
      this.#folder.announce(undefined, written, old);
      for (const { path, content } of files) this.#folder.put(path, content, old.has(path));
      paths.push(...written, ...kept);
      again ||= unread;
    }
    return { more: [...new Set(paths)].sort(), again };
  }

  /** What a run that is killed meanwhile may leave. */
  announce(): void {
    const { tool, records, known } = this.#job;
    const old = new Set(known === undefined ? [] : filesOf(known));
    const releases = [...records.keys()].map((tag): KnownRelease => ({
      tag,
      tree: '',
      state: 'open',
      by: [],
      slug: this.#slugs.get(tag),
    }));
    const pages = Math.ceil((records.size + tool.proposed.length) / RELEASES_A_PAGE) + 1;
    this.#folder.announce(tool.path, filesOf({ folder: tool.folder, releases, pages, more: [] }), old);
  }
}

function slugIn(slugs: ReadonlyMap<string, string | undefined>): SlugOf {
  return (_, { tag }) => slugs.get(tag);
}

function nameOf({ source, repository }: LedgerTool) {
  return { source, repository };
}

/** Every file of a tool. */
export function filesOf({
  folder,
  releases,
  pages,
  more,
}: Pick<KnownTool, 'folder' | 'releases' | 'pages' | 'more'>): string[] {
  return [
    ...Array.from({ length: pages }, (_, i) => `${folder}/${pageName(i + 1)}`),
    ...releases.flatMap((release) => releaseFiles(folder, release)),
    ...more,
  ];
}

/** The newest version first, those without a version last. */
function inOrder(lines: ReadonlyMap<string, KnownRelease>): KnownRelease[] {
  const tags = [...lines.keys()];
  const ordered = new Set([...groupTags(tags).flatMap((group) => group.tags.map(({ tag }) => tag)), ...tags.sort()]);
  return [...ordered].flatMap((tag) => lines.get(tag) ?? []);
}

/** The newest acknowledged version; where a repository releases several things, what was acknowledged last. */
export function newestOf(releases: readonly KnownRelease[]): KnownRelease | undefined {
  const good = releases.filter(({ state }) => state === 'acknowledged');
  if (groupTags(good.map(({ tag }) => tag)).length === 1) {
    return good.find(({ tag }) => isFinal(tag)) ?? good[0];
  }
  return good.reduce<KnownRelease | undefined>(
    (best, each) => ((best?.at ?? '') < (each.at ?? '') ? each : best),
    undefined,
  );
}

/** Not a prerelease, as `@latest` sees it. */
function isFinal(tag: string): boolean {
  const [group] = groupTags([tag]);
  return (group?.tags[0]?.version.rank ?? -1) >= 0;
}

/** What decides whether a tool is unchanged, besides its directory. */
export function toolKey(runKey: string, { folder, proposed }: LedgerTool): string {
  return createHash('sha256')
    .update(JSON.stringify([runKey, folder, proposed]))
    .digest('hex')
    .slice(0, 32);
}
