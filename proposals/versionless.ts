import { versionText } from '../ledger-schema/versions/version.ts';

/** Numbers that say which processor a file is for: in `tool-linux-x86_64` at the tag v64 none of them is the version. */
const PROCESSORS = /^(?:32|64|86|386|686|7|8)$/;
/** What replaces the version in a name, however the version is written. */
const MARK = '{version}';

/**
 * A file's name without its release's version, so that `jq-1.7.tar.gz` and `jq-1.8.tar.gz` are one file of two releases.
 * A version counts only where it stands alone: in `SHA256SUMS.asc` at the tag v2 the 2 is part of a word. Pure.
 */
export function versionless(name: string, tag: string): string {
  const version = versionText(tag);
  if (version === undefined) return name;
  return spellings(version).reduce((text, spelling) => text.replace(standingAlone(spelling), MARK), name);
}

/** GitHub writes `.` for `+`, other tools write `_` or `-` for a dot. */
function spellings(version: string): string[] {
  const plain = version.replaceAll('+', '.');
  const base = /^\d+(?:\.\d+)+/.exec(version)?.[0] ?? version;
  return [...new Set([version, plain, base.replaceAll('.', '_'), base.replaceAll('.', '-')])];
}

function standingAlone(version: string): RegExp {
  const text = version.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  // `7z` is an ending, and not part of the version.
  const after = '(?![0-9]|[._-]?(?:alpha|beta|rc|pre)|\\.(?!7z\\b)[0-9])';
  if (/^\d+[^0-9]+\d/.test(version)) return new RegExp(`(?<![0-9]|[0-9]\\.)${text}${after}`, 'g');
  // One number alone: at the beginning, after a separator, or after a `v` in either place.
  const before = PROCESSORS.test(version) ? '(?<=(?:^|[-_.@])[vV])' : '(?<=(?:^|[-_@])[vV]?|\\.[vV])';
  return new RegExp(`${before}${text}(?![0-9A-Za-z])${after}`, 'g');
}

/**
 * Which file of an earlier release each file of a later one follows: the one of the very same name, else the one whose
 * name differs by the version alone. Names, by the later name; a file that is new has none. Pure.
 */
export function followedFiles(
  before: { readonly tag: string; readonly names: readonly string[] },
  now: { readonly tag: string; readonly names: readonly string[] },
): ReadonlyMap<string, string> {
  const same = new Set(now.names);
  const earlier = new Set(before.names);
  const left = new Map<string, string>();
  for (const name of before.names) if (!same.has(name)) left.set(versionless(name, before.tag), name);
  const followed = new Map<string, string>();
  for (const name of now.names) {
    const key = versionless(name, now.tag);
    const match = earlier.has(name) ? name : left.get(key);
    if (match === undefined) continue;
    followed.set(name, match);
    if (match !== name) left.delete(key);
  }
  return followed;
}
