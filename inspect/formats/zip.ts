import { Readable } from 'node:stream';
import { RandomAccessReader, fromRandomAccessReader } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import { TooMuch, bounded, checkSize } from '../limits.ts';
import type { Limits } from '../limits.ts';
import type { FileBytes, How, Member } from '../member.ts';
import { otherName, zipDoubts } from './zip-doubts.ts';
import { decompress } from './decompress.ts';
import type { Compression } from './decompress.ts';

const BLOCK = 256 * 1024;
/** How members are compressed that the library itself reads: not at all, and deflate. */
const OWN = [0, 8];
/** And those that are read here, by APPNOTE 4.4.5. */
const OTHERS: ReadonlyMap<number, Compression> = new Map([
  [12, 'bzip2'],
  [93, 'zstd'],
  [95, 'xz'],
]);
const READ: ReadonlySet<number> = new Set([...OWN, ...OTHERS.keys()]);

class Bytes extends RandomAccessReader {
  readonly #file: FileBytes;

  constructor(file: FileBytes) {
    super();
    this.#file = file;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    const file = this.#file;
    return Readable.from(
      (async function* () {
        for (let at = start; at < end;) {
          const block = await file.read(at, Math.min(BLOCK, end - at));
          if (block.length === 0) throw new Error('the file ended');
          at += block.length;
          yield block;
        }
      })(),
      { objectMode: false },
    );
  }
}

/** The members of a zip archive by its own list. Throws what the library throws where it is damaged. */
export async function* zipMembers(file: FileBytes, { limits, take, doubt }: How): AsyncGenerator<Member, void> {
  const zip = await open(file);
  const entries: Entry[] = [];
  let total = 0;
  let unread: string | undefined;
  for (;;) {
    const entry = await nextEntry(zip);
    if (entry === undefined) break;
    entries.push(entry);
    if (entries.length > limits.entries) throw new TooMuch(`it has more than ${limits.entries} members`);
    const other = otherName(entry);
    if (other !== undefined) doubt('a member of it has two names, of which programs take one or the other');
    const path = other ?? Buffer.from(entry.fileNameRaw).toString('utf8');
    if (path.length > limits.name) throw new TooMuch(`a name in it has more than ${limits.name} characters`);
    // Whatever system it says that it is from: unzip goes by these.
    const unix = entry.externalFileAttributes >>> 16;
    const base = { path, ...(unix === 0 ? {} : { mode: unix & 0o7777 }) };
    if (path.endsWith('/')) yield { ...base, kind: 'folder', size: 0 };
    else if (entry.isEncrypted()) yield { ...base, kind: 'file', size: entry.uncompressedSize, encrypted: true };
    else if (!READ.has(entry.compressionMethod)) {
      unread ??= `a member in it is compressed in a way that cannot be read here (${entry.compressionMethod})`;
      yield { ...base, kind: 'file', size: entry.uncompressedSize };
    } else {
      const body = bounded(await openEntry(zip, entry, limits), file.size + total / limits.ratio, {
        ...limits,
        bytes: limits.bytes - total,
      });
      const member = await take(base, body, limits);
      total += member.size;
      const isLink = (unix & 0o170000) === 0o120000;
      yield isLink ? { ...base, kind: 'link', size: 0, target: member.text ?? '' } : member;
    }
  }
  await zipDoubts(file, entries, doubt);
  if (unread !== undefined) throw new Error(unread);
}

function open(file: FileBytes): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    // Names are for us to judge: the library would refuse those that lead out of the folder before they are seen.
    const options = { lazyEntries: true, autoClose: false, decodeStrings: false };
    fromRandomAccessReader(new Bytes(file), file.size, options, (error, zip) => {
      if (error === null) resolve(zip);
      else reject(error);
    });
  });
}

function nextEntry(zip: ZipFile): Promise<Entry | undefined> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      zip.removeAllListeners('entry').removeAllListeners('end').removeAllListeners('error');
    };
    zip.once('entry', (entry: Entry) => (done(), resolve(entry)));
    zip.once('end', () => (done(), resolve(undefined)));
    zip.once(
      'error',
      (error: unknown) => (done(), reject(error instanceof Error ? error : new Error('it is damaged'))),
    );
    zip.readEntry();
  });
}

async function openEntry(zip: ZipFile, entry: Entry, limits: Limits): Promise<AsyncIterable<Uint8Array>> {
  const how = OTHERS.get(entry.compressionMethod);
  const raw = await new Promise<Readable>((resolve, reject) => {
    const done = (error: Error | null, stream: Readable): void => (error === null ? resolve(stream) : reject(error));
    if (how === undefined) zip.openReadStream(entry, done);
    else zip.openReadStream(entry, { decodeFileData: false }, done);
  });
  if (how === undefined) return raw;
  return decompress(raw, how, (total) => checkSize(total, entry.compressedSize, limits));
}
