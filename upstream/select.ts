import type { Release } from '../github/types.ts';
import { isInRange, parseRange } from '../ledger-schema/versions/version-range.ts';
import type { VersionRange } from '../ledger-schema/versions/version-range.ts';
import {
  beginsWithVersion,
  compareBuilds,
  countOf,
  tagBeginning,
  versionOf,
} from '../ledger-schema/versions/version.ts';
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

function inRange(release: Release, range: VersionRange, tagPrefix: string): boolean {
  const version = versionOf(release.tag, tagPrefix);
  return version !== undefined && isInRange(version, range);
}

/**
 * The highest version, whatever was published after it for an older one; the one published last where the tags can't all be
 * compared.
 */
function latest(byDate: readonly Release[], tagPrefix: string): Release[] {
  const versions = byDate.map((release) => ({ release, version: versionOf(release.tag, tagPrefix) }));
  const kinds = versions.map(({ release: { tag }, version }) => {
    const beginning = tagBeginning(tag.slice(tagPrefix.length)).replace(/v$/i, '').toLowerCase();
    return version === undefined ? tag : `${beginning} ${countOf(version)}`;
  });
  if (new Set(kinds).size > 1) return byDate.slice(0, 1);
  // A sort leaves equal ones as they were.
  const byVersion = versions.sort((a, b) => (a.version && b.version ? compareBuilds(b.version, a.version) : 0));
  return byVersion.slice(0, 1).map(({ release }) => release);
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
      return latest(eligible, tagPrefix);
    case 'newest':
      return eligible.slice(0, enough(select));
    case 'all':
      return eligible;
    case 'range': {
      // The release's own flag says whether it is a prerelease: v1.31.4-k3s1 isn't one.
      const range = parseRange(select.range, { includePrerelease: true });
      return range === undefined ? [] : eligible.filter((release) => inRange(release, range, tagPrefix));
    }
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
