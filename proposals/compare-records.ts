import { weakerEvidence } from '../evidence/weaker.ts';
import type { ComparedEntry } from '../evidence/weaker.ts';
import { compareVersions, tagBeginning, versionOf } from '../ledger-schema/versions/version.ts';
import { followedFiles } from './versionless.ts';

/** A record as a comparison needs it; sizes in bytes. */
export interface ComparedRecord {
  readonly tag: string;
  readonly assets: readonly { readonly name: string; readonly size: number }[];
  readonly evidence?: readonly ComparedEntry[] | undefined;
}

export interface SizeJump {
  readonly name: string;
  readonly before: number;
  readonly now: number;
}

/** What is new in a record compared with an earlier one of the same tool. */
export interface Comparison {
  readonly tag: string;
  /** Names of the new record. */
  readonly added: readonly string[];
  /** Names of the earlier record. */
  readonly missing: readonly string[];
  readonly jumps: readonly SizeJump[];
  /** Who signed the earlier record's files but not these. */
  readonly unsigned: readonly Pick<ComparedEntry, 'kind' | 'signer' | 'predicate'>[];
}

/** A size that grew by half or shrank by a third is worth a look; below this many bytes nobody cares. */
const SMALL_DIFFERENCE = 4096;

/** The tag before `tag`: of the next lower version, among those that begin alike. Undefined where there is none. */
export function previousTag(tag: string, tags: Iterable<string>): string | undefined {
  const version = versionOf(tag);
  if (version === undefined) return undefined;
  let best: { tag: string; version: NonNullable<ReturnType<typeof versionOf>> } | undefined;
  for (const other of tags) {
    if (other === tag || tagBeginning(other) !== tagBeginning(tag)) continue;
    const lower = versionOf(other);
    if (lower === undefined || compareVersions(lower, version) >= 0) continue;
    if (best === undefined || compareVersions(lower, best.version) > 0) best = { tag: other, version: lower };
  }
  return best?.tag;
}

function jumped(before: number, now: number): boolean {
  return Math.abs(now - before) >= SMALL_DIFFERENCE && (now * 2 > before * 3 || now * 3 < before * 2);
}

/**
 * The other tags of a tool, those that are worth comparing with first: lower versions of the same series of tags from the
 * highest down, then higher ones from the lowest up, then those of the series that are not versions, then other series.
 */
export function comparableTags(tag: string, tags: Iterable<string>): string[] {
  const version = versionOf(tag);
  const rank = (other: string): number => {
    if (tagBeginning(other) !== tagBeginning(tag)) return 3;
    const its = versionOf(other);
    return version === undefined || its === undefined ? 2 : compareVersions(its, version) < 0 ? 0 : 1;
  };
  const byVersion = (a: string, b: string): number => {
    const [left, right] = [versionOf(a), versionOf(b)];
    if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined);
    return compareVersions(right, left);
  };
  const byName = (a: string, b: string): number => (a < b ? 1 : a > b ? -1 : 0);
  return [...tags]
    .filter((other) => other !== tag)
    .map((other) => ({ other, rank: rank(other) }))
    .sort((a, b) => {
      if (a.rank !== b.rank) return a.rank - b.rank;
      const order = byVersion(a.other, b.other) || byName(a.other, b.other);
      return a.rank === 1 ? -order : order;
    })
    .map(({ other }) => other);
}

/** Compares two records of a tool by their files' names, versions aside, and sizes. */
export function compareRecords(before: ComparedRecord, now: ComparedRecord): Comparison {
  const earlier = new Map(before.assets.map(({ name, size }) => [name, size]));
  const followed = followedFiles(namesOf(before), namesOf(now));
  const added: string[] = [];
  const jumps: SizeJump[] = [];
  for (const { name, size } of now.assets) {
    const match = followed.get(name);
    const was = match === undefined ? undefined : earlier.get(match);
    if (was === undefined) added.push(name);
    else if (jumped(was, size)) jumps.push({ name, before: was, now: size });
  }
  const matched = new Set(followed.values());
  const missing = [...earlier.keys()].filter((name) => !matched.has(name));
  const unsigned = weakerEvidence(before.evidence, now.evidence).map(({ kind, signer, predicate }) => ({
    kind,
    signer,
    ...(predicate === undefined ? {} : { predicate }),
  }));
  return { tag: before.tag, added, missing, jumps, unsigned };
}

function namesOf({ tag, assets }: ComparedRecord): { readonly tag: string; readonly names: readonly string[] } {
  return { tag, names: assets.map(({ name }) => name) };
}
