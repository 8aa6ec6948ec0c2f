import { fail } from '../../../ledger-schema/error.ts';
import type { TreeEntry } from '../../snapshot.ts';

/** One entry as its bytes stand in the tree object. */
export interface RawEntry {
  /** Octal digits as stored: `40000` for a tree, where {@link TreeEntry} says 040000. */
  readonly mode: string;
  readonly name: Buffer;
  readonly oid: string;
}

/** A tree larger than this is refused unread; git's own hosts refuse far smaller ones. */
export const TREE_LIMIT = 32 * 1024 * 1024;

export const TREE_MODE = '040000';

/**
 * The entries of a raw tree object, in stored order: `<mode> <name>\0<binary oid>` again and again. `oidLength` is 20
 * or 32 bytes. What comes from a clone's fsck-less past or a repository here may be anything: a broken tree is `E_GIT`,
 * and so is one that git refuses to fetch (git fsck), but for a name that stands there twice, which has a code of its own.
 */
export function parseRawTree(tree: string, bytes: Uint8Array, oidLength: number): RawEntry[] {
  const entries: RawEntry[] = [];
  readEntries(tree, bytes, oidLength, (entry) => entries.push(entry));
  return entries;
}

function readEntries(tree: string, bytes: Uint8Array, oidLength: number, found: (entry: RawEntry) => void): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let last: { readonly name: Buffer; readonly mode: string } | undefined;
  for (let at = 0; at < buffer.length;) {
    const space = buffer.indexOf(0x20, at);
    const nul = space < 0 ? -1 : buffer.indexOf(0, space);
    if (nul < 0 || nul + 1 + oidLength > buffer.length || space - at > 8) fail('E_GIT', `tree ${tree} is broken`);
    const mode = buffer.toString('latin1', at, space);
    const name = buffer.subarray(space + 1, nul);
    // With a slash in a name two different entries could have one path.
    if (!/^[1-7][0-7]*$/.test(mode) || name.length === 0 || name.includes(0x2f))
      fail('E_GIT', `tree ${tree} is broken`);
    if (last !== undefined && isBefore({ name, mode }, last)) fail('E_GIT', `tree ${tree} is not sorted`);
    last = { name, mode };
    at = nul + 1 + oidLength;
    found({ mode, name, oid: buffer.toString('hex', nul + 1, at) });
  }
}

/** In git's order a folder's name counts as if it ended with a slash. */
function isBefore(a: Pick<RawEntry, 'name' | 'mode'>, b: Pick<RawEntry, 'name' | 'mode'>): boolean {
  const length = Math.min(a.name.length, b.name.length);
  const order = a.name.compare(b.name, 0, length, 0, length);
  if (order !== 0) return order < 0;
  const next = ({ name, mode }: typeof a): number =>
    name[length] ?? ((Number.parseInt(mode, 8) & 0o170000) === 0o040000 ? 0x2f : 0);
  return a.name.length !== b.name.length && next(a) < next(b);
}

/** The bytes of a tree of these entries, in git's order: a folder's name counts as if it ended with a slash. */
export function encodeTree(entries: readonly RawEntry[]): Buffer {
  const keyed = entries.map((entry) => {
    const slash = Number.parseInt(entry.mode, 8) === 0o40000 ? '/' : '';
    return { entry, key: Buffer.concat([entry.name, Buffer.from(slash)]) };
  });
  keyed.sort((a, b) => a.key.compare(b.key));
  return Buffer.concat(
    keyed.flatMap(({ entry: { mode, name, oid } }) => [
      Buffer.from(`${mode} `),
      name,
      Buffer.from([0]),
      Buffer.from(oid, 'hex'),
    ]),
  );
}

/** The entries of a raw tree as {@link TreeEntry}s; duplicates and strange modes are kept as they are. */
export function parseTree(tree: string, bytes: Uint8Array, oidLength: number): TreeEntry[] {
  const entries: TreeEntry[] = [];
  readEntries(tree, bytes, oidLength, ({ mode, name, oid }) => {
    entries.push({ name: name.toString('utf8'), mode: mode.padStart(6, '0'), oid });
  });
  return entries;
}
