// How upstreams name their lists of digests.

/** A signature, a certificate or an archive is no list, whatever its name begins with. */
const NO_LIST =
  /\.(?:asc|sig|sign|minisig|gpg|pem|crt|cert|cer|pub|key|p7s|sigstore|bundle|att|prov|json|jsonl|gz|tgz|zip|xz|zst|bz2|exe|sh|py|ps1)$/i;
/** `SHA256SUMS`, `tool_1.2_checksums.txt`, `a.tar.gz.sha256`: words that nothing else has. */
const SURE =
  /(?:^|[._-])(?:checksums?|sha(?:2-?)?-?(?:256|512)(?:sums?|checksums?)?|shasums?-?(?:256|512)?)(?:[._-][^/]*)?$|(?:checksum|sha256|sha512)[^/]*\.txt$/i;
/** `hashes.txt`, `a.digest`, `a.sha`: words that programs have too, and so the last ones. */
const LAST = /(?:^|[._-])(?:hash(?:es)?|digests?|dgst|sha2?)(?:\.txt)?$/i;
/** Lists of what doesn't count, unless their name says that they hold something better too. */
const WEAK = /(?:^|[._-])(?:md5|sha-?1|sha-?224|sha3(?:[._-]?\d+)?|b[23]|blake\w*|crc\w*|xxh\w*)(?:sums?)?(?:[._-]|$)/i;
const STRONG = /sha-?(?:2-?)?-?(?:256|512)/i;

/** `a.sha256`, `a.sha`, `a-sha256.txt`, `a.sha512sum`: how a list is named after its one file. */
const NAMED_AFTER =
  /^(.+?)([.\-_](?:sha(?:2-)?-?(256|512)?(?:sums?)?|checksums?|digests?|hash(?:es)?|dgst)(?:\.(?:txt|sha256|sha512))?)$/i;
/** What follows a name's stem: `kdash-macos.sha256` belongs to `kdash-macos.tar.gz`. */
const ENDING = /^\.(?:tar\.\w{1,4}|tgz|txz|tbz2?|zip|7z|gz|xz|zst|bz2|exe|deb|rpm|apk|msi|pkg|dmg|appimage|jar)$/i;

/** Is a file, by its name, a list of digests that count? */
export function isListName(name: string): boolean {
  if (NO_LIST.test(name) || (WEAK.test(name) && !STRONG.test(name))) return false;
  return SURE.test(name) || LAST.test(name);
}

/** The signature of a list, by its name: SHA256SUMS.asc, tool_1.2_checksums.txt.sig. */
export function isSignedListName(name: string): boolean {
  const list = /^(.+)\.(?:asc|sig|sign|gpg|minisig)$/i.exec(name)?.[1];
  return list !== undefined && isListName(list);
}

/** A list that is named after one file: which, and what its name adds to that one's or to its stem. */
export interface NamedAfter {
  readonly subject: string;
  readonly ending: string;
  /** What the list's name says of its algorithm. */
  readonly bits?: '256' | '512' | undefined;
}

/**
 * The file that a list is named after: by its whole name, else the one of `files` that has it as its stem. Without such a
 * file, or where several have that stem, the name itself.
 */
export function namedAfter(list: string, files: readonly string[]): NamedAfter | undefined {
  const [, stem, ending = '', bits] = NAMED_AFTER.exec(list) ?? [];
  if (stem === undefined) return undefined;
  const named = { ending, bits: bits === '256' || bits === '512' ? bits : undefined } as const;
  if (files.includes(stem)) return { ...named, subject: stem };
  const behind = files.filter((name) => name.startsWith(stem) && ENDING.test(name.slice(stem.length)));
  return { ...named, subject: (behind.length === 1 ? behind[0] : undefined) ?? stem };
}
