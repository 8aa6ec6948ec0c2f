import type { GitHubClient } from '../github/client.ts';
import { getRepository } from '../github/releases.ts';
import type { Release, Repository } from '../github/types.ts';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import { foldAscii, parseRecordPath, recordPath } from '../ledger-schema/names/path.ts';
import { discoverReleases, readPublished } from '../upstream/discover.ts';
import type { Discovery } from '../upstream/discover.ts';
import type { Recorded } from '../ledger/record-index.ts';
import { planRelease } from './plan.ts';
import type { Decision } from './plan.ts';
import type { Standing } from '../proposals/standing.ts';
import { missingFiles } from './propose/proposed-files.ts';
import type { Run } from './open-run.ts';
import { nothingChosen, selectReleases } from '../upstream/select.ts';
import type { Tool } from '../upstream/tools.ts';

/** One release that `select` chose, and what is to be done about it. */
export interface Item {
  readonly release: Release;
  /** Of its record; undefined where there can be none. */
  readonly path: string | undefined;
  readonly standing: Standing;
  readonly decision: Decision;
}

/** A tool once everything was asked and before anything is downloaded. */
export interface Examined {
  readonly tool: Tool;
  readonly client: GitHubClient;
  /** `owner/repo` as its records spell it. */
  readonly repository: string;
  readonly recorded: Recorded | undefined;
  /** Asked for only where something is new. */
  readonly identity: Repository | undefined;
  readonly items: readonly Item[];
  /** Tags that its tool.ini names but upstream has no release for. */
  readonly absent: readonly string[];
  /** Paths of records whose proposals have no pull request, and that `select` no longer chooses. */
  readonly unopened: readonly string[];
  readonly warnings: readonly string[];
}

/** What a decision is made by: the ledger as it is known, and who is asked about the rest. */
export type Known = Pick<Run, 'holdings' | 'proposals' | 'pulls' | 'upstreams' | 'places' | 'now'>;

/** Where a tool's records lie. */
interface RecordedPlace {
  readonly repository: string;
  readonly recorded: Recorded | undefined;
}

/**
 * Looks at upstream and the ledger, and decides about each release that the tool selects. With nothing new it costs one
 * request; the repository's id is asked for where something is to be proposed, or where upstream's answer isn't the one
 * of an earlier run. Throws `E_REPOSITORY_CHANGED` where another repository has the recorded name.
 */
export async function examineTool(run: Known, tool: Tool): Promise<Examined> {
  const client = run.upstreams.of(tool);
  const early = await run.holdings.find(tool);
  const isHeld = (tag: string): boolean => early?.records.has(tag) === true;
  const discovery = await discoverReleases(client, tool.repository, tool.definition, isHeld);
  const releases = selectReleases(discovery.releases, tool.definition);
  const examined = await examineReleases(run, tool, client, { ...discovery, releases });
  if (releases.length > 0 || tool.definition.select.kind === 'tags') return examined;
  const passed = await readPublished(client, tool.repository);
  const warnings = [...examined.warnings, ...nothingChosen(passed, run.now), ...emptied(passed, examined.recorded)];
  return { ...examined, warnings };
}

/** A repository that had releases and has none any more was emptied, by somebody who could. */
function emptied(published: readonly Release[], recorded: Recorded | undefined): string[] {
  const held = recorded?.records.size ?? 0;
  if (published.length > 0 || held === 0) return [];
  return [
    `upstream has no release any more, and the ledger has ${held}: find out why; what is acknowledged can still be got`,
  ];
}

/** The same for releases that were chosen already. */
export async function examineReleases(
  run: Known,
  tool: Tool,
  client: GitHubClient,
  discovery: Discovery,
): Promise<Examined> {
  const { releases } = discovery;
  let place = await locate(run, tool, nameInAddress(releases[0]?.htmlUrl));
  let items = await decideAll(run, tool, place, releases);
  const identity = needsIdentity(items, place, discovery) ? await getRepository(client, tool.repository) : undefined;
  if (identity !== undefined) {
    const known = await locateById(run, tool, await locate(run, tool, identity.fullName), identity.id);
    if (known.repository !== place.repository) items = await decideAll(run, tool, known, releases);
    place = known;
    await checkIdentity(run, tool, place, identity);
  }
  return {
    tool,
    client,
    ...place,
    identity,
    items,
    absent: discovery.absent,
    unopened: await unopened(run, tool, place, items),
    warnings: [...renamed(place, identity), ...alsoMirrored(run, tool, place)],
  };
}

function needsIdentity(items: readonly Item[], place: RecordedPlace, discovery: Discovery): boolean {
  return (
    items.some(({ decision }) => decision.action === 'propose') ||
    (place.recorded !== undefined && !discovery.unchanged)
  );
}

/** The name that a release's page has: after a rename it is the new one. Upstream's word, and only a hint. */
function nameInAddress(address: string | undefined): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  return /^\/([A-Za-z0-9._-]+\/[A-Za-z0-9._-]+)\/releases\//.exec(new URL(address).pathname)?.[1];
}

/**
 * Where the records lie: under the name that the ledger has already, else an open proposal's, else the API's. `current`
 * is the name that upstream has now.
 */
async function locate(run: Known, tool: Tool, current: string | undefined): Promise<RecordedPlace> {
  const names = current === undefined ? [tool.repository] : [tool.repository, current];
  for (const repository of names) {
    const recorded = await run.holdings.find({ source: tool.source, repository });
    if (recorded !== undefined) return { repository: recorded.repository, recorded };
  }
  for (const repository of names) {
    for (const path of run.proposals.paths({ source: tool.source, repository })) {
      if ((await run.proposals.valid(path)) !== undefined) {
        return { repository: parseRecordPath(path).repository, recorded: undefined };
      }
    }
  }
  return { repository: current ?? tool.repository, recorded: undefined };
}

/**
 * A repository that was renamed keeps its place, even where its tool.ini moved along and nothing here knows the old name:
 * the forge's number does.
 */
async function locateById(run: Known, { source }: Tool, place: RecordedPlace, id: number): Promise<RecordedPlace> {
  if (place.recorded !== undefined || run.proposals.paths({ source, repository: place.repository }).length > 0) {
    return place;
  }
  const recorded = await run.holdings.withId(source, id);
  if (recorded !== undefined) return { repository: recorded.repository, recorded };
  const proposed = await run.proposals.repositoryWithId(source, id);
  return proposed === undefined ? place : { repository: proposed, recorded: undefined };
}

async function decideAll(run: Known, tool: Tool, place: RecordedPlace, releases: readonly Release[]): Promise<Item[]> {
  const items: Item[] = [];
  for (const release of releases) items.push(await decide(run, tool, place, release));
  return items;
}

async function decide(run: Known, tool: Tool, place: RecordedPlace, release: Release): Promise<Item> {
  const none: Standing = { kind: 'none' };
  try {
    const path = recordPathFor(tool.source, place, release.tag);
    const isRecorded = place.recorded?.records.has(release.tag) === true;
    const standing: Standing = isRecorded ? { kind: 'recorded' } : await standingOf(run, tool, path, release);
    return { release, path, standing, decision: decideAgain(run, tool, release, standing) };
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.code !== 'E_NAME') throw error;
    return { release, path: undefined, standing: none, decision: { action: 'failed', error } };
  }
}

/** The standing of a release's proposal; when it was made is read only where upstream has more than it holds. */
async function standingOf(run: Pick<Run, 'proposals'>, tool: Tool, path: string, release: Release): Promise<Standing> {
  const standing = await run.proposals.standing(path);
  if (standing.kind !== 'proposed') return standing;
  const missing = missingFiles(release, tool.definition, standing.record?.assets ?? []);
  const since = missing.length === 0 ? undefined : await run.proposals.since(standing);
  return since === undefined ? standing : { ...standing, since };
}

/** The decision about a release as it is now. */
export function decideAgain(
  run: Pick<Run, 'pulls' | 'now'>,
  tool: Tool,
  release: Release,
  standing: Standing,
): Decision {
  const { now } = run;
  return planRelease({ release, definition: tool.definition, standing, pulls: run.pulls !== undefined, now });
}

/** Throws `E_NAME` for a tag that no path can have, or that differs from a recorded one in case only. */
function recordPathFor(source: string, { repository, recorded }: RecordedPlace, tag: string): string {
  const folded = foldAscii(tag);
  for (const other of recorded?.records.keys() ?? []) {
    if (other !== tag && foldAscii(other) === folded) {
      fail('E_NAME', `the tag ${tag} differs in case only from ${other}, which the ledger holds`, {
        hint: 'select tags that do not collide',
      });
    }
  }
  try {
    return recordPath({ source, repository, tag });
  } catch (cause) {
    if (!(cause instanceof PullthroughError)) throw cause;
    return fail('E_NAME', `no record can have this name: ${cause.message}`, { cause });
  }
}

/** Every record of a repository carries one id: a name can be given up and taken by somebody else, the number cannot. */
async function checkIdentity(
  run: Known,
  tool: Tool,
  place: RecordedPlace,
  { id, fullName }: Repository,
): Promise<void> {
  const known =
    place.recorded === undefined
      ? await proposedId(run, { source: tool.source, repository: place.repository })
      : await run.holdings.repositoryId(place.recorded);
  if (known === undefined || known === id) return;
  fail(
    'E_REPOSITORY_CHANGED',
    `${tool.label} is another repository (${fullName}, id ${id}) than the ledger records (id ${known})`,
    {
      hint: 'find out who has the name now; where the new one is to be trusted, its records need another name',
    },
  );
}

async function proposedId(
  run: Pick<Run, 'proposals'>,
  id: { source: string; repository: string },
): Promise<number | undefined> {
  for (const path of run.proposals.paths(id)) {
    const proposal = await run.proposals.valid(path);
    if (proposal !== undefined) return proposal.checklist.repositoryId;
  }
  return undefined;
}

/** Two tool.ini may name one repository, by an old and a new name: both would select for one place. */
function alsoMirrored(run: Pick<Run, 'places'>, tool: Tool, { repository }: RecordedPlace): string[] {
  const key = foldAscii(`${tool.source}/${repository}`);
  const other = run.places.get(key);
  if (other === undefined) run.places.set(key, tool.label);
  if (other === undefined || other === tool.label) return [];
  return [`${tool.label} and ${other} are one repository, recorded as ${repository}: remove one of the two tool.ini`];
}

function renamed({ repository }: RecordedPlace, identity: Repository | undefined): string[] {
  if (identity === undefined || foldAscii(identity.fullName) === foldAscii(repository)) return [];
  return [`${repository} is called ${identity.fullName} now; its records stay under the name that the ledger has`];
}

/** A run that was killed between the push and the pull request, before upstream released something newer. */
async function unopened(
  run: Pick<Run, 'pulls' | 'proposals'>,
  tool: Tool,
  place: RecordedPlace,
  items: readonly Item[],
): Promise<string[]> {
  if (run.pulls === undefined) return [];
  const seen = new Set(items.map(({ path }) => path));
  const found: string[] = [];
  for (const path of run.proposals.paths({ source: tool.source, repository: place.repository })) {
    if (seen.has(path) || place.recorded?.records.has(parseRecordPath(path).tag) === true) continue;
    const standing = await run.proposals.standing(path);
    if (standing.kind === 'proposed' && standing.pull === undefined) found.push(path);
  }
  return found;
}
