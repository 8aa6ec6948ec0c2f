import type { FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { FileWriter } from '../../io/files/file-writer.ts';

const MIB = 1 << 20;

/** A file that takes a moment for each call, at most `most` bytes of it, and fails the call of the number `failing`. */
class SlowFile {
  readonly bytes = Buffer.alloc(64 * MIB);
  calls = 0;
  #running = 0;
  mostAtOnce = 0;
  readonly #most: number;
  readonly #failing: number;

  constructor({ most = Number.POSITIVE_INFINITY, failing = 0 } = {}) {
    this.#most = most;
    this.#failing = failing;
  }

  get handle(): FileHandle {
    return this as unknown as FileHandle;
  }

  async writev(chunks: readonly Uint8Array[], position: number): Promise<{ bytesWritten: number }> {
    this.calls += 1;
    this.#running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#running);
    const failed = this.calls === this.#failing;
    await sleep(5);
    this.#running -= 1;
    if (failed) throw new Error('the disk is full');
    const all = Buffer.concat(chunks);
    const bytesWritten = all.copy(this.bytes, position, 0, Math.min(all.length, this.#most));
    return { bytesWritten };
  }

  datasync(): Promise<void> {
    return Promise.resolve();
  }
}

/** Chunks of 300 KiB, each with its number all over. */
const chunks = Array.from({ length: 40 }, (_, number) => Buffer.alloc(300 * 1024, number + 1));

describe('a file’s writer', () => {
  test.each([
    ['whole calls', {}],
    ['a system that takes less than it is given', { most: 700_000 }],
  ])('writes everything in order, one call at a time, by %s', async (_, options) => {
    const file = new SlowFile(options);
    const writer = new FileWriter(file.handle);
    for (const chunk of chunks) await writer.write(chunk);
    await writer.finish();
    const all = Buffer.concat(chunks);
    expect(writer.size).toBe(all.length);
    expect(file.bytes.subarray(0, all.length).equals(all)).toBe(true);
    expect(file.mostAtOnce).toBe(1);
  });

  test('gathers chunks into few calls, and holds back who brings more than can wait', async () => {
    const file = new SlowFile();
    const writer = new FileWriter(file.handle);
    let open = 0;
    let mostOpen = 0;
    for (const chunk of chunks) {
      open += chunk.length;
      mostOpen = Math.max(mostOpen, open);
      await writer.write(chunk, () => (open -= chunk.length));
    }
    await writer.finish();
    expect(open).toBe(0);
    expect(mostOpen).toBeLessThan(6 * MIB);
    expect(file.calls).toBeLessThan(15);
  });

  test('says a failure at the next call and at the end, and lets go of what it was given', async () => {
    const writer = new FileWriter(new SlowFile({ failing: 2 }).handle);
    const held = new Set<Uint8Array>();
    const writing = (async () => {
      for (const chunk of chunks) {
        held.add(chunk);
        await writer.write(chunk, (done) => held.delete(done));
      }
    })();
    await expect(writing).rejects.toThrow('the disk is full');
    await expect(writer.finish()).rejects.toThrow('the disk is full');
    expect(held.size).toBe(0);
  });
});
