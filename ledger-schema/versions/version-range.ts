import { Range } from 'semver';
import type { Comparator as SemverComparator, SemVer } from 'semver';
import { compareVersions, versionOf } from './version.ts';
import type { Version } from './version.ts';

type Operator = '<' | '<=' | '>' | '>=' | '=';

interface Comparator {
  readonly operator: Operator;
  readonly version: Version;
}

/** A range of versions: one of `alternatives` must hold as a whole; an empty one always does. */
export interface VersionRange {
  /** As it was written. */
  readonly raw: string;
  readonly alternatives: readonly (readonly Comparator[])[];
  /** Do prereleases count that the range doesn't name? */
  readonly includePrerelease: boolean;
}

export interface RangeOptions {
  /** Is `1.2.3beta` good enough for `1.2.3-beta`? */
  readonly loose?: boolean;
  readonly includePrerelease?: boolean;
}

/** What semver can't read: four numbers and more, or something behind them that isn't a prerelease: `~8.1.0.6389`. */
const LONG = /^(>=|<=|>|<|=|~|\^)?([vV]?\d+(?:\.\d+){3,}(?:[-+.].*)?)$/;

/** Reads npm's ranges of versions, of any number of numbers: `^1.2`, `>=8.1.0.6000 <8.2`. Undefined where it isn't one. */
export function parseRange(raw: string, options: RangeOptions = {}): VersionRange | undefined {
  const alternatives: (readonly Comparator[])[] = [];
  for (const text of raw.split('||')) {
    const read = readAlternative(text, options);
    if (read === undefined) return undefined;
    alternatives.push(read);
  }
  return { raw, alternatives, includePrerelease: options.includePrerelease === true };
}

/** A range with the prereleases that it would leave out. */
export function withPrereleases({ raw }: VersionRange): VersionRange | undefined {
  return parseRange(raw, { loose: true, includePrerelease: true });
}

function readAlternative(text: string, options: RangeOptions): readonly Comparator[] | undefined {
  const words = text
    .trim()
    .replace(/([<>=~^])\s+/g, '$1')
    .split(/\s+/);
  const long = words.map((word) => readLong(word));
  const short = words.filter((_, i) => long[i] === undefined).join(' ');
  const read = short === '' && words.length > 1 ? [] : long.includes(undefined) ? readSemver(short, options) : [];
  return read && [...long.flatMap((each) => each ?? []), ...read];
}

function readSemver(text: string, options: RangeOptions): readonly Comparator[] | undefined {
  try {
    const [set = []] = new Range(text, options).set;
    return set.flatMap((each) => asComparator(each));
  } catch {
    return undefined;
  }
}

function readLong(word: string): readonly Comparator[] | undefined {
  const [, operator = '=', text = ''] = LONG.exec(word) ?? [];
  const version = text === '' ? undefined : versionOf(text);
  if (version === undefined) return undefined;
  if (operator !== '~' && operator !== '^') return [{ operator: operator as Operator, version }];
  const { numbers } = version;
  const first = numbers.findIndex((each) => each > 0);
  const raised = operator === '~' ? numbers.length - 2 : first < 0 ? numbers.length - 1 : first;
  const above = numbers.slice(0, raised + 1).map((each, i) => (i === raised ? each + 1 : each));
  return [
    { operator: '>=', version },
    { operator: '<', version: lowest(above) },
  ];
}

/** What comes before every prerelease of these numbers. */
function lowest(numbers: readonly number[]): Version {
  return { numbers, rank: -1, suffix: [], build: [] };
}

/** Any version at all is no comparator: semver's ANY has no numbers. */
function asComparator({ operator, semver }: SemverComparator): Comparator[] {
  if (typeof semver !== 'object') return [];
  return [{ operator: operator === '' ? '=' : operator, version: asVersion(semver) }];
}

/** A comparator's own version; semver writes the lowest prerelease as `-0`. */
function asVersion({ major, minor, patch, prerelease }: SemVer): Version {
  const numbers = [major, minor, patch];
  if (prerelease.length === 1 && prerelease[0] === 0) return lowest(numbers);
  const text = prerelease.length === 0 ? '' : `-${prerelease.join('.')}`;
  return versionOf(`${numbers.join('.')}${text}`) ?? lowest(numbers);
}

function holds(version: Version, { operator, version: bound }: Comparator): boolean {
  const order = compareVersions(version, bound);
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '=':
      return order === 0;
  }
}

/** A prerelease is in a range of releases only where the range names one of the same numbers, as npm has it. */
function names(comparators: readonly Comparator[], { numbers }: Version): boolean {
  return comparators.some(({ version }) => {
    if (version.rank >= 0 || version.suffix.length === 0) return false;
    return [0, 1, 2].every((i) => (version.numbers[i] ?? 0) === (numbers[i] ?? 0));
  });
}

/**
 * Is the version in the range? By {@link compareVersions}, so that a fourth number and what follows it count too.
 * Prereleases count as in npm's `semver`, or all of them do where the range was read with `includePrerelease`.
 */
export function isInRange(version: Version, { alternatives, includePrerelease }: VersionRange): boolean {
  return alternatives.some(
    (comparators) =>
      comparators.every((each) => holds(version, each)) &&
      (version.rank >= 0 || includePrerelease || names(comparators, version)),
  );
}
