export type ListAlgorithm = 'sha256' | 'sha512';

/** One digest of a list; without a name where the digest is all there is. */
export interface ListedDigest {
  /** As written; perhaps a path. */
  readonly name?: string | undefined;
  readonly algorithm: ListAlgorithm;
  readonly hex: string;
}

const HEX = '[0-9A-Fa-f]{64}|[0-9A-Fa-f]{128}';
/** GNU coreutils: `<hex> <space or *><name>`; more white space occurs, and an algorithm before the digest. */
const GNU = new RegExp(String.raw`^(\\?)(?:sha-?(?:256|512):)?(${HEX})[ \t]+\*?(\S.*)$`, 'i');
/** BSD, coreutils with --tag, OpenSSL 1 and 3: `SHA256 (name) = <hex>`, `SHA2-256(name)= <hex>`. */
const BSD = /^SHA-?(?:2-)?(256|512) ?\((.+)\) ?= ?([0-9A-Fa-f]+)$/i;
const ALONE = new RegExp(`^(?:sha-?(?:256|512)[:=]? ?)?(${HEX})$`, 'i');
/** `name: <hex>`, `name  sha256:<hex>`. */
const REVERSED = new RegExp(String.raw`^(\S[^\t]*?):?[ \t]+\(?(?:sha-?(?:256|512)[:=] ?)?(${HEX})\)?$`, 'i');
/** PowerShell's Get-FileHash as a table, and as a list of three lines. */
const TABLE = new RegExp(String.raw`^SHA(256|512)[ \t]+(${HEX})[ \t]+(\S.*)$`, 'i');
const PROPERTY = /^(Algorithm|Hash|Path)[ \t]*:[ \t]*(\S.*)$/i;
/** Windows' certutil: `SHA256 hash of name:`, and the digest on the next line. */
const CERTUTIL = /^SHA(256|512) hash of (?:file )?(\S.*?):$/i;
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
  for (const raw of text.split(/\r\n|\n|\r/)) {
    const line = raw.length > LINE_LENGTH ? '' : raw.trim();
    const certutil = CERTUTIL.exec(line);
    const [, key, value = ''] = PROPERTY.exec(line) ?? [];
    const digest = announced !== undefined ? digestBehind(announced, line) : digestOf(line);
    announced = certutil?.[2]?.replace(/^"(.*)"$/, '$1');
    if (key !== undefined) {
      properties.set(key.toLowerCase(), value);
      if (key.toLowerCase() === 'path') yield* fromProperties(properties);
    } else if (digest !== undefined) yield digest;
  }
}

function digestOf(line: string): ListedDigest | undefined {
  const [, bits, tableHex, tableName] = TABLE.exec(line) ?? [];
  if (bits !== undefined) return named(tableName, tableHex, bits);
  const [, escaped, hex, name] = GNU.exec(line) ?? [];
  if (hex !== undefined) return named(escaped === '\\' ? name?.replaceAll('\\\\', '\\') : name, hex);
  const [, bsdBits, bsdName, bsdHex] = BSD.exec(line) ?? [];
  if (bsdBits !== undefined) return named(bsdName, bsdHex, bsdBits);
  const [, alone] = ALONE.exec(line) ?? [];
  if (alone !== undefined) return named(undefined, alone);
  const [, before, behind] = REVERSED.exec(line) ?? [];
  return behind === undefined ? undefined : named(before, behind);
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
