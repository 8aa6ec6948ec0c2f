import { brief, fromUtf8 } from '../../ledger-schema/bytes.ts';
import { isWeakLine, readLines } from './digest-lines.ts';
import { namedAfter } from './list-name.ts';
import type { ListAlgorithm } from './digest-lines.ts';

export type { ListAlgorithm } from './digest-lines.ts';

/** What lists say of one file: lower-case hex; more than one digest of an algorithm is a contradiction. */
export type ListedDigests = Readonly<Record<ListAlgorithm, ReadonlySet<string>>>;

/** The most bytes of a list that is read: tens of thousands of files. */
export const LIST_BYTES = 4 * 1024 * 1024;

/**
 * Reads a list of digests as upstreams publish them: GNU and BSD lines, PowerShell's and certutil's, or one digest
 * alone (or of `-`) in a file that is named after its asset. The last part of a path is the name. A name with spaces
 * also counts as GitHub spells it, with dots for what it replaces. md5, sha1 and all other lines are ignored. The bytes are upstream's,
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
    const own = isOfItself(name) ? subjectOf(listName, algorithm, files) : lastPart(name ?? '');
    if (own === undefined || own === '') continue;
    add(own, algorithm, hex);
    for (const spelled of new Set([own.replaceAll(' ', '.'), asOnGitHub(own)])) {
      if (spelled !== own) add(spelled, algorithm, hex);
    }
  }
  return found;
}

/** No name, or standard input's: the list is named after its file. */
function isOfItself(name: string | undefined): boolean {
  return name === undefined || /^\*?-$|^stdin$|^\(stdin\)$/.test(name);
}

/** GitHub replaces what it doesn't take in a file's name. */
function asOnGitHub(name: string): string {
  return name.replace(/[^A-Za-z0-9._@+-]+/g, '.').replace(/\.{2,}/g, '.');
}

/** Why a list has no digest for a file, for a message; its name is the caller's to add. */
export function whyUnlisted(bytes: Uint8Array, listName: string, file: string, files: readonly string[]): string {
  const text = decode(bytes);
  if (bytes.length > LIST_BYTES) return `has more than ${LIST_BYTES} bytes`;
  if (text === undefined) return 'is not text in UTF-8 or UTF-16';
  if (text.split(/\r\n|\n|\r/).some((line) => isWeakLine(line, file))) {
    return `has only md5 or sha1 of ${file}, which do not count`;
  }
  const listed = [...parseDigestList(bytes, listName, files).keys()];
  // JSON, YAML, base64, sha384: that it says something of the file is not denied.
  if (!listed.includes(file) && standsIn(text, file)) {
    return `names ${file}, but without a sha256 or sha512 in a form that is read: hex and a name in one line, as sha256sum writes them`;
  }
  if (listed.length === 0) return `has no sha256 or sha512 of ${file}, nor of any other file`;
  const others = listed.slice(0, 3).map((name) => brief(name));
  const more = listed.length > others.length ? ` and ${listed.length - others.length} more` : '';
  return `has no sha256 or sha512 of ${file}, only of ${others.join(', ')}${more}`;
}

/** Does the whole name stand there, and not as a part of a longer one? */
function standsIn(text: string, file: string): boolean {
  const literal = file.replace(/[^\w]/g, String.raw`\$&`);
  return new RegExp(`(?<![\\w.+-])${literal}(?![\\w.+-])`).test(text);
}

/** UTF-8 or UTF-16, as PowerShell 5 writes it, with or without a byte order mark. Undefined where it is neither. */
function decode(bytes: Uint8Array): string | undefined {
  if (bytes.length > LIST_BYTES) return undefined;
  const [first, second] = bytes;
  const marked = first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : '';
  const wide = marked || wideWithoutMark(first, second);
  if (wide === undefined) return fromUtf8(bytes)?.replace(/^\uFEFF/, '');
  try {
    return new TextDecoder(wide, { fatal: true }).decode(bytes).replace(/^\uFEFF/, '');
  } catch {
    return undefined;
  }
}

/** No text in UTF-8 has a zero byte among its first two. */
function wideWithoutMark(first: number | undefined, second: number | undefined): 'utf-16le' | 'utf-16be' | undefined {
  if (first === undefined || second === undefined || (first === 0) === (second === 0)) return undefined;
  return second === 0 ? 'utf-16le' : 'utf-16be';
}

/** `dist/a`, `./a`, `/home/runner/work/a` and `386\a` are `a`. */
function lastPart(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** The file that a list of one digest is named after, where the name doesn't speak of another algorithm. */
function subjectOf(listName: string, algorithm: ListAlgorithm, files: readonly string[]): string | undefined {
  const named = namedAfter(listName, files);
  return named?.bits === undefined || algorithm === `sha${named.bits}` ? named?.subject : undefined;
}

/** The digest in a list that holds just one, without a name. */
export function loneDigest(bytes: Uint8Array): { algorithm: ListAlgorithm; digest: string } | undefined {
  const text = bytes.length > 1024 ? undefined : decode(bytes);
  const [only, ...others] = text === undefined ? [] : [...readLines(text)];
  if (only === undefined || others.length > 0 || !isOfItself(only.name)) return undefined;
  return { algorithm: only.algorithm, digest: only.hex.toLowerCase() };
}
