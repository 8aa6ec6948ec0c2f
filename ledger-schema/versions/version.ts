/** The most characters of a tag that are read as a version. */
const MAX_LENGTH = 200;
/** The most digits of one number: what follows stays exact. */
const MAX_DIGITS = 15;

/** What a tag says of its version; compared by {@link compareVersions}. */
export interface Version {
  /** One number or more: 8, 1, 0, 6389 of `8.1.0.6389`. */
  readonly numbers: readonly number[];
  /** -1: a prerelease; 0: the release itself; 1: something after it, as `.post0`, `w` of `1_1_1w`, `.windows.2`. */
  readonly rank: -1 | 0 | 1;
  /** The words and numbers that follow, in lower case. */
  readonly suffix: readonly (string | number)[];
  /** Build metadata behind `+`: decides between two that are equal otherwise. */
  readonly build: readonly (string | number)[];
}

/** Words of a prerelease, in the order in which they come; those of one row are equal. */
const PRERELEASE = [
  ['dev', 'devel', 'develop', 'nightly', 'snapshot', 'canary', 'experimental', 'unstable', 'next', 'edge', 'trunk'],
  ['insider', 'insiders', 'test', 'testing', 'wip', 'poc', 'pr', 'prealpha'],
  ['alpha', 'a'],
  ['beta', 'b'],
  ['m', 'milestone', 'ea', 'eap', 'tp'],
  ['pre', 'preview', 'prerelease'],
  ['rc', 'cr', 'c', 'candidate'],
].flatMap((words, place) => words.map((word): [string, number] => [word, place]));
const PRERELEASE_PLACE = new Map(PRERELEASE);
/** Words that say nothing more than that it is the release. */
const PLAIN = new Set(['final', 'ga', 'release', 'stable', 'lts']);

/** A day with hyphens, and what was counted on it: `2026-08-17.4`. */
const DATE = /(?:19|20)\d\d-[01]\d-[0-3]\d(?:[._]\d+)?(?!\d)/;
/** A commit: it says nothing about what is newer. `20240101a` and `20240101rc1` are none. */
const COMMIT = /(?<![A-Za-z0-9])g?(?=[0-9]*[a-f][a-f]*[0-9])[0-9a-f]{7,64}(?![A-Za-z0-9])/gi;

interface Found {
  /** Where the numbers begin. */
  readonly at: number;
  readonly text: string;
}

/** The group of numbers that is the tag's version; the first one with a separator inside, else the first one. */
function findNumbers(text: string): Found | undefined {
  const tag = text.replace(COMMIT, (commit) => 'x'.repeat(commit.length));
  const groups = [...tag.matchAll(/\d+(?:[._]\d+)*|\d+(?:-\d+)+/g)].map(({ 0: text, index }) => ({ text, at: index }));
  const whole = groups.filter(({ at, text }) => isBoundary(tag, at) && !isName(tag.slice(at + text.length)));
  const found = whole.find(({ text }) => /[._]/.test(text)) ?? whole[0] ?? groups[0];
  if (found === undefined) return undefined;
  // `2024-01-15` and `boost-1-2-3`: numbers that only hyphens join.
  const date = DATE.exec(tag);
  if (date !== null && isBoundary(tag, date.index)) return { at: date.index, text: date[0] };
  const joined = /^\d+(?:-\d+){2,}(?![._]?\d)/.exec(tag.slice(found.at));
  return joined === null || /[._]/.test(found.text) ? found : { at: found.at, text: joined[0] };
}

/** Does no word run into the number? `v` may: `v1`, `cli/v1`; in `k3s-v1.2` the 3 belongs to a name. */
function isBoundary(tag: string, at: number): boolean {
  return at === 0 || /(?:[^A-Za-z0-9]|(?:^|[^A-Za-z0-9])[vVrR])$/.test(tag.slice(0, at));
}

/**
 * `7zip`, `2fa`: letters right after a number belong to a name, unless they are a prerelease's word or a single letter.
 */
function isName(behind: string): boolean {
  const word = /^[A-Za-z]{2,}/.exec(behind)?.[0].toLowerCase();
  return word !== undefined && !PRERELEASE_PLACE.has(word) && !PLAIN.has(word) && !/^(?:post|p|r|rev|sp)$/.test(word);
}

/** What comes before a tag's version: `jq-` of `jq-1.7.1`, `cli/v` of `cli/v1.2`. The whole tag without a digit. */
export function tagBeginning(tag: string): string {
  const found = tag.length > MAX_LENGTH ? undefined : findNumbers(tag);
  return found === undefined ? tag : tag.slice(0, found.at);
}

/** A tag from its version on, after `prefix`: `1.7.1` of `jq-1.7.1`. Undefined without a digit. */
export function versionText(tag: string, prefix = ''): string | undefined {
  const rest = tag.startsWith(prefix) ? tag.slice(prefix.length) : tag;
  const found = rest.length > MAX_LENGTH ? undefined : findNumbers(rest);
  return found === undefined ? undefined : rest.slice(found.at);
}

/** Does the text begin with a version, as what follows a `tag-prefix` must: `1.2`, `v1.2`? */
export function beginsWithVersion(text: string): boolean {
  return /^[vV]?\d/.test(text) && versionOf(text) !== undefined;
}

/**
 * The version that a tag names (after `prefix`): `jq-1.7.1` is 1.7.1, `v3` is 3, `curl-8_11_0` is 8.11.0, `1.2.3.4` has
 * four numbers. Undefined where it can't be read as one.
 */
export function versionOf(tag: string, prefix = ''): Version | undefined {
  if (prefix !== '') return readVersion(versionText(tag, prefix));
  if (known.has(tag)) return known.get(tag);
  const version = readVersion(versionText(tag));
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(tag, version);
  return version;
}

/** What was read of tags without a prefix: a list is put in order, and its newest are looked for again and again. */
const known = new Map<string, Version | undefined>();
const MOST_KNOWN = 2000;

function readVersion(text: string | undefined): Version | undefined {
  if (text === undefined) return undefined;
  const found = findNumbers(text);
  if (found === undefined) return undefined;
  const digits = found.text.split(/[._-]/);
  if (digits.some((each) => each.length > MAX_DIGITS)) return undefined;
  const [behind = '', ...build] = text
    .slice(found.at + found.text.length)
    .replace(COMMIT, '')
    .split('+');
  const read = readSuffix(behind);
  const late = tokens(build.join('.'));
  // `8.19+rc1` is no build of 8.19, whatever semver says.
  const early = read.rank === 0 && isPrereleaseWord(late[0]) ? { ...readSuffix(late.join('.')), build: [] } : undefined;
  return { numbers: digits.map(Number), ...read, build: late, ...early };
}

/** The words, in lower case, and the numbers of a text. */
export function tokens(text: string): (string | number)[] {
  const found = text.toLowerCase().match(/[a-z]+|\d+/g) ?? [];
  return found.map((each) => (/^\d/.test(each) && each.length <= MAX_DIGITS ? Number(each) : each));
}

/** A word that begins as a long one of a prerelease does is one: `alphanightly`. */
function isPrereleaseWord(word: string | number | undefined): boolean {
  if (typeof word !== 'string' || word.length < 2) return false;
  return PRERELEASE_PLACE.has(word) || /^(?:alpha|beta|preview|snapshot|nightly|canary)/.test(word);
}

function readSuffix(behind: string): Pick<Version, 'rank' | 'suffix'> {
  const suffix = tokens(behind);
  const [first, second] = suffix;
  if (first === undefined || (suffix.length === 1 && PLAIN.has(String(first)))) return { rank: 0, suffix: [] };
  // `1.0b2` is a beta, `1.0b` and `1_1_1w` are what came after 1.0.
  const lone = typeof first === 'string' && first.length === 1 && typeof second !== 'number';
  const before = !lone && suffix.some((each) => isPrereleaseWord(each));
  const short = !lone && typeof first === 'string' && PRERELEASE_PLACE.has(first);
  return { rank: before || short ? -1 : 1, suffix };
}

/**
 * Numbers as numbers, prereleases before their release, anything added to a release after it. Negative, 0 or positive.
 */
export function compareVersions(a: Version, b: Version): number {
  return compareNumbers(a.numbers, b.numbers) || a.rank - b.rank || compareTokens(a.suffix, b.suffix);
}

/** As {@link compareVersions}, and build metadata decides what is equal otherwise. */
export function compareBuilds(a: Version, b: Version): number {
  return compareVersions(a, b) || compareTokens(a.build, b.build);
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareTokens(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const difference = compareToken(a[i], b[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Nothing comes first, then numbers, then words: those of a prerelease in their order, others by length and letters. */
function compareToken(a: string | number | undefined, b: string | number | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'number' || typeof b === 'number') return typeof a === 'number' ? -1 : 1;
  const [first, second] = [PRERELEASE_PLACE.get(a), PRERELEASE_PLACE.get(b)];
  if (first !== undefined && second !== undefined) return first - second;
  const lettersOfPatch = /^z*[a-z]$/;
  const byLength = lettersOfPatch.test(a) && lettersOfPatch.test(b) ? a.length - b.length : 0;
  return byLength || (a < b ? -1 : a > b ? 1 : 0);
}

/**
 * How the numbers of a version count: `day` for `20240115`, `year` for a date's year first as `2024.01.15`. Neither can be
 * compared with the other, nor with `1.4.0`, whose numbers count `releases`.
 */
export function countOf({ numbers: [first = 0, second] }: Version): 'day' | 'year' | 'releases' {
  if (first >= 19_900_101 && first <= 21_001_231) return 'day';
  return first >= 1990 && first <= 2100 && second !== undefined ? 'year' : 'releases';
}
