import { PullthroughError, foldAscii, sha256Hex } from '../../ledger-schema/index.ts';
import type { RecordFiles, RecordStatus, RecordedAsset, Trust } from '../../ledger-schema/index.ts';
import { holdersOf } from '../../ledger-schema/holders.ts';
import { storeKey } from '../../store/store.ts';
import type { Alias } from '../serve/other-names.ts';
import { publishedAt } from '../serve/api/published.ts';
import { entriesOf, readList } from './list-before.ts';
import { goodUntil } from './good-until.ts';
import { listPath, makeStamps, projectOf } from './make-stamps.ts';
import type { StampContext, StampProject } from './make-stamps.ts';
import type { StampRecord } from './record.ts';
import type { StampSigner } from './signer.ts';
import { findVendorPackslip } from './vendor-packslip.ts';
import type { FetchEvidence } from './vendor-packslip.ts';
import type { Root } from '../../evidence/roots.ts';

export interface StampWriterOptions {
  readonly signer: StampSigner;
  /** Where the site is served, without a slash at its end. */
  readonly baseUrl: string;
  readonly trust: Trust;
  /** The first-parent height of the ledger's commit; asked once, and only where a list is made. */
  readonly height: () => Promise<number>;
  /** Where recorded files are fetched by their digest; undefined: from upstream. */
  readonly publicUrl: string | undefined;
  /** Other names that tools are asked for by, of repositories that were renamed. */
  readonly aliases: readonly Alias[];
  /** Brings evidence from the store; undefined where no store is known. */
  readonly fetch: FetchEvidence | undefined;
  readonly roots: () => Promise<readonly Root[]>;
  readonly warn: (message: string) => void;
}

/** A tool as the site has it. */
export interface StampTool {
  readonly source: string;
  readonly repository: string;
  readonly releases: readonly { readonly tag: string; readonly state: string; readonly why?: string | undefined }[];
  records(): Promise<readonly { readonly files: RecordFiles; readonly status: RecordStatus }[]>;
}

interface Folder {
  read(path: string): Uint8Array | undefined;
}

interface Files {
  readonly files: readonly { readonly path: string; readonly content: Uint8Array }[];
  readonly kept: readonly string[];
  /** Something could not be looked for: the next run looks again. */
  readonly again?: boolean;
}

/**
 * Stamps for a site: for each tool, under each of its names, the release list of packslip, and the packslips that it leads
 * to; where a repository releases several tools by tags of their own, a list for each. Throws what {@link makeStamps} throws.
 */
export function stampWriter(options: StampWriterOptions): {
  readonly key: string;
  write(tool: StampTool, folder: Folder): Promise<Files>;
} {
  const { signer, publicUrl, trust } = options;
  let height: Promise<number> | undefined;
  return {
    key: JSON.stringify([
      'stamps 3',
      signer.identity,
      // What is logged isn't: a key's list that is not in the log yet is signed again where it should be.
      signer.repeatable,
      publicUrl,
      options.fetch === undefined,
      options.aliases,
    ]),
    async write(tool, folder) {
      const projects = projectsOf(tool, options.aliases);
      // What has expired says so itself, and nothing new may be said.
      if (trust.expired) {
        return { files: [], kept: projects.flatMap((each) => stillGood(tool, each, folder, options.baseUrl)) };
      }
      const records: StampRecord[] = [];
      for (const { files, status } of await tool.records()) {
        const why = tool.releases.find(({ tag }) => tag === status.checklist.tag)?.why;
        const record = await toRecord(files, status, trust, why);
        if (record !== undefined) records.push(record);
      }
      let again = false;
      const context: StampContext = {
        signer,
        baseUrl: options.baseUrl,
        urlOf: (record, asset) => urlOf(record, asset, publicUrl),
        expires: trust.expires,
        height: await (height ??= options.height()),
        now: trust.now,
        ledger: trust.ledger,
        vendor: async (record) => {
          const found = await vendorOf(record, options);
          if (found === 'unread') again = true;
          return found === 'unlooked' ? 'unread' : found;
        },
        before: (path) => Promise.resolve(folder.read(path)),
      };
      const files: { path: string; content: Uint8Array }[] = [];
      const kept: string[] = [];
      for (const project of projects) {
        const { repository, subpath } = project;
        const named = records.map((record) => ({ ...record, repository }));
        const own = subpath === undefined ? named : named.filter((each) => projectOf(each)?.subpath === subpath);
        const stamps = await makeStamps(project, own, context);
        if (stamps === undefined) continue;
        for (const { tag, why } of stamps.leftOut) options.warn(`${repository} ${tag} is in no release list: ${why}`);
        files.push(...[...stamps.packslips].map(([path, content]) => ({ path, content })));
        files.push({ path: stamps.list.path, content: stamps.list.bytes });
        kept.push(...stamps.kept);
      }
      return { files, kept, again };
    },
  };
}

/** The projects that a tool is to packslip: the repository, and what its tags name below it, under each of its names. */
function projectsOf(tool: StampTool, aliases: readonly Alias[]): StampProject[] {
  const { source } = tool;
  const own = foldAscii(`${source}/${tool.repository}`);
  const others = aliases.filter(({ tool: of, name }) => of === own && name.startsWith(`${source}/`));
  return [tool.repository, ...others.map(({ name }) => name.slice(source.length + 1))].flatMap((repository) => {
    const subpaths = new Set(tool.releases.map(({ tag }) => projectOf({ source, repository, tag })?.subpath));
    return [undefined, ...[...subpaths].filter((each) => each !== undefined).sort()].map((subpath) => ({
      source,
      repository,
      subpath,
    }));
  });
}

async function toRecord(
  files: RecordFiles,
  status: RecordStatus,
  trust: Trust,
  why: string | undefined,
): Promise<StampRecord | undefined> {
  const { checklist, state, acks, nacks, assets, path, sumsBytes } = status;
  if (state !== 'acknowledged' && state !== 'withdrawn') return undefined;
  const { source, repository, repositoryId, tag, commit, evidence = [] } = checklist;
  return {
    source,
    repository,
    repositoryId,
    tag,
    commit,
    path,
    checklist: sha256Hex(sumsBytes),
    state,
    published: await publishedAt(files, status, trust),
    acks: holdersOf(acks),
    nacks: holdersOf(nacks),
    reason: state === 'withdrawn' ? why : undefined,
    assets,
    evidence,
    goodUntil: await goodUntil(files, status, trust),
  };
}

/** From our own store, which nobody upstream can empty; else where the record says it is. */
function urlOf(record: StampRecord, { name, sha256, url }: RecordedAsset, publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return `${publicUrl.replace(/\/+$/, '')}/${storeKey(sha256)}`;
  const { source, repository, tag } = record;
  const path = [...repository.split('/'), 'releases', 'download', ...tag.split('/'), name];
  return url ?? `https://${source}/${path.map(encodeURIComponent).join('/')}`;
}

async function vendorOf(record: StampRecord, { fetch, roots, warn }: StampWriterOptions) {
  if (!record.evidence.some(({ kind }) => kind === 'sigstore')) return undefined;
  // Once there is a store, it is looked for.
  if (fetch === undefined) return 'unlooked';
  try {
    return await findVendorPackslip(record, { fetch, roots: await roots() });
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    warn(
      `${record.repository} ${record.tag}: its evidence could not be read, so its packslip is ours: ${error.message}`,
    );
    return 'unread';
  }
}

/** What an earlier run left, but for packslips of what was withdrawn since. */
function stillGood(tool: StampTool, project: StampProject, folder: Folder, baseUrl: string): string[] {
  const path = listPath(project);
  const list = folder.read(path);
  if (list === undefined) return [];
  const good = new Set(tool.releases.filter(({ state }) => state !== 'withdrawn').map(({ tag }) => tag));
  const packslips = [...entriesOf(readList(list), baseUrl)].flatMap(([tag, entry]) =>
    good.has(tag) && entry.entry.status === undefined ? [entry.path] : [],
  );
  return [path, ...packslips];
}
