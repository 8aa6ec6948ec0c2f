import { compareVersions, tagBeginning, versionOf } from '../ledger-schema/version.ts';
import { followedFiles } from './versionless.ts';

/** A record as a comparison needs it; sizes in bytes. */
export interface ComparedRecord {
  readonly tag: string;
  readonly assets: readonly { readonly name: string; readonly size: number }[];
}

export interface SizeJump {
  readonly name: string;
  readonly before: number;
  readonly now: number;
}

/** What is new in a record against an earlier one of the same tool. */
export interface Comparison {
  readonly tag: string;
  /** Names of the new record. */
  readonly added: readonly string[];
  /** Names of the earlier record. */
  readonly missing: readonly string[];
  readonly jumps: readonly SizeJump[];
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
  return { tag: before.tag, added, missing: [...earlier.keys()].filter((name) => !matched.has(name)), jumps };
}

function namesOf({ tag, assets }: ComparedRecord): { readonly tag: string; readonly names: readonly string[] } {
  return { tag, names: assets.map(({ name }) => name) };
}
