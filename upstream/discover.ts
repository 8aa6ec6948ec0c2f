import type { GitHubClient } from '../github/client.ts';
import { getLatestRelease, getReleaseByTag, getRepository, listReleases } from '../github/releases.ts';
import type { Release } from '../github/types.ts';
import { enough, isEligible } from './select.ts';
import type { ToolDefinition } from './tool-definition.ts';

/** What upstream has that a tool may select. */
export interface Discovery {
  readonly releases: readonly Release[];
  /** Tags that `select` names but upstream has no release for. */
  readonly absent: readonly string[];
  /** Every answer was an earlier run's, confirmed. Never so without releases: a repository that took the name may have none. */
  readonly unchanged: boolean;
}

/** The API's page size. A page is always read whole: it isn't sorted by the published dates. */
const PAGE = 100;

/**
 * Reads the releases that a tool may select, with as few requests as its `select` allows. `isHeld` says of a tag that
 * the ledger has it: its files are not kept in memory. Throws `E_UPSTREAM_NOT_FOUND` where there is no repository.
 */
export async function discoverReleases(
  client: GitHubClient,
  repository: string,
  definition: ToolDefinition,
  isHeld: (tag: string) => boolean,
): Promise<Discovery> {
  const { select, prerelease, tagPrefix } = definition;
  if (select.kind === 'tags') {
    return discoverTags(
      client,
      repository,
      select.tags.filter((tag) => !isHeld(tag)),
    );
  }
  if (select.kind === 'latest' && !prerelease && tagPrefix === '') {
    const latest = await getLatestRelease(client, repository);
    if (latest !== undefined) return { releases: [latest], absent: [], unchanged: latest.unchanged === true };
    // No release is not an error, no repository is one.
    await getRepository(client, repository);
    return { releases: [], absent: [], unchanged: false };
  }
  return discoverList(client, repository, definition, isHeld);
}

async function discoverTags(client: GitHubClient, repository: string, tags: readonly string[]): Promise<Discovery> {
  const releases: Release[] = [];
  const absent: string[] = [];
  for (const tag of tags) {
    const release = await getReleaseByTag(client, repository, tag);
    if (release === undefined) absent.push(tag);
    else releases.push(release);
  }
  if (absent.length > 0) await getRepository(client, repository);
  const unchanged = absent.length === 0 && releases.every((release) => release.unchanged === true);
  return { releases, absent, unchanged };
}

async function discoverList(
  client: GitHubClient,
  repository: string,
  definition: ToolDefinition,
  isHeld: (tag: string) => boolean,
): Promise<Discovery> {
  const releases: Release[] = [];
  const wanted = enough(definition.select);
  let read = 0;
  let unchanged = true;
  for await (const release of listReleases(client, repository)) {
    read += 1;
    unchanged &&= release.unchanged === true;
    if (isEligible(release, definition)) releases.push(isHeld(release.tag) ? { ...release, assets: [] } : release);
    if (releases.length >= wanted && read % PAGE === 0) break;
  }
  return { releases, absent: [], unchanged: unchanged && read > 0 };
}

/** The published releases on a page of the list, whatever `select` says of them. */
export async function readPublished(client: GitHubClient, repository: string): Promise<Release[]> {
  const releases: Release[] = [];
  let read = 0;
  for await (const release of listReleases(client, repository)) {
    read += 1;
    if (!release.draft && release.publishedAt !== undefined) releases.push({ ...release, assets: [] });
    if (read >= PAGE) break;
  }
  return releases;
}
