import type { Entry } from 'yauzl';
import type { FileBytes } from '../member.ts';
import { partOf } from './ar.ts';

const LOCAL = Buffer.from('PK\x03\x04', 'latin1');
const END = Buffer.from('PK\x05\x06', 'latin1');
const END_64 = Buffer.from('PK\x06\x06', 'latin1');
const END_SIZE = 22;
/** An entry of the list, without its texts. */
const LISTED = 46;
/** The locator and the record that a large archive has before its end. */
const LARGE_END = 20 + 56;
const COMMENT = 65_535;
const BLOCK = 256 * 1024;
/** The name in UTF-8 that Info-ZIP puts beside the other, and reads first. */
const UNICODE_PATH = 0x7075;

type Listed = Pick<
  Entry,
  | 'fileNameRaw'
  | 'fileNameLength'
  | 'extraFieldLength'
  | 'fileCommentLength'
  | 'relativeOffsetOfLocalHeader'
  | 'compressedSize'
>;

/** Where a zip's end stands; undefined where it has none that reaches to the last byte. */
async function zipEnd(file: FileBytes): Promise<number | undefined> {
  const from = Math.max(0, file.size - END_SIZE - COMMENT);
  const tail = Buffer.from(await file.read(from, file.size - from));
  for (let at = tail.lastIndexOf(END); at >= 0; at = at === 0 ? -1 : tail.lastIndexOf(END, at - 1)) {
    if (at + END_SIZE <= tail.length && at + END_SIZE + tail.readUInt16LE(at + 20) === tail.length) return from + at;
  }
  return undefined;
}

/** The zip behind a program or a script, which programs that unpack it find by its end; undefined where there is none. */
export async function zipBehind(file: FileBytes): Promise<FileBytes | undefined> {
  const end = await zipEnd(file);
  if (end === undefined) return undefined;
  const record = Buffer.from(await file.read(end, END_SIZE));
  const [length, start] = [record.readUInt32LE(12), record.readUInt32LE(16)];
  const offset = end - start - length;
  // Places in it may count from its own beginning.
  return offset <= 0 ? file : partOf(file, { name: file.name, offset, size: file.size - offset });
}

/** Another name that some programs give a member. */
export function otherName({
  extraFields,
  fileNameRaw,
}: Pick<Entry, 'extraFields' | 'fileNameRaw'>): string | undefined {
  const field = extraFields.find(({ id }) => id === UNICODE_PATH);
  const name = field === undefined || field.data.length < 6 ? undefined : field.data.subarray(5);
  return name === undefined || name.equals(fileNameRaw) ? undefined : name.toString('utf8');
}

/**
 * Tells what programs understand differently about a zip: those that read it from the front see what its list at the end
 * doesn't name, and those that find the list from the back may find another one.
 */
export async function zipDoubts(
  file: FileBytes,
  entries: readonly Listed[],
  doubt: (why: string) => void,
): Promise<void> {
  const end = await zipEnd(file);
  if (end === undefined) return doubt('it goes on after its end');
  const record = Buffer.from(await file.read(end, file.size - end));
  if (record.indexOf(END, 1) >= 0) doubt('it has two ends');
  const large = Buffer.from(await file.read(Math.max(0, end - LARGE_END), LARGE_END));
  const isLarge = large.subarray(0, 4).equals(END_64);
  const list = isLarge ? Number(large.readBigUInt64LE(48)) : record.readUInt32LE(16);
  const length = entries.reduce(
    (sum, one) => sum + LISTED + one.fileNameLength + one.extraFieldLength + one.fileCommentLength,
    0,
  );
  if (list + length !== (isLarge ? end - LARGE_END : end)) {
    return doubt('its list is not where its end says, or longer, so that programs find other members');
  }
  // What stands before the first is a program or a script, where it isn't a member.
  let at = Buffer.from(await file.read(0, LOCAL.length)).equals(LOCAL) ? 0 : undefined;
  for (const entry of [...entries].sort((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader)) {
    const from = entry.relativeOffsetOfLocalHeader;
    if (at !== undefined && from < at) return doubt('members of it overlap');
    if (at !== undefined && (await holdsHeader(file, at, from)))
      return doubt('it holds a member that its list does not name');
    const local = Buffer.from(await file.read(from, 30));
    if (local.length < 30 || !local.subarray(0, 4).equals(LOCAL))
      return doubt('its list names a member that is not there');
    const [nameLength, extraLength] = [local.readUInt16LE(26), local.readUInt16LE(28)];
    const name = Buffer.from(await file.read(from + 30, nameLength));
    if (!name.equals(entry.fileNameRaw)) return doubt('a member of it has another name than its list says');
    const size = local.readUInt32LE(18);
    const isLater = (local.readUInt16LE(6) & 8) !== 0 || size === 0xffffffff;
    if (!isLater && size !== entry.compressedSize) return doubt('a member of it has another size than its list says');
    at = from + 30 + nameLength + extraLength + entry.compressedSize;
  }
  if (at !== undefined && (await holdsHeader(file, at, list))) doubt('it holds a member that its list does not name');
}

/** Does a member begin between two places? */
async function holdsHeader(file: FileBytes, from: number, to: number): Promise<boolean> {
  for (let at = from; at + LOCAL.length <= to; at += BLOCK - LOCAL.length + 1) {
    const bytes = Buffer.from(await file.read(at, Math.min(BLOCK, to - at)));
    if (bytes.includes(LOCAL)) return true;
  }
  return false;
}
