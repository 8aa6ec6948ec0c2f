import type { GitHubClient } from '../../github/client.ts';
import { closeIssue, findIssues, upsertIssue } from '../../github/notes.ts';
import type { Note } from '../../github/notes.ts';
import { getReleaseByTag, getRepository, listReleases, resolveTagCommit } from '../../github/releases.ts';
import type { Release, Repository } from '../../github/types.ts';
import { mapLimit } from '../../io/limit.ts';
import { recordFiles } from '../../ledger/files.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { foldAscii } from '../../ledger-schema/names/path.ts';
import { verifyRecord } from '../../ledger-schema/record.ts';
import type { RecordStatus } from '../../ledger-schema/record.ts';
import type { ExecutorContext } from '../context.ts';
import { SETTLED, SHARED_OUT, TITLE, compareRelease, finding, noteGone, watchIssue } from './watch-findings.ts';
import type { WatchFinding, Watched } from './watch-findings.ts';
import type { Recorded, RepositoryId } from '../../ledger/record-index.ts';
import { recordedAs } from '../recorded-as.ts';
import { reportError } from '../../io/error-report.ts';
import { openRun } from '../open-run.ts';
import type { Run } from '../open-run.ts';
import { toolKey } from '../../upstream/tools.ts';
import type { Shard, Tool } from '../../upstream/tools.ts';

/** How many repositories are asked about together, by default; the API's client has its own limit on requests. */
const TOOLS_AT_ONCE = 32;
/** With more records than this the releases are listed, a hundred a request, instead of asked for one by one. */
const ASK_ONE_BY_ONE = 3;

export interface WatchOptions {
  /** All tools that have a tool.ini; what the ledger has of others is watched too. */
  readonly tools: readonly Tool[];
  /** Only these tools: TOOL arguments or a shard were given. */
  readonly only: boolean;
  /** `--concurrency`: repositories that are asked about at once. */
  readonly concurrency?: number | undefined;
}

/**
 * Compares every acknowledged record with what upstream has now, by the API alone and without a download: was a file
 * replaced, removed or added, the tag moved, the release deleted, the repository given up or taken by somebody else? A
 * repository that can't be asked about has its error in its result.
 */
export async function watch(
  context: ExecutorContext,
  { tools, only, concurrency = TOOLS_AT_ONCE }: WatchOptions,
): Promise<Watched[]> {
  const run = await openRun(context, tools);
  const places = new Map<string, { readonly id: RepositoryId; readonly tool: Tool }>();
  const unasked: Watched[] = [];
  await mapLimit(tools, concurrency, async (tool) => {
    try {
      const id = await recordedAs(run, tool);
      // A tool of the very name goes before one that was renamed to it.
      if (id === tool || !places.has(toolKey(id))) places.set(toolKey(id), { id, tool });
    } catch (error) {
      context.signal?.throwIfAborted();
      unasked.push({ tool: tool.label, records: 0, findings: [], error: reportError(error) });
    }
  });
  const ids = only ? [...places.values()].map(({ id }) => id) : await run.holdings.all();
  await run.holdings.load(ids);
  const results = await mapLimit(ids, concurrency, async (id) => {
    context.signal?.throwIfAborted();
    const recorded = await run.holdings.find(id);
    if (recorded === undefined) return undefined;
    const tool = places.get(toolKey(recorded))?.tool;
    const { source, repository } = recorded;
    const label = source === context.source.host ? repository : `${source}/${repository}`;
    try {
      return await watchRepository(run, recorded, tool, label);
    } catch (error) {
      return { tool: label, records: 0, findings: [], error: reportError(error) };
    }
  });
  return [...results.filter((result) => result !== undefined), ...unasked];
}

async function watchRepository(
  run: Run,
  recorded: Recorded,
  tool: Tool | undefined,
  label: string,
): Promise<Watched | undefined> {
  const client = tool === undefined ? run.upstreams.ofSource(recorded.source) : run.upstreams.of(tool);
  if (client === undefined) {
    run.progress.warn(`nothing says which API ${label} is from, so that it is not watched`);
    return undefined;
  }
  const records = await acknowledged(run, recorded);
  const [first] = records;
  if (first === undefined) return undefined;
  const repository = await orAbsent(() => getRepository(client, recorded.repository));
  const identity = judgeIdentity(repository, first);
  const tags = records.map(({ checklist }) => checklist.tag);
  const result = (findings: readonly WatchFinding[]): Watched => ({
    tool: label,
    records: records.length,
    findings: noteGone(findings, tags, tool?.definition?.gone),
  });
  if (identity !== undefined) return result([identity]);

  const releases = await readReleases(client, recorded.repository, records);
  const findings = renamed(recorded, repository);
  for (const record of records) {
    findings.push(...(await judgeRecord(client, recorded.repository, record, releases, tool)));
  }
  return result(findings);
}

/** What consumers may use: what upstream says now matters for these alone. */
async function acknowledged(run: Run, recorded: Recorded): Promise<RecordStatus[]> {
  const { snapshot } = run.holdings;
  const paths = [...recorded.records.values()];
  const entries = await snapshot.listMany(paths);
  await snapshot.prefetch([...entries.values()].flat().map(({ oid }) => oid));
  const records: RecordStatus[] = [];
  for (const path of paths) {
    try {
      const status = await verifyRecord(recordFiles(snapshot, path, entries.get(path) ?? []), run.trust);
      if (status.state === 'acknowledged') records.push(status);
    } catch (error) {
      if (!(error instanceof PullthroughError) || error.exit !== 3) throw error;
      run.progress.warn(`${path} is not a valid record: ${error.message}`);
    }
  }
  return records;
}

function judgeIdentity(repository: Repository | undefined, record: RecordStatus): WatchFinding | undefined {
  const { repositoryId } = record.checklist;
  if (repository === undefined)
    return finding('repository-missing', undefined, 'the repository is gone, or private now');
  if (repository.id === repositoryId) return undefined;
  const message = `the name belongs to another repository now (id ${repository.id}, not ${repositoryId})`;
  return finding('repository-changed', undefined, message);
}

function renamed(recorded: Recorded, repository: Repository | undefined): WatchFinding[] {
  if (repository === undefined || foldAscii(repository.fullName) === foldAscii(recorded.repository)) return [];
  const message = `upstream calls it ${repository.fullName} now; its records stay under the name that the ledger has`;
  return [finding('repository-renamed', undefined, message)];
}

/** The releases of the records, by tag. */
async function readReleases(
  client: GitHubClient,
  repository: string,
  records: readonly RecordStatus[],
): Promise<Map<string, Release>> {
  const found = new Map<string, Release>();
  if (records.length <= ASK_ONE_BY_ONE) return found;
  const wanted = new Set(records.map(({ checklist }) => checklist.tag));
  for await (const release of listReleases(client, repository)) {
    if (!release.draft && wanted.has(release.tag)) found.set(release.tag, release);
    if (found.size === wanted.size) break;
  }
  return found;
}

async function judgeRecord(
  client: GitHubClient,
  repository: string,
  record: RecordStatus,
  releases: ReadonlyMap<string, Release>,
  tool: Tool | undefined,
): Promise<WatchFinding[]> {
  const { tag, commit } = record.checklist;
  const findings: WatchFinding[] = [];
  const release = releases.get(tag) ?? (await getReleaseByTag(client, repository, tag));
  if (release === undefined) findings.push(finding('release-missing', record, 'the release is gone'));
  else findings.push(...compareRelease(record, release, tool?.definition));
  const now = await orAbsent(() => resolveTagCommit(client, repository, tag));
  if (now === undefined) findings.push(finding('tag-missing', record, 'the tag is gone'));
  else if (now !== commit)
    findings.push(finding('tag-moved', record, `the tag points to ${now} now, not to ${commit}`));
  return findings;
}

async function orAbsent<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof PullthroughError && error.code === 'E_UPSTREAM_NOT_FOUND') return undefined;
    throw error;
  }
}

/**
 * Opens or updates the one issue in the ledger's repository that tells what was found, and closes it once nothing is
 * found any more and everything could be asked about; undefined where there is none. A share of the tools has an issue
 * of its own, so that the jobs of a matrix don't overwrite one another's; what shares of another number left open is closed.
 * Throws `E_USAGE` for a ledger that isn't on GitHub, best asked before the watching.
 */
export async function reportIssue(
  { github }: Pick<ExecutorContext, 'github'>,
  watched: readonly Watched[],
  shard?: Shard,
): Promise<Note | undefined> {
  const { client, repository } =
    github ??
    fail('E_USAGE', 'there is no issue to open: the ledger is not a GitHub repository', { hint: 'leave out --issue' });
  await closeFormerShares(client, repository, shard);
  const marker = `${MARKER}${shard === undefined ? '' : `:${shard.index}-of-${shard.count}`}`;
  const issue = watchIssue(watched);
  if (issue !== undefined) return upsertIssue(client, repository, { marker, ...issue });
  // What could not be asked about may differ still.
  if (watched.some(({ error }) => error !== undefined)) return undefined;
  return closeIssue(client, repository, { marker, body: SETTLED });
}

const MARKER = 'pullthrough:watch';

/** Nobody updates the issue of a share any more once the tools are shared out by another number, or not at all. */
async function closeFormerShares(client: GitHubClient, repository: string, shard: Shard | undefined): Promise<void> {
  // One job of a matrix is enough.
  if (shard !== undefined && shard.index !== 1) return;
  for (const { body } of await findIssues(client, repository, TITLE)) {
    const [, marker, count] = /^<!-- (pullthrough:watch(?::[0-9]{1,6}-of-([0-9]{1,6}))?) -->/.exec(body) ?? [];
    if (marker === undefined || Number(count ?? 1) === (shard?.count ?? 1)) continue;
    await closeIssue(client, repository, { marker, body: SHARED_OUT });
  }
}
