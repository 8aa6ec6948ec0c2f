import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { BLOCK, keep, release, takeBlock } from '../../io/body/blocks.ts';
import { Body } from '../../io/body/body.ts';
import { digestOf, hashing } from '../../io/files/hash.ts';
import { HashJob } from '../../io/files/hash-thread.ts';
import type { HashAlgorithm } from '../../io/files/hash.ts';

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function expected(bytes: Uint8Array, algorithm: HashAlgorithm): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

describe('hashing', () => {
  test.each([
    [0, 10],
    [1, 1],
    [100_000, 333],
    [(1 << 20) - 1, 65_536],
    [1 << 20, 1 << 20],
    [10_000_003, 65_536],
    [10_000_003, 3_000_000],
  ])('%i bytes in chunks of %i gives each digest and the same bytes', async (size, chunk) => {
    const bytes = randomBytes(size);
    const hashed = hashing(chunks(bytes, chunk), ['sha256', 'sha512', 'md5']);
    const parts: Uint8Array[] = [];
    for await (const part of hashed.body) parts.push(part);
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    expect(hashed.size()).toBe(size);
    expect(hashed.digests()).toEqual({
      sha256: expected(bytes, 'sha256'),
      sha512: expected(bytes, 'sha512'),
      md5: expected(bytes, 'md5'),
    });
  });

  test('many at once do not mix', async () => {
    const bodies = Array.from({ length: 12 }, (_, at) => randomBytes(2_000_000 + at));
    const digests = await Promise.all(bodies.map((bytes) => digestOf(chunks(bytes, 100_000))));
    expect(digests).toEqual(bodies.map((bytes) => expected(bytes, 'sha256')));
  });

  test("a network's packets share blocks instead of taking one each", async () => {
    let made = 0;
    class Counted extends SharedArrayBuffer {
      constructor(bytes: number) {
        super(bytes);
        made++;
      }
    }
    vi.stubGlobal('SharedArrayBuffer', Counted);
    try {
      const bytes = randomBytes(32 << 20);
      expect(await digestOf(chunks(bytes, 16_384))).toBe(expected(bytes, 'sha256'));
    } finally {
      vi.unstubAllGlobals();
    }
    expect(made).toBeLessThan(16);
  });

  test.each([
    [1, 2],
    [2, 4],
    [4, 4],
  ])('%i bodies at once hold %i MiB together before their senders are held back', async (count, most) => {
    const jobs = Array.from({ length: count }, () => new HashJob('sha256'));
    const block = takeBlock();
    let held = 0;
    for (const job of jobs) {
      for (let goesOn = true; goesOn;) {
        goesOn = false;
        void job.update(block).then(() => (goesOn = true));
        // The thread's replies come later than any promise.
        for (let turn = 0; turn < 10; turn++) await Promise.resolve();
        if (goesOn) held += block.length;
      }
    }
    await Promise.all(jobs.map((job) => job.digest()));
    release(block);
    expect(held / (1 << 20)).toBe(most);
  });

  test('asking before the end is a defect, not a wrong digest', async () => {
    const hashed = hashing(chunks(randomBytes(10), 5), ['sha256']);
    await expect(() => hashed.digests()).toFailWith('E_INTERNAL');
    for await (const part of hashed.body) {
      expect(part).toHaveLength(5);
      break;
    }
    await expect(() => hashed.digests()).toFailWith('E_INTERNAL');
  });

  test('what the body throws is thrown on, also after threads were asked', async () => {
    async function* broken(): AsyncGenerator<Uint8Array, void, undefined> {
      yield* chunks(randomBytes(3_000_000), 100_000);
      throw new Error('broken');
    }
    await expect(digestOf(broken())).rejects.toThrow('broken');
  });
});

describe('blocks', () => {
  async function* filled(count: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; at < count; at++) yield takeBlock().fill(at);
  }

  test('that were released are used again, and those that somebody keeps are not', () => {
    const first = takeBlock();
    keep(first);
    release(first);
    const second = takeBlock();
    expect(second.buffer).not.toBe(first.buffer);
    release(first);
    expect(takeBlock().buffer).toBe(first.buffer);
  });

  test('released once too often still go to one taker alone', () => {
    const block = takeBlock();
    release(block);
    release(block);
    expect(takeBlock().buffer).not.toBe(takeBlock().buffer);
  });

  test('are read by a thread while they are handed on', async () => {
    const hashed = hashing(new Body(filled(40)), ['sha256']);
    const hash = createHash('sha256');
    const memories = new Set<ArrayBufferLike>();
    await hashed.body.each((chunk) => {
      hash.update(chunk);
      memories.add(chunk.buffer);
    });
    expect(hashed.digests().sha256).toBe(hash.digest('hex'));
    expect(memories.size).toBeLessThan(40);
  });
});

describe('a body', () => {
  async function* filled(count: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; at < count; at++) yield takeBlock().fill(at);
  }

  test('comes to a loop as memory of its own', async () => {
    const kept: Uint8Array[] = [];
    for await (const chunk of new Body(filled(40))) kept.push(chunk);
    expect(kept.every((chunk, at) => chunk.length === BLOCK && chunk[0] === at && chunk[BLOCK - 1] === at)).toBe(true);
  });

  test('that another is made of keeps its chunks as they are', async () => {
    const seen: number[] = [];
    const doubled = new Body(new Body(filled(3)).chunks);
    await doubled.each((chunk) => seen.push(chunk[0] ?? Number.NaN));
    expect(seen).toEqual([0, 1, 2]);
  });

  test('uses no memory again that its source may hold as well', async () => {
    const mine: Uint8Array[] = [];
    async function* source(): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const chunk of filled(5)) {
        mine.push(chunk);
        yield chunk;
      }
    }
    await Body.from(source()).each(() => undefined);
    for (let at = 0; at < 10; at++) takeBlock().fill(99);
    expect(mine.map(([first]) => first)).toEqual([0, 1, 2, 3, 4]);
  });

  test('ends early where its reader says so, and its source is told', async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        for (;;) yield new Uint8Array(1);
      } finally {
        closed = true;
      }
    }
    let seen = 0;
    await Body.from(source()).each(() => ++seen < 3);
    expect([seen, closed]).toEqual([3, true]);
  });
});
