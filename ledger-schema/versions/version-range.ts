import type { Comparator, Range, SemVer } from 'semver';
import { compareVersions, tokens } from './version.ts';
import type { Version } from './version.ts';

/** A comparator's own version; semver writes the lowest prerelease as `-0`. */
function asVersion({ major, minor, patch, prerelease }: SemVer): Version {
  const suffix = tokens(prerelease.join('.'));
  return { numbers: [major, minor, patch], rank: prerelease.length === 0 ? 0 : -1, suffix, build: [] };
}

function holds(version: Version, { operator, semver }: Comparator): boolean {
  // Any version at all: semver's ANY has no numbers.
  if (typeof semver !== 'object') return true;
  const order = compareVersions(version, asVersion(semver));
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '':
    case '=':
      return order === 0;
  }
}

/** A prerelease is in a range of releases only where the range names one of the same numbers, as npm has it. */
function names(comparators: readonly Comparator[], { numbers }: Version): boolean {
  return comparators.some(({ semver }) => {
    if (typeof semver !== 'object' || semver.prerelease.length === 0) return false;
    return [semver.major, semver.minor, semver.patch].every((each, i) => each === (numbers[i] ?? 0));
  });
}

/**
 * Is the version in the range? By {@link compareVersions}, so that a fourth number and what follows it count too.
 * Prereleases count as in npm's `semver`, or all of them do where the range was read with `includePrerelease`.
 */
export function isInRange(version: Version, range: Range): boolean {
  return range.set.some(
    (comparators) =>
      comparators.every((each) => holds(version, each)) &&
      (version.rank >= 0 || range.includePrerelease || names(comparators, version)),
  );
}
