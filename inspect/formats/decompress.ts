import { Readable, pipeline } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import unbzip2 from 'unbzip2-stream';
import xz from 'xz-decompress';
import { uncheckedXz } from './xz-checks.ts';

/** What a file's first bytes say that it is. */
export type Compression = 'gzip' | 'xz' | 'zstd' | 'bzip2';

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];

/** Other packers, which tar and its siblings call by themselves. */
const OTHERS: readonly (readonly [string, RegExp])[] = [
  ['lzip', /^LZIP/],
  ['lzma', /^\x5d\0\0/],
  ['lzop', /^\x89LZO/],
  ['lz4', /^\x04"M\x18/],
  ['zstd, with a frame before it', /^[\x50-\x5f]\*M\x18/],
  ['compress', /^\x1f\x9d/],
  ['7-Zip', /^7z\xbc\xaf\x27\x1c/],
  ['RAR', /^Rar!\x1a\x07/],
  ['xar', /^xar!/],
  ['cabinet', /^MSCF/],
  ['cpio', /^0707(?:01|02|07)/],
];

/** What packed a file that can't be read here, by its first bytes. */
export function packedBy(head: Uint8Array): string | undefined {
  const text = Buffer.from(head.subarray(0, 16)).toString('latin1');
  return OTHERS.find(([, magic]) => magic.test(text))?.[0];
}

/** By the first bytes, whatever the name says. */
export function compressionOf(head: Uint8Array): Compression | undefined {
  return MAGIC.find(([, bytes]) => bytes.every((byte, i) => head[i] === byte))?.[0];
}

/**
 * The bytes of a compressed stream, decompressed, as they arrive; an error where it is damaged. Where a library would
 * go on before its output is taken, `check` is told how many bytes there are so far, and throws where they are too
 * many.
 */
export function decompress(
  body: AsyncIterable<Uint8Array>,
  how: Compression,
  check: (total: number) => void,
): AsyncIterable<Uint8Array> {
  switch (how) {
    case 'gzip':
      return gunzip(body);
    case 'bzip2':
      return bzip2(body, check);
    case 'xz':
      return unxz(body);
    case 'zstd':
      return zstd(body);
  }
}

/** The library ends at the first zero behind a member, and says nothing of what comes then: tapes are filled up with zeros. */
async function* gunzip(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const inflate = createGunzip();
  const source = body[Symbol.asyncIterator]();
  let held: { readonly end: number; readonly chunk: Uint8Array }[] = [];
  let fed = 0;
  const feed = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for (let next = await source.next(); next.done !== true; next = await source.next()) {
      const chunk = next.value;
      held = held.filter(({ end }) => end > inflate.bytesWritten);
      fed += chunk.length;
      held.push({ end: fed, chunk });
      yield chunk;
    }
  };
  try {
    // A failure on either side surfaces in what is read.
    yield* pipeline(Readable.from(feed()), inflate, () => undefined);
    const read = inflate.bytesWritten;
    for (const { end, chunk } of held) if (end > read) requireZeros(chunk.subarray(read - end));
    for (let next = await source.next(); next.done !== true; next = await source.next()) requireZeros(next.value);
  } finally {
    await source.return?.();
  }
}

function requireZeros(bytes: Uint8Array): void {
  if (bytes.some((byte) => byte !== 0)) throw new Error('it goes on after its end');
}

async function* unxz(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* uncheckedXz(body, (plain) => new xz.XzReadableStream(ReadableStream.from<Uint8Array>(plain)));
  } catch (cause) {
    if (!(cause instanceof Error) || !/error code 6/.test(cause.message)) throw cause;
    throw new Error('it is compressed by xz with a filter that cannot be read here', { cause });
  }
}

/** So little goes in at once that what comes out fits into memory. */
const STEP = 1024;

async function* zstd(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const out: Uint8Array[] = [];
  const stream = new Decompress((data) => out.push(data));
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; at += STEP) {
      stream.push(chunk.subarray(at, at + STEP));
      yield* out.splice(0);
    }
  }
  stream.push(new Uint8Array(0), true);
  yield* out.splice(0);
}

async function* bzip2(
  body: AsyncIterable<Uint8Array>,
  check: (total: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const out: Uint8Array[] = [];
  let total = 0;
  let failure: Error | undefined;
  const stream = unbzip2();
  stream.on('error', (error: unknown) => (failure ??= error instanceof Error ? error : new Error(String(error))));
  // What is thrown here ends the library's loop, which would otherwise go on to the end of what it has.
  stream.on('data', (data: Uint8Array) => {
    total += data.length;
    check(total);
    out.push(data);
  });
  const taken = function* (): Generator<Uint8Array, void, undefined> {
    if (failure !== undefined) throw failure;
    yield* out.splice(0);
  };
  for await (const chunk of body) {
    stream.write(Buffer.from(chunk));
    yield* taken();
  }
  stream.end();
  yield* taken();
}
