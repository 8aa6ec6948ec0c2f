export type ListAlgorithm = 'sha256' | 'sha512';

/** One digest of a list; without a name where the digest is all there is. */
export interface ListedDigest {
  /** As written; perhaps a path. */
  readonly name?: string | undefined;
  readonly algorithm: ListAlgorithm;
  readonly hex: string;
}

const HEX = '[0-9A-Fa-f]{64}|[0-9A-Fa-f]{128}';
/** `sha256:`, `SHA-512=`, `SHA2-256= `: what may stand before a digest. */
const SAYS = String.raw`sha-?(?:2-)?(?:256|512)[:=]? ?`;
/** GNU coreutils: `<hex> <space or *><name>`; more white space occurs, and an algorithm before the digest. */
const GNU = new RegExp(String.raw`^(\\?)(?:${SAYS})?(${HEX})[ \t]+\*?(\S.*)$`, 'i');
/** BSD, coreutils with --tag, OpenSSL 1 and 3: `SHA256 (name) = <hex>`, `SHA2-256(name)= <hex>`. */
const BSD = /^(\\?)SHA-?(?:2-)?(256|512) ?\((.+)\) ?[=:] ?([0-9A-Fa-f]+)$/i;
const ALONE = new RegExp(`^(?:${SAYS})?(${HEX})$`, 'i');
/** `name: <hex>`, `name = <hex>`, `name,<hex>`, `name  sha256:<hex>`. */
const REVERSED = new RegExp(String.raw`^(\S[^\t]*?)(?:[ \t]*[:=,][ \t]*|[ \t]+)\(?(?:${SAYS})?(${HEX})\)?$`, 'i');
/** What such a line says of the algorithm beside the name: `SHA256 name`, `name (SHA256)`. */
const BESIDE = /^sha-?(?:2-)?(?:256|512)[ \t]+(?=\S)|[ \t]+\(?sha-?(?:2-)?(?:256|512)\)?$/gi;
/** PowerShell's Get-FileHash as a table, and as a list of three lines. */
const TABLE = new RegExp(String.raw`^SHA(256|512)[ \t]+(${HEX})[ \t]+(\S.*)$`, 'i');
const PROPERTY = /^(Algorithm|Hash|Path)[ \t]*:[ \t]*(\S.*)$/i;
/** Windows' certutil: `SHA256 hash of name:`, and the digest on the next line. */
const CERTUTIL = /^SHA(256|512) hash of (?:file )?(\S.*?):$/i;
/** A heading above digests of one kind, which their length alone doesn't say: `BLAKE2s:`, `## SHA3-256`. */
const HEADING =
  /^[#*= ]{0,8}((?:md|sha|blake|b[23]|crc|ripemd|whirlpool|xxh)[a-z0-9-]{0,12})(?: ?(?:checksums?|sums?|hashes))?[:* ]{0,4}$/i;
const COUNTS_NOT = /^(?:md|sha-?(?:1|224|384)(?!\d)|sha3|sha512-|blake|b[23]|crc|ripemd|whirlpool|xxh)/i;
/** A longer line is not a line of a list: the expressions above stay quick. */
const LINE_LENGTH = 4096;

function algorithmOf(hex: string | undefined): ListAlgorithm | undefined {
  if (hex?.length === 64) return 'sha256';
  return hex?.length === 128 ? 'sha512' : undefined;
}

/** Every digest that a text lists, in whichever of the common forms. Pure. */
export function* readLines(text: string): Generator<ListedDigest, void, undefined> {
  const properties = new Map<string, string>();
  let announced: string | undefined;
  let counts = true;
  for (const raw of text.split(/\r\n|\n|\r/)) {
    const line = raw.length > LINE_LENGTH ? '' : plain(raw);
    const heading = HEADING.exec(line)?.[1];
    if (heading !== undefined) counts = !COUNTS_NOT.test(heading);
    const certutil = CERTUTIL.exec(line);
    const [, key, value = ''] = PROPERTY.exec(line) ?? [];
    const digest = announced !== undefined ? digestBehind(announced, line) : digestOf(line);
    announced = certutil?.[2]?.replace(/^"(.*)"$/, '$1');
    if (key !== undefined) {
      properties.set(key.toLowerCase(), value);
      if (key.toLowerCase() === 'path') yield* fromProperties(properties);
    } else if (digest !== undefined && counts) yield digest;
  }
}

/**
 * A line without the marks of Markdown, JSON and CSV: `| a | <hex> |`, "- `a` <hex>", `"a": "<hex>",`, `<hex>,a`; and
 * without long runs of blanks, over which the expressions above would go again and again.
 */
function plain(raw: string): string {
  const line = raw
    .trim()
    .replace(/[ \t]{3,}/g, (blanks) => (blanks.includes('\t') ? '\t' : '  '))
    .replace(/^([0-9A-Fa-f]{64,128}),/, '$1 ');
  const cells = line.startsWith('|') ? line.replace(/\|/g, ' ').trim() : line;
  const item = cells.replace(/^[-*] +(?=\S)/, '');
  return /["`]/.test(item) ? item.replace(/,$/, '').replace(/["`]/g, '') : item;
}

function digestOf(line: string): ListedDigest | undefined {
  const [, bits, tableHex, tableName] = TABLE.exec(line) ?? [];
  if (bits !== undefined) return named(tableName, tableHex, bits);
  const [, escaped, hex, name] = GNU.exec(line) ?? [];
  if (hex !== undefined) return named(escaped === '\\' ? unescaped(name) : withoutSize(name), hex);
  const [, bsdEscaped, bsdBits, bsdName, bsdHex] = BSD.exec(line) ?? [];
  if (bsdBits !== undefined) return named(bsdEscaped === '\\' ? unescaped(bsdName) : bsdName, bsdHex, bsdBits);
  const [, alone] = ALONE.exec(line) ?? [];
  if (alone !== undefined) return named(undefined, alone);
  const [, before, behind] = REVERSED.exec(line) ?? [];
  return behind === undefined ? undefined : named(before?.replace(BESIDE, ''), behind);
}

/** A name in a line that begins with a backslash, as coreutils writes one with a backslash or a line break. */
function unescaped(name: string | undefined): string | undefined {
  return name?.replace(/\\([\\nr])/g, (_, char: string) => (char === 'n' ? '\n' : char === 'r' ? '\r' : char));
}

/** Debian's `<hex> <size> <name>`. */
function withoutSize(name: string | undefined): string | undefined {
  return name?.replace(/^\d{1,15}[ \t]+(?=\S+$)/, '');
}

/** The digest on certutil's second line; older versions write it in pairs of digits. */
function digestBehind(name: string, line: string): ListedDigest | undefined {
  return /^[0-9A-Fa-f ]+$/.test(line) ? named(name, line.replaceAll(' ', '')) : undefined;
}

function named(name: string | undefined, hex: string | undefined, bits?: string): ListedDigest | undefined {
  const algorithm = algorithmOf(hex);
  if (hex === undefined || algorithm === undefined || (bits !== undefined && algorithm !== `sha${bits}`))
    return undefined;
  return { name, algorithm, hex };
}

function* fromProperties(properties: Map<string, string>): Generator<ListedDigest, void, undefined> {
  const bits = /^SHA(256|512)$/i.exec(properties.get('algorithm') ?? '')?.[1];
  const digest = bits === undefined ? undefined : named(properties.get('path'), properties.get('hash'), bits);
  properties.clear();
  if (digest !== undefined) yield digest;
}

/** Does a line have a digest of md5 or sha1 beside a file's name, or alone? */
export function isWeakLine(raw: string, name: string): boolean {
  if (raw.length > LINE_LENGTH) return false;
  const weak = /(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40})(?![0-9A-Fa-f])/;
  return weak.test(raw) && (raw.includes(name) || /^[0-9A-Fa-f \-*]+$/.test(raw.trim()));
}
