import { fromUtf8 } from '../ledger-schema/bytes.ts';

export type ListAlgorithm = 'sha256' | 'sha512';

/** What lists say of one file: lower-case hex; more than one digest of an algorithm is a contradiction. */
export type ListedDigests = Readonly<Record<ListAlgorithm, ReadonlySet<string>>>;

/** The most bytes of a list that is read: tens of thousands of files. */
export const LIST_BYTES = 4 * 1024 * 1024;

/** GNU coreutils: `<hex> <space or *><name>`; more white space is seen in the wild. */
const GNU = /^([0-9A-Fa-f]{64}|[0-9A-Fa-f]{128})[ \t]+\*?(\S.*)$/;
/** BSD, and coreutils with --tag: `SHA256 (name) = <hex>`. */
const BSD = /^SHA-?(256|512) ?\((.+)\) ?= ?([0-9A-Fa-f]+)$/;
const ALONE = /^[0-9A-Fa-f]+$/;
const NAMED_AFTER = /^(.+)\.sha-?(256|512)(?:sums?)?(?:\.txt)?$/i;

function algorithmOf(hex: string): ListAlgorithm | undefined {
  if (hex.length === 64) return 'sha256';
  return hex.length === 128 ? 'sha512' : undefined;
}

/**
 * Reads a list of digests as upstreams publish them: GNU lines (`*name` marks binary, `./name` is `name`), BSD lines,
 * or one digest alone in a file that is named after its asset (`name.sha256`). Other lines say nothing. The bytes are
 * the upstream's, bounded by {@link LIST_BYTES}; `listName` is the list's own name.
 */
export function parseDigestList(bytes: Uint8Array, listName: string): ReadonlyMap<string, ListedDigests> {
  const found = new Map<string, Record<ListAlgorithm, Set<string>>>();
  const add = (name: string, algorithm: ListAlgorithm, hex: string): void => {
    const plain = name.startsWith('./') ? name.slice(2) : name;
    const digests = found.get(plain) ?? { sha256: new Set(), sha512: new Set() };
    digests[algorithm].add(hex.toLowerCase());
    found.set(plain, digests);
  };
  const text = bytes.length > LIST_BYTES ? undefined : fromUtf8(bytes);
  const lines = (text ?? '').replace(/^\uFEFF/, '').split('\n');
  const filled = lines.map((line) => line.trimEnd()).filter((line) => line !== '');

  const [only = ''] = filled;
  if (filled.length === 1 && ALONE.test(only)) {
    const [, subject, bits] = NAMED_AFTER.exec(listName) ?? [];
    const algorithm = algorithmOf(only);
    if (subject !== undefined && algorithm === `sha${bits}`) add(subject, algorithm, only);
    return found;
  }
  for (const line of filled) {
    const [, hex, name] = GNU.exec(line) ?? [];
    const [, bits, bsdName, bsdHex = ''] = BSD.exec(line) ?? [];
    const algorithm = algorithmOf(hex ?? bsdHex);
    if (algorithm === undefined) continue;
    if (hex !== undefined && name !== undefined) add(name, algorithm, hex);
    else if (bsdName !== undefined && algorithm === `sha${bits}`) add(bsdName, algorithm, bsdHex);
  }
  return found;
}

/** The digest of a list that holds one alone, without a name. */
export function loneDigest(bytes: Uint8Array): { algorithm: ListAlgorithm; digest: string } | undefined {
  const text = bytes.length > 256 ? undefined : fromUtf8(bytes)?.trim();
  const algorithm = text !== undefined && ALONE.test(text) ? algorithmOf(text) : undefined;
  return text === undefined || algorithm === undefined ? undefined : { algorithm, digest: text.toLowerCase() };
}
