import type { GitHubClient } from '../../github/client.ts';
import { listReleases } from '../../github/releases.ts';
import type { Release } from '../../github/types.ts';
import type { HashAlgorithm } from '../../io/files/hash.ts';
import { mapLimit } from '../../io/limit.ts';
import { fail } from '../../ledger-schema/error.ts';
import type { ExecutorContext } from '../context.ts';
import { examineReleases } from '../assess-tool.ts';
import type { Examined, Item } from '../assess-tool.ts';
import type { Fetched } from '../fetch/fetch-release.ts';
import type { FetchedFile } from '../../ledger/new-record.ts';
import { mirrorRelease } from '../mirror-release.ts';
import type { Inspection } from '../mirror-release.ts';
import { openMirrorRun } from '../mirror-run.ts';
import type { MirrorRun, WriteOptions } from '../mirror-run.ts';
import { digestsOfHeld } from './old-digests.ts';
import { tagCandidates } from './old-tag.ts';
import type { OldDigests, OldVersion } from './old-tree.ts';
import { reportError } from '../../io/error-report.ts';
import type { ReleaseResult } from '../result.ts';
import { parseToolDefinition } from '../../upstream/tool-definition.ts';
import { toolKey } from '../../upstream/tools.ts';
import type { Tool } from '../../upstream/tools.ts';

const TOOLS_AT_ONCE = 8;

/** One way in which today's release differs from an old list. */
export interface Difference {
  readonly file: string;
  /** Undefined: upstream has no such file. */
  readonly algorithm: HashAlgorithm | undefined;
  readonly listed: string | undefined;
  readonly found: string | undefined;
}

export interface ImportResult extends ReleaseResult {
  /** The old version directory. */
  readonly directory: string;
  readonly differences: readonly Difference[];
}

export interface ImportOptions extends WriteOptions {
  readonly versions: readonly OldVersion[];
  /** Tools that have a tool.ini here: their API, min-age, url[] and evidence apply. */
  readonly tools: readonly Tool[];
}

/**
 * Mirrors what old checklist trees hold: finds the real tag of each version directory, fetches the files that its lists
 * name, compares them with every md5, sha256 and sha512, and proposes what agrees. Where they differ the result has
 * `E_IMPORT_MISMATCH` and each difference, and nothing is proposed. Throws as `mirror` does.
 */
export async function importTree(context: ExecutorContext, options: ImportOptions): Promise<ImportResult[]> {
  const run = await openMirrorRun(context, options.versions, options);
  const byKey = new Map(options.tools.map((tool) => [toolKey(tool), tool]));
  const groups = new Map<string, OldVersion[]>();
  for (const version of options.versions) {
    const key = toolKey(version);
    groups.set(key, [...(groups.get(key) ?? []), version]);
  }
  const results = await mapLimit([...groups], TOOLS_AT_ONCE, ([key, versions]) =>
    importTool(run, byKey.get(key), versions),
  );
  return results.flat();
}

async function importTool(
  run: MirrorRun,
  tool: Tool | undefined,
  versions: readonly OldVersion[],
): Promise<ImportResult[]> {
  const results: ImportResult[] = [];
  let releases: Promise<Release[]> | undefined;
  for (const old of versions) {
    run.signal?.throwIfAborted();
    const client = clientOf(run, tool, old);
    const differences: Difference[] = [];
    const label = tool?.label ?? labelOf(run, old);
    const base = { tool: label, directory: old.directory };
    try {
      if (client === undefined) {
        fail('E_CONFIG', `nothing says which API ${label} is from`, {
          hint: 'write its tool.ini, with api = below [source]',
        });
      }
      releases ??= readReleases(client, old.repository);
      const result = await importVersion(run, { old, tool, client, label }, await releases, differences);
      results.push({ ...result, ...base, differences });
    } catch (error) {
      const report = reportError(error);
      results.push({ ...base, differences, action: 'failed', reason: report.message, warnings: [], error: report });
    }
  }
  return results;
}

function clientOf({ upstreams }: MirrorRun, tool: Tool | undefined, old: OldVersion): GitHubClient | undefined {
  return tool === undefined ? upstreams.ofSource(old.source) : upstreams.of(tool);
}

function labelOf({ source: { host } }: MirrorRun, { source, repository }: OldVersion): string {
  return source === host ? repository : `${source}/${repository}`;
}

async function readReleases(client: GitHubClient, repository: string): Promise<Release[]> {
  const all: Release[] = [];
  for await (const release of listReleases(client, repository)) all.push(release);
  return all;
}

interface Import {
  readonly old: OldVersion;
  readonly tool: Tool | undefined;
  readonly client: GitHubClient;
  readonly label: string;
}

async function importVersion(
  run: MirrorRun,
  { old, tool, client, label }: Import,
  releases: readonly Release[],
  differences: Difference[],
): Promise<ReleaseResult> {
  const { source, repository, version, files } = old;
  const [, repo = ''] = repository.split('/');
  const release =
    tagCandidates(version, repo, files.keys(), releases)[0] ??
    fail('E_UPSTREAM_NOT_FOUND', `${label} has no release whose tag could have become ${version}`);
  // The record holds what the old lists name, no less and no more.
  const definition = { ...(tool?.definition ?? parseToolDefinition('', 'tool.ini')), only: new Set(files.keys()) };
  const asked: Tool = { source, repository, label, definition, keys: tool?.keys ?? [] };
  const examined = await examineReleases(run, asked, client, {
    releases: [release],
    absent: [],
    unchanged: release.unchanged === true,
  });
  const item = examined.items[0] ?? fail('E_INTERNAL', 'a release was examined and is gone');
  const held = await heldFiles(run, examined, item);
  if (held !== undefined) differences.push(...compare(files, await digestsOfHeld(run, held, files)));
  else differences.push(...missingFiles(files, item));
  requireNone(differences, release.tag, held !== undefined);
  const inspection: Inspection = {
    algorithms: ['md5', 'sha512'],
    inspect: (fetched: Fetched) => {
      differences.push(...compare(files, fetched.digests));
      requireNone(differences, release.tag, false);
    },
  };
  return mirrorRelease(run, examined, item, inspection);
}

function requireNone(differences: readonly Difference[], tag: string, isHeld: boolean): void {
  if (differences.length === 0) return;
  const { size } = new Set(differences.map(({ file }) => file));
  const what = size === 1 ? '1 file is' : `${size} files are`;
  const then = isHeld ? 'the ledger or a proposal holds the release already' : 'nothing was proposed';
  fail('E_IMPORT_MISMATCH', `${what} not what the old lists say of ${tag}`, {
    hint: `find out which side is right before anybody uses either; ${then}`,
  });
}

/** The files of the record that the ledger or an open proposal has already: nothing is downloaded from upstream then. */
async function heldFiles(
  { holdings, proposals }: MirrorRun,
  { recorded }: Examined,
  { standing, path, release }: Item,
): Promise<readonly FetchedFile[] | undefined> {
  const merged = recorded?.records.get(release.tag);
  if (merged !== undefined) return (await holdings.content(merged)).assets;
  return standing.kind === 'proposed' && path !== undefined ? (await proposals.valid(path))?.assets : undefined;
}

function missingFiles(files: OldVersion['files'], { decision, release }: Item): Difference[] {
  if (decision.action !== 'propose' && decision.action !== 'nothing') return [];
  const chosen = decision.action === 'propose' ? decision.files : release.assets;
  const has = new Set(chosen.map(({ name }) => name));
  return [...files.keys()].filter((name) => !has.has(name)).map(missing);
}

function missing(file: string): Difference {
  return { file, algorithm: undefined, listed: undefined, found: undefined };
}

/** Every digest of the old lists that differs from that of today's bytes, where the latter is known. */
function compare(files: OldVersion['files'], found: ReadonlyMap<string, OldDigests>): Difference[] {
  const differences: Difference[] = [];
  for (const [file, listed] of files) {
    const digests = found.get(file);
    if (digests === undefined) differences.push(missing(file));
    for (const algorithm of ['md5', 'sha256', 'sha512'] as const) {
      const [was, is] = [listed[algorithm], digests?.[algorithm]];
      if (was !== undefined && is !== undefined && was !== is)
        differences.push({ file, algorithm, listed: was, found: is });
    }
  }
  return differences;
}
