import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';

/** What an asset holds. `size` makes up any number of bytes as they are asked for, the same for the same `seed`. */
export type Content =
  Uint8Array | string | { readonly file: string } | { readonly size: number; readonly seed?: number };

const BLOCK = 1024 * 1024;
const blocks = new Map<number, Buffer>();

export async function sizeOf(content: Content): Promise<number> {
  if (typeof content === 'string') return Buffer.byteLength(content);
  if (content instanceof Uint8Array) return content.length;
  return 'file' in content ? (await stat(content.file)).size : content.size;
}

/** The bytes from `start` to `end` (exclusive) as a stream. */
export function streamOf(content: Content, start: number, end: number): Readable {
  if (typeof content === 'string') return streamOf(Buffer.from(content), start, end);
  if (content instanceof Uint8Array) return Readable.from([content.subarray(start, end)], { objectMode: false });
  if (!('file' in content)) return Readable.from(generate(content.seed ?? 0, start, end), { objectMode: false });
  if (end <= start) return Readable.from([]);
  return createReadStream(content.file, { start, end: end - 1, highWaterMark: BLOCK });
}

export async function sha256Of(content: Content): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of streamOf(content, 0, await sizeOf(content))) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

/** One random-looking block over and over, its number in its first eight bytes so that no two are alike. */
function* generate(seed: number, start: number, end: number): Generator<Buffer> {
  for (let at = start; at < end;) {
    const number = Math.floor(at / BLOCK);
    const from = at - number * BLOCK;
    const to = Math.min(BLOCK, end - number * BLOCK);
    const block = blockOf(seed);
    if (from < 8) {
      const head = Buffer.alloc(8);
      head.writeBigUInt64BE(BigInt(number));
      yield head.subarray(from, Math.min(8, to));
    }
    if (to > 8) yield block.subarray(Math.max(8, from), to);
    at = number * BLOCK + to;
  }
}

function blockOf(seed: number): Buffer {
  let block = blocks.get(seed);
  if (block === undefined) {
    block = Buffer.alloc(BLOCK);
    // xorshift32: quick, and nothing compresses it away.
    let x = (seed ^ 0x9e3779b9) >>> 0 || 1;
    for (let at = 0; at < BLOCK; at += 4) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      block.writeInt32LE(x | 0, at);
    }
    blocks.set(seed, block);
  }
  return block;
}
