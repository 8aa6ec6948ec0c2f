import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { TooMuch } from '../limits.ts';
import { Pull } from './pull.ts';

const MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
/** Bytes of a check by the number of its kind, by the .xz format's 2.1.1.2. */
const CHECK_SIZES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64] as const;
/** The kinds that the library reads: none, CRC32 and CRC64. */
const READ = new Set([0, 1, 4]);
const SHA256 = 10;
const MOST_BLOCKS = 1_000_000;

/** One block of a stream: its uncompressed size, and the SHA-256 of it where it has one. */
interface Block {
  readonly unpadded: number;
  readonly size: number;
  readonly sha256: string | undefined;
}

/**
 * Decompresses what the library can't read by itself: streams whose blocks have a check of another kind behind them, as every
 * rpm package compressed by xz has. Those are taken out on the way, a SHA-256 is compared here. Throws where it is wrong.
 */
export async function* uncheckedXz(
  body: AsyncIterable<Uint8Array>,
  decompress: (body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const ended: Block[] = [];
  let hash = createHash('sha256');
  let hashed = 0;
  const settle = (): void => {
    for (let block = ended[0]; block !== undefined && block.size === hashed; block = ended[0]) {
      if (block.sha256 !== undefined && block.sha256 !== hash.digest('hex')) throw new Error('its check is wrong');
      ended.shift();
      hash = createHash('sha256');
      hashed = 0;
    }
  };
  for await (const chunk of decompress(reframed(new Pull(body), (block) => ended.push(block)))) {
    for (let rest = chunk; rest.length > 0;) {
      // Nothing of a block comes out before the one before it has ended.
      const part = rest.subarray(0, (ended[0]?.size ?? Infinity) - hashed);
      hash.update(part);
      hashed += part.length;
      rest = rest.subarray(part.length);
      settle();
    }
    yield chunk;
  }
  settle();
}

/** The same streams without the checks that the library can't read. */
async function* reframed(pull: Pull, onBlock: (block: Block) => void): AsyncGenerator<Uint8Array, void, undefined> {
  for (let header = await pull.upTo(12); header.length > 0; header = await pull.upTo(12)) {
    // Between streams there may be zeros.
    while (header.length >= 4 && header.readUInt32LE(0) === 0) {
      header = Buffer.concat([header.subarray(4), await pull.upTo(4)]);
    }
    if (header.length === 0) return;
    if (header.length < 12 || !header.subarray(0, 6).equals(MAGIC)) throw new Error('it goes on after its end');
    yield* reframedStream(pull, header, onBlock);
  }
}

async function* reframedStream(
  pull: Pull,
  header: Buffer,
  onBlock: (block: Block) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const kind = (header[7] ?? 0) & 15;
  const kept = READ.has(kind) ? (CHECK_SIZES[kind] ?? 0) : 0;
  const dropped = (CHECK_SIZES[kind] ?? 0) - kept;
  const flags = Buffer.from([0, READ.has(kind) ? kind : 0]);
  yield Buffer.concat([MAGIC, flags, crcOf(flags)]);
  const blocks: Block[] = [];
  for (let first = await pull.bytes(1); first[0] !== 0; first = await pull.bytes(1)) {
    if (blocks.length === MOST_BLOCKS) throw new TooMuch(`it has more than ${MOST_BLOCKS} blocks`);
    const rest = await pull.bytes(((first[0] ?? 0) + 1) * 4 - 1);
    yield Buffer.concat([first, rest]);
    const data = { compressed: 0, size: 0 };
    yield* chunks(pull, data);
    const padding = await pull.bytes((4 - (data.compressed % 4)) % 4);
    const check = await pull.bytes(kept + dropped);
    // The library takes a part without bytes for the end.
    if (padding.length + (dropped === 0 ? check.length : 0) > 0)
      yield dropped === 0 ? Buffer.concat([padding, check]) : padding;
    const block = {
      unpadded: 1 + rest.length + data.compressed + kept,
      size: data.size,
      sha256: kind === SHA256 ? check.toString('hex') : undefined,
    };
    blocks.push(block);
    onBlock(block);
  }
  // The index and what ends the stream must say the same as the blocks.
  const end = endOf(blocks, dropped, header.subarray(6, 8));
  if (!(await pull.bytes(end.length - 1)).equals(end.subarray(1))) throw new Error('its index is damaged');
  yield endOf(blocks, 0, flags);
}

/** The chunks of a block, of which each says how long it is. */
async function* chunks(
  pull: Pull,
  data: { compressed: number; size: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    const control = await pull.bytes(1);
    yield control;
    data.compressed += 1;
    const how = control[0] ?? 0;
    if (how === 0) return;
    if (how > 2 && how < 0x80) throw new Error('it is damaged');
    const isPlain = how <= 2;
    const head = await pull.bytes(isPlain ? 2 : how >= 0xc0 ? 5 : 4);
    yield head;
    const size = (isPlain ? 0 : (how & 31) << 16) + head.readUInt16BE(0) + 1;
    const length = isPlain ? size : head.readUInt16BE(2) + 1;
    yield* pull.part(length);
    data.compressed += head.length + length;
    data.size += size;
  }
}

/** A stream's index and footer, where each block is followed by so many bytes more than it says. */
function endOf(blocks: readonly Block[], more: number, flags: Uint8Array): Buffer {
  const records = blocks.flatMap(({ unpadded, size }) => [number(unpadded + more), number(size)]);
  const plain = Buffer.concat([Buffer.from([0]), number(blocks.length), ...records]);
  const index = Buffer.concat([plain, Buffer.alloc((4 - (plain.length % 4)) % 4)]);
  const back = Buffer.alloc(4);
  back.writeUInt32LE((index.length + 4) / 4 - 1);
  const footer = Buffer.concat([back, flags]);
  return Buffer.concat([index, crcOf(index), crcOf(footer), footer, Buffer.from('YZ')]);
}

/** Seven bits a byte, the lowest first. */
function number(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left % 128) | 128);
  }
}

function crcOf(bytes: Uint8Array): Buffer {
  const crc = Buffer.alloc(4);
  crc.writeUInt32LE(crc32(bytes));
  return crc;
}
