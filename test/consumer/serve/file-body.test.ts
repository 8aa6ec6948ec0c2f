import { createHash, randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { FileBody } from '../../../consumer/serve/bytes/body.ts';
import type { OpenFile } from '../../../consumer/serve/bytes/cache-file.ts';

const CHUNK = 4096;

function bodyOf(bytes: Buffer, taken: () => boolean): FileBody {
  const file: OpenFile = {
    size: bytes.length,
    read: async (buffer, position) => void bytes.copy(buffer, 0, position),
    unchanged: async () => true,
    damaged: () => undefined,
    release: () => undefined,
  };
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return new FileBody({ file, sha256, start: 0, end: bytes.length, chunk: CHUNK, taken, done: () => undefined });
}

/** A socket: it takes a piece at a time, and looks at its bytes only when it has time for them. */
function slowSocket() {
  const memory = new Set<ArrayBufferLike>();
  const got: Buffer[] = [];
  const socket = new Writable({
    highWaterMark: 1,
    write(piece: Buffer, _encoding, done) {
      memory.add(piece.buffer);
      setImmediate(() => {
        got.push(Buffer.from(piece));
        done();
      });
    },
  });
  return { socket, memory, bytes: () => Buffer.concat(got) };
}

test('a large file is sent out of the memory of a few pieces', async () => {
  const bytes = randomBytes(100 * CHUNK + 17);
  const { socket, memory, bytes: got } = slowSocket();
  await pipeline(
    bodyOf(bytes, () => socket.writableLength === 0),
    socket,
  );
  expect(got().equals(bytes)).toBe(true);
  expect(memory.size).toBeLessThan(5);
});

test('memory that the system still reads from is not used again', async () => {
  const bytes = randomBytes(20 * CHUNK);
  const { socket, memory, bytes: got } = slowSocket();
  await pipeline(
    bodyOf(bytes, () => false),
    socket,
  );
  expect(got().equals(bytes)).toBe(true);
  expect(memory.size).toBe(20);
});

test('what still waits for its reader is not written over', async () => {
  const bytes = randomBytes(20 * CHUNK);
  const body = bodyOf(bytes, () => true);
  const pieces: Buffer[] = [];
  body.on('readable', () => {
    for (let piece = body.read() as Buffer | null; piece !== null; piece = body.read() as Buffer | null) {
      pieces.push(Buffer.from(piece));
    }
  });
  await new Promise((done) => body.once('end', done));
  expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
});
