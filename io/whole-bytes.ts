/** A whole body in memory: for one that was bounded before it is read. Throws what the body throws. */
export async function readWhole(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A body of which `size` bytes are expected: reading ends soon behind them, so that a longer one is seen and not kept. */
export async function readAtMost(body: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let read = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    read += chunk.length;
    if (read > size) break;
  }
  return Buffer.concat(chunks);
}

/** Bytes as a body of one chunk. */
export async function* bodyOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
