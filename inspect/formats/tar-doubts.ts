const BLOCK = 512;
/** A header of headers is read up to this size; bytes. */
const MOST_META = 1024 * 1024;
/** The largest size that a header's own field holds as digits. */
const LARGE = 8 ** 11;
/** Keys of extended headers that say what a member is, or where it goes. */
const TELLING = /^(?:path|linkpath|size|GNU\.sparse\..*)$/;

/** What headers before a member said about it. */
interface Said {
  pax: ReadonlyMap<string, string> | undefined;
  name: boolean;
  link: boolean;
}

/**
 * Passes a tar archive on, and tells what programs understand differently about it: then what is listed here may not be what
 * others unpack. It follows the headers alone, and changes nothing.
 */
export async function* withDoubts(
  body: AsyncIterable<Uint8Array>,
  doubt: (why: string) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const watch = watcher(doubt);
  watch.next();
  for await (const chunk of body) {
    watch.next(chunk);
    yield chunk;
  }
}

/** Takes chunks; ends where the archive's list does. */
function* watcher(doubt: (why: string) => void): Generator<undefined, void, Uint8Array> {
  let held = Buffer.alloc(0);
  let said: Said = { pax: undefined, name: false, link: false };
  const take = function* (length: number): Generator<undefined, Buffer, Uint8Array> {
    while (held.length < length) held = Buffer.concat([held, yield]);
    const bytes = held.subarray(0, length);
    held = held.subarray(length);
    return bytes;
  };
  const skip = function* (length: number): Generator<undefined, void, Uint8Array> {
    let left = length;
    for (; left > held.length; held = Buffer.from(yield)) left -= held.length;
    held = held.subarray(left);
  };
  for (;;) {
    const header = yield* take(BLOCK);
    if (header.every((byte) => byte === 0)) return;
    const kind = String.fromCharCode(header[156] ?? 0);
    const size = sizeOf(header);
    // The decoder has its own words for it.
    if (size === undefined) return;
    const padded = Math.ceil(size / BLOCK) * BLOCK;
    if ('xgLK'.includes(kind)) {
      const meta = size > MOST_META ? undefined : yield* take(padded);
      if (meta === undefined) yield* skip(padded);
      said = metaOf(kind, meta?.subarray(0, size), said, doubt);
      continue;
    }
    const real = sizeIn(said, size, doubt);
    if (!/[\0-7]/.test(kind)) doubt(`it has a member of the kind ${JSON.stringify(kind)}, which not all programs know`);
    const hasBody = !/[1-6]/.test(kind);
    if (!hasBody && real > 0)
      doubt('a link, folder or device in it has bytes, which some programs skip and others read');
    said = { pax: undefined, name: false, link: false };
    yield* skip(hasBody ? Math.ceil(real / BLOCK) * BLOCK : 0);
  }
}

/** What a header of headers adds. */
function metaOf(kind: string, meta: Buffer | undefined, said: Said, doubt: (why: string) => void): Said {
  if (kind === 'L' || kind === 'K') {
    if (kind === 'L' ? said.name || said.pax?.has('path') : said.link || said.pax?.has('linkpath')) doubt(TWO_NAMES);
    return kind === 'L' ? { ...said, name: true } : { ...said, link: true };
  }
  const pax = meta === undefined ? undefined : paxOf(meta);
  if (pax === undefined) {
    doubt('an extended header in it is damaged or too large');
    return said;
  }
  const telling = [...pax.keys()].filter((key) => TELLING.test(key));
  if (kind === 'g') {
    if (telling.length > 0)
      doubt(`a header for all members in it sets ${telling.join(', ')}, which some programs ignore`);
    return said;
  }
  if (said.pax !== undefined) doubt('a member in it has two extended headers, of which programs take one or both');
  if (telling.some((key) => key.startsWith('GNU.'))) doubt('a sparse file in it has another name for some programs');
  if ((said.name && pax.has('path')) || (said.link && pax.has('linkpath'))) doubt(TWO_NAMES);
  return { ...said, pax };
}

const TWO_NAMES = 'a member in it has two long names, of which programs take one or the other';

/** The size that the decoder goes by. */
function sizeIn({ pax }: Said, size: number, doubt: (why: string) => void): number {
  const text = pax?.get('size');
  if (text === undefined) return size;
  const other = /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  if (other === undefined || (other !== size && other < LARGE)) {
    doubt('a member in it has two sizes, of which programs take one or the other');
  }
  return other ?? size;
}

/** Undefined where it is not digits or a plain number. */
function sizeOf(header: Buffer): number | undefined {
  const field = header.subarray(124, 136);
  if (((field[0] ?? 0) & 0x80) !== 0) {
    const size = Number(BigInt(`0x${field.toString('hex')}`) & ((1n << 95n) - 1n));
    return Number.isSafeInteger(size) ? size : undefined;
  }
  const digits = field.toString('latin1').replace(/\0.*$/s, '').replaceAll(' ', '');
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : undefined;
}

/** Undefined where it is damaged, or has a key twice. */
function paxOf(meta: Buffer): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>();
  for (let at = 0; at < meta.length;) {
    const length = /^(\d{1,8}) /.exec(meta.subarray(at, at + 9).toString('latin1'))?.[1];
    const record = meta.subarray(at + (length?.length ?? 0) + 1, at + Number(length)).toString('utf8');
    const equals = record.indexOf('=');
    const key = record.slice(0, equals);
    if (length === undefined || equals < 1 || !record.endsWith('\n') || found.has(key)) return undefined;
    found.set(key, record.slice(equals + 1, -1));
    at += Number(length);
  }
  return found;
}
