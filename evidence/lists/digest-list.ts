import { fromUtf8 } from '../../ledger-schema/bytes.ts';
import { readLines } from './digest-lines.ts';
import type { ListAlgorithm } from './digest-lines.ts';

export type { ListAlgorithm } from './digest-lines.ts';

/** What lists say of one file: lower-case hex; more than one digest of an algorithm is a contradiction. */
export type ListedDigests = Readonly<Record<ListAlgorithm, ReadonlySet<string>>>;

/** The most bytes of a list that is read: tens of thousands of files. */
export const LIST_BYTES = 4 * 1024 * 1024;

/** `a.sha256`, `a.sha`, `a-sha256.txt`, `a.sha512sum`: how a list is named after its one file. */
const NAMED_AFTER = /^(.+?)[.\-_](?:sha-?(256|512)?(?:sums?)?|checksum|digest)(?:\.txt)?$/i;
/** What follows a name's stem: `kdash-macos.sha256` belongs to `kdash-macos.tar.gz`. */
const ENDING = /^\.(?:tar\.\w{1,4}|tgz|txz|tbz2?|zip|7z|gz|xz|zst|bz2|exe|deb|rpm|apk|msi|pkg|dmg|appimage|jar)$/i;

/**
 * Reads a list of digests as upstreams publish them: GNU and BSD lines, PowerShell's and certutil's, or one digest
 * alone (or of `-`) in a file that is named after its asset. The last part of a path is the name. A name with spaces
 * also counts with dots, as GitHub spells it. md5, sha1 and all other lines are ignored. The bytes are upstream's,
 * bounded by {@link LIST_BYTES}; `listName` is the list's own name, `files` those that it may be about.
 */
export function parseDigestList(
  bytes: Uint8Array,
  listName: string,
  files: readonly string[] = [],
): ReadonlyMap<string, ListedDigests> {
  const found = new Map<string, Record<ListAlgorithm, Set<string>>>();
  const add = (name: string, algorithm: ListAlgorithm, hex: string): void => {
    const digests = found.get(name) ?? { sha256: new Set(), sha512: new Set() };
    digests[algorithm].add(hex.toLowerCase());
    found.set(name, digests);
  };
  const text = decode(bytes);
  if (text === undefined) return found;
  for (const { name, algorithm, hex } of readLines(text)) {
    const own = name === undefined || name === '-' ? subjectOf(listName, algorithm, files) : lastPart(name);
    if (own === undefined || own === '') continue;
    add(own, algorithm, hex);
    if (own.includes(' ')) add(own.replaceAll(' ', '.'), algorithm, hex);
  }
  return found;
}

/**
 * UTF-8 with or without a byte order mark, or UTF-16 with one, as PowerShell 5 writes it. Undefined where it is
 * neither.
 */
function decode(bytes: Uint8Array): string | undefined {
  if (bytes.length > LIST_BYTES) return undefined;
  const [first, second] = bytes;
  const wide =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : undefined;
  if (wide === undefined) return fromUtf8(bytes)?.replace(/^\uFEFF/, '');
  try {
    return new TextDecoder(wide, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** `dist/a`, `./a`, `/home/runner/work/a` and `386\a` are `a`. */
function lastPart(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** The file that a list is named after: by its whole name, else the one of `files` that has it as its stem. */
function subjectOf(listName: string, algorithm: ListAlgorithm, files: readonly string[]): string | undefined {
  const [, subject, bits] = NAMED_AFTER.exec(listName) ?? [];
  if (subject === undefined || (bits !== undefined && algorithm !== `sha${bits}`)) return undefined;
  if (files.length === 0 || files.includes(subject)) return subject;
  const behind = files.filter((name) => name.startsWith(subject) && ENDING.test(name.slice(subject.length)));
  return behind.length === 1 ? behind[0] : subject;
}

/** The digest in a list that holds just one, without a name. */
export function loneDigest(bytes: Uint8Array): { algorithm: ListAlgorithm; digest: string } | undefined {
  const text = bytes.length > 1024 ? undefined : decode(bytes);
  const [only, ...others] = text === undefined ? [] : [...readLines(text)];
  if (only === undefined || others.length > 0 || (only.name !== undefined && only.name !== '-')) return undefined;
  return { algorithm: only.algorithm, digest: only.hex.toLowerCase() };
}
