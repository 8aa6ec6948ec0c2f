import { fail } from '../error.ts';
import { brief, fromUtf8, utf8 } from '../bytes.ts';

/** What a record's path says; ledger-format.md, "Paths and names". */
export interface RecordId {
  /** The forge's host name. */
  readonly source: string;
  /** `owner/repo`, spelled as in the path. */
  readonly repository: string;
  readonly tag: string;
}

export interface RecordPath extends RecordId {
  readonly owner: string;
  readonly repo: string;
}

/** A segment's most bytes, encoded. */
const SEGMENT_BYTES = 255;

/** The bytes that a segment holds unencoded. */
const PLAIN: ReadonlySet<number> = new Set(utf8('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+@-'));
const PLAIN_SEGMENT = /^[A-Za-z0-9_+@-](?:[A-Za-z0-9._+@-]*[A-Za-z0-9_+@-])?$/;
const DOT = 0x2e;
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/i;
const HOST = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** ASCII case folding, and no other: two names must still differ after it. */
export function foldAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase()) : text;
}

/** Is the part before the first `.` the name of a Windows device, in any case? */
export function isDeviceName(name: string): boolean {
  const dot = name.indexOf('.');
  return DEVICE.test(dot < 0 ? name : name.slice(0, dot));
}

/** Is it a lower-case host name without a port, as `<source>` must be? */
export function isHostName(text: string): boolean {
  return HOST.test(text);
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** The path segment of a text. Throws `E_PATH` for one that is empty, not Unicode, or longer than 255 bytes encoded. */
export function encodeSegment(text: string): string {
  if (text === '') fail('E_PATH', 'a path segment is empty');
  if (text.length > SEGMENT_BYTES)
    fail('E_PATH', `a path segment has more than ${SEGMENT_BYTES} bytes: ${brief(text)}`);
  if (LONE_SURROGATE.test(text)) fail('E_PATH', 'a path segment is not valid Unicode');
  const device = isDeviceName(text);
  if (!device && PLAIN_SEGMENT.test(text)) return text;
  const bytes = utf8(text);
  let segment = '';
  bytes.forEach((byte, i) => {
    const edgeDot = byte === DOT && (i === 0 || i === bytes.length - 1);
    segment += !PLAIN.has(byte) || edgeDot || (device && i === 0) ? percent(byte) : String.fromCharCode(byte);
  });
  if (segment.length > SEGMENT_BYTES) {
    fail('E_PATH', `a path segment has more than ${SEGMENT_BYTES} bytes: ${brief(segment)}`);
  }
  return segment;
}

/** The text of a path segment. Throws `E_PATH` unless encoding it again gives the same segment. */
export function decodeSegment(segment: string): string {
  // Most need no decoding, and a ledger has many.
  if (segment.length <= SEGMENT_BYTES && PLAIN_SEGMENT.test(segment) && !isDeviceName(segment)) return segment;
  const text = segment.length > SEGMENT_BYTES ? undefined : percentDecode(segment);
  if (text === undefined || encodeSegment(text) !== segment) {
    fail('E_PATH', `the path segment is not in its one form: ${brief(segment)}`);
  }
  return text;
}

function percentDecode(segment: string): string | undefined {
  if (!/^(?:[\x21-\x24\x26-\x7e]|%[0-9A-F]{2})+$/.test(segment)) return undefined;
  const bytes: number[] = [];
  for (let i = 0; i < segment.length; i++) {
    if (segment[i] === '%') {
      bytes.push(Number.parseInt(segment.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(segment.charCodeAt(i));
  }
  return fromUtf8(Uint8Array.from(bytes));
}

function splitRepository(repository: string): [owner: string, repo: string] {
  const [owner, repo, ...rest] = repository.split('/');
  if (!owner || !repo || rest.length > 0) fail('E_PATH', `not an owner/repo: ${brief(repository)}`);
  return [owner, repo];
}

function requireSource(source: string): void {
  if (!isHostName(source)) fail('E_PATH', `the source is not a lower-case host name: ${brief(source)}`);
}

/** `packages/<source>/<owner>/<repo>`. Throws `E_PATH`. */
export function repositoryPath(id: { readonly source: string; readonly repository: string }): string {
  requireSource(id.source);
  const [owner, repo] = splitRepository(id.repository);
  return `packages/${encodeSegment(id.source)}/${encodeSegment(owner)}/${encodeSegment(repo)}`;
}

/** `packages/<source>/<owner>/<repo>/<tag>`. Throws `E_PATH`. */
export function recordPath(id: RecordId): string {
  return `${repositoryPath(id)}/${encodeSegment(id.tag)}`;
}

/** Reads a record's path. Throws `E_PATH` where it isn't in its one form. */
export function parseRecordPath(path: string): RecordPath {
  const segments = path.length > 5 * (SEGMENT_BYTES + 1) ? [] : path.split('/');
  if (segments.length !== 5 || segments[0] !== 'packages') fail('E_PATH', `not the path of a record: ${brief(path)}`);
  const [source = '', owner = '', repo = '', tag = ''] = segments.slice(1).map(decodeSegment);
  requireSource(source);
  // Each segment is in its one form, so the path is too, unless a name holds a slash.
  const repository = `${owner}/${repo}`;
  splitRepository(repository);
  return { source, owner, repo, repository, tag };
}

/**
 * Checks one asset's name. Throws `E_ASSET_NAME` with the hint that `exclude[]` leaves it out.
 */
export function checkAssetName(name: string): void {
  const problem = assetNameProblem(name);
  if (problem !== undefined) {
    fail('E_ASSET_NAME', `the asset name ${brief(JSON.stringify(name))} ${problem}`, { hint: EXCLUDE_HINT });
  }
}

const EXCLUDE_HINT = 'leave the file out with exclude[] in the [assets] section of its tool.ini';

function assetNameProblem(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (name.length > SEGMENT_BYTES) return `has more than ${SEGMENT_BYTES} bytes`;
  if (!/^[\x21-\x7e]+$/.test(name)) return 'has a character that is not printable ASCII, or a space';
  if (/[/\\:*?"<>|]/.test(name)) return 'has one of the characters / \\ : * ? " < > |';
  if (/^[-.]/.test(name)) return 'begins with - or .';
  if (name.endsWith('.')) return 'ends with .';
  if (name.startsWith('checklist.')) return "begins with checklist., which is the format's own";
  if (isDeviceName(name)) return 'is the name of a Windows device';
  return undefined;
}

/** Checks all asset names of one record, with the format's own names beside them. Throws `E_ASSET_NAME`, `E_COLLISION`. */
export function checkAssetNames(names: readonly string[]): void {
  names.forEach(checkAssetName);
  const pair = findCollision(['checklist.json', 'checklist.sha256', 'checklist.sha256.sign', ...names]);
  if (pair !== undefined) {
    fail('E_COLLISION', `two names differ in case only: ${pair[0]} and ${pair[1]}`, { hint: EXCLUDE_HINT });
  }
}

/** The first two names that are equal after ASCII case folding, duplicates included. */
export function findCollision(names: readonly string[]): [string, string] | undefined {
  const seen = new Map<string, string>();
  for (const name of names) {
    const folded = foldAscii(name);
    const other = seen.get(folded);
    if (other !== undefined) return [other, name];
    seen.set(folded, name);
  }
  return undefined;
}
