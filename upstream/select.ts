import { Range } from 'semver';
import type { Release } from '../github/types.ts';
import { isInRange } from '../ledger-schema/versions/version-range.ts';
import { beginsWithVersion, versionOf } from '../ledger-schema/versions/version.ts';
import type { Selection, ToolDefinition } from './tool-definition.ts';

type Wanted = Pick<ToolDefinition, 'select' | 'prerelease' | 'tagPrefix'>;

/** May the release be chosen at all? Drafts never; prereleases where they are wanted, or named by their tag. */
export function isEligible(release: Release, { select, prerelease, tagPrefix }: Wanted): boolean {
  if (release.draft || release.publishedAt === undefined || !release.tag.startsWith(tagPrefix)) return false;
  // `prometheus-` is not a beginning of `prometheus-adapter-4.11.0`: a version follows, or the tag is named in full.
  const followed = tagPrefix === '' || beginsWithVersion(release.tag.slice(tagPrefix.length));
  if (!followed && select.kind !== 'tags') return false;
  return prerelease || !release.prerelease || select.kind === 'tags';
}

/** How many eligible releases `select` needs to see: reading may stop there. */
export function enough(select: Selection): number {
  if (select.kind === 'latest') return 1;
  return select.kind === 'newest' ? select.count : Infinity;
}

function published(release: Release): number {
  return release.publishedAt?.getTime() ?? 0;
}

function inRange(release: Release, range: string, tagPrefix: string): boolean {
  const version = versionOf(release.tag, tagPrefix);
  // The release's own flag says whether it is a prerelease: v1.31.4-k3s1 isn't one.
  return version !== undefined && isInRange(version, new Range(range, { includePrerelease: true }));
}

/** The releases that `select` chooses, newest first by their published date. */
export function selectReleases(releases: readonly Release[], wanted: Wanted): Release[] {
  const seen = new Set<number>();
  const eligible = releases
    // When pages shift between requests, a release comes twice.
    .filter((release) => !seen.has(release.id) && seen.add(release.id) && isEligible(release, wanted))
    .sort((a, b) => published(b) - published(a) || b.id - a.id);
  const { select, tagPrefix } = wanted;
  switch (select.kind) {
    case 'latest':
    case 'newest':
      return eligible.slice(0, enough(select));
    case 'all':
      return eligible;
    case 'range':
      return eligible.filter((release) => inRange(release, select.range, tagPrefix));
    case 'tags':
      return eligible.filter((release) => select.tags.includes(release.tag));
  }
}

/** A tool whose `select` matches nothing may go unnoticed: it is mirrored, and stays as it was. */
const LONG_MS = 30 * 86_400_000;

/** A warning where `select` chose none of these releases, and one has been there for 30 days or more. Pure. */
export function nothingChosen(passed: readonly Release[], now: Date): string[] {
  const byAge = [...passed].sort((a, b) => published(a) - published(b));
  const [oldest, newest] = [byAge[0], byAge.at(-1)];
  if (oldest === undefined || newest === undefined || now.getTime() - published(oldest) < LONG_MS) return [];
  return [
    `select has chosen nothing for 30 days or more, though upstream has releases (the newest is ${newest.tag}): look at ` +
      'select, prerelease and tag-prefix in its tool.ini',
  ];
}
