import { isInRange, parseRange, withPrereleases } from '../ledger-schema/versions/version-range.ts';
import type { VersionRange } from '../ledger-schema/versions/version-range.ts';
import { compareBuilds, countOf, tagBeginning, versionOf } from '../ledger-schema/versions/version.ts';
import type { Version } from '../ledger-schema/versions/version.ts';

/** Which of a tool's records to use, by the versions in their tags. */
export interface Choice {
  /** The range; undefined for `latest`. */
  readonly range?: VersionRange | undefined;
  /** The beginning that was named (`cli` in `cli/^1.2`), if any. */
  readonly beginning?: string | undefined;
}

/** The records of one beginning: `jq-1.6`, `jq-1.7` and so on. */
export interface TagGroup {
  /** How a person names it, in lower case: the text before the first digit without a last `v` and separator; often empty. */
  readonly name: string;
  /** The texts before the first digit that share this name: `v` and nothing, `cli/v`. */
  readonly beginnings: ReadonlySet<string>;
  /** Newest first. */
  readonly tags: readonly { readonly tag: string; readonly version: Version }[];
}

/** What a range begins with. A version with a letter before it (`v1.2`) is a tag, and never means another one. */
const RANGE_START = /^[\d^~<>=*]/;

/**
 * Reads `latest`, a semver range, or either behind a beginning and a slash: `cli/latest`, `cli/^1.2`. Undefined where the
 * text can only be a tag's name.
 */
export function parseChoice(text: string): Choice | undefined {
  const slash = text.lastIndexOf('/');
  const beginning = slash < 0 ? undefined : text.slice(0, slash);
  const last = text.slice(slash + 1);
  if (last === 'latest') return { beginning };
  if (!RANGE_START.test(last) || last.length > 255) return undefined;
  const range = parseRange(last, { loose: true });
  return range && { range, beginning };
}

/** `cli/v` is named `cli`, `jq-` is named `jq`, `Z3-` is named `z3` as `z3-` is, and `v` has an empty name. */
export function beginningName(beginning: string): string {
  return beginning
    .replace(/(^|[^A-Za-z])v$/i, '$1')
    .replace(/[-_/.@+]+$/, '')
    .toLowerCase();
}

/** Sorts tags into groups by how they begin; tags without a version are in none. Groups are sorted by name. */
export function groupTags(tags: readonly string[]): TagGroup[] {
  const groups = new Map<string, { beginnings: Set<string>; tags: { tag: string; version: Version }[] }>();
  for (const tag of tags) {
    const version = versionOf(tag);
    if (version === undefined) continue;
    const beginning = tagBeginning(tag);
    const name = beginningName(beginning);
    const group = groups.get(name) ?? { beginnings: new Set(), tags: [] };
    group.beginnings.add(beginning);
    group.tags.push({ tag, version });
    groups.set(name, group);
  }
  return [...groups]
    .map(([name, group]) => ({ name, beginnings: group.beginnings, tags: group.tags.sort(newestFirst) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function newestFirst(a: { tag: string; version: Version }, b: { tag: string; version: Version }): number {
  return compareBuilds(b.version, a.version) || (a.tag < b.tag ? 1 : -1);
}

/**
 * The tags of a group that nobody can put before or after `tag`: one that is the same version spelled differently (`1.0`
 * and `v1.0.0`), or a number beside a date (`1.4.0` and `2024.01.15`).
 */
export function incomparable(group: TagGroup, tag: string): string[] {
  const version = group.tags.find((entry) => entry.tag === tag)?.version;
  if (version === undefined) return [];
  const others = group.tags.filter(
    (other) =>
      other.tag !== tag && (countOf(other.version) !== countOf(version) || compareBuilds(other.version, version) === 0),
  );
  return others.map((other) => other.tag);
}

/** Is it the group that was named, by its name or by the very text that its tags begin with? */
export function isNamed(group: TagGroup, beginning: string): boolean {
  return (
    group.name === beginning.toLowerCase() || group.beginnings.has(beginning) || group.beginnings.has(`${beginning}/`)
  );
}

/**
 * A group's tags that the choice allows, best first: prereleases only where the range names them, or, behind all
 * others, in case there is nothing else.
 */
export function candidates(group: TagGroup, range: VersionRange | undefined): string[] {
  const wide = range === undefined ? undefined : withPrereleases(range);
  const preferred = group.tags.filter(({ version }) =>
    range === undefined ? version.rank >= 0 : isInRange(version, range),
  );
  const last = group.tags.filter(
    (entry) =>
      entry.version.rank < 0 && !preferred.includes(entry) && (wide === undefined || isInRange(entry.version, wide)),
  );
  return [...preferred, ...last].map(({ tag }) => tag);
}
