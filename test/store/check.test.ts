import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SILENT } from '../../io/progress.ts';
import { checkStore, isInSample } from '../../store/check.ts';
import type { CheckReport, Expected, Sample } from '../../store/check.ts';
import { FileStore } from '../../store/file-store.ts';
import { storeKey } from '../../store/store.ts';

const DAY = 86_400_000;
let root: string;
let store: FileStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pullthrough-check-'));
  store = new FileStore({ root, progress: SILENT });
});
afterEach(() => rm(root, { recursive: true }));

async function put(size: number): Promise<Expected> {
  const bytes = randomBytes(size);
  async function* body(): AsyncGenerator<Uint8Array, void, undefined> {
    yield bytes;
  }
  return { sha256: (await store.put({ size, name: 'f' }, body())).sha256, size };
}

function check(expected: readonly Expected[], sample?: Sample, now = new Date()): Promise<CheckReport> {
  return checkStore(store, { expected, sample, now, progress: SILENT });
}

describe('a check of a store', () => {
  test('finds nothing wrong where nothing is', async () => {
    const objects = await Promise.all([0, 10, 2_000_000].map(put));
    const report = await check(objects);
    expect(report).toEqual({ objects: 3, hashed: 3, bytes: 2_000_010, damaged: [], missing: [] });
    expect(await check([])).toMatchObject({ hashed: 3, damaged: [] });
  });

  test('names each damaged and each missing object, and what is wrong', async () => {
    const [flipped, cut, gone, unnamed, good] = (await Promise.all([100, 101, 102, 103, 104].map(put))) as [
      Expected,
      Expected,
      Expected,
      Expected,
      Expected,
    ];
    await writeFile(join(root, storeKey(flipped.sha256)), randomBytes(100));
    await writeFile(join(root, storeKey(cut.sha256)), randomBytes(50));
    await writeFile(join(root, storeKey(unnamed.sha256)), randomBytes(103));
    await rm(join(root, storeKey(gone.sha256)));
    const report = await check([flipped, cut, gone, good]);
    const of = (sha256: string): unknown => report.damaged.find((finding) => finding.sha256 === sha256);
    expect(report.missing).toEqual([{ ...gone, named: true, what: 'is not there' }]);
    expect(report.damaged).toHaveLength(3);
    expect(of(flipped.sha256)).toMatchObject({
      named: true,
      what: expect.stringMatching(/^has the SHA-256 /) as string,
    });
    expect(of(cut.sha256)).toMatchObject({ size: 101, named: true, what: 'has 50 bytes, not 101' });
    expect(of(unnamed.sha256)).toMatchObject({ size: 103, named: false });
  });

  test('with a sample hashes a share, and still misses nothing that is gone', async () => {
    const objects = await Promise.all(Array.from({ length: 40 }, () => put(20)));
    const gone = objects[0] as Expected;
    await rm(join(root, storeKey(gone.sha256)));
    const reports = await Promise.all([0, 1, 2].map((day) => check(objects, { part: 1, of: 3 }, new Date(day * DAY))));
    expect(reports.reduce((sum, { hashed }) => sum + hashed, 0)).toBe(39);
    for (const { hashed, missing } of reports) {
      expect(hashed).toBeLessThan(39);
      expect(missing.map(({ sha256 }) => sha256)).toEqual([gone.sha256]);
    }
  });
});

describe('a sample', () => {
  const digests = Array.from({ length: 3000 }, (_, at) => createHash('sha256').update(String(at)).digest('hex'));

  test.each([
    [1, 30, 30],
    [2, 30, 15],
    [4, 30, 8],
    [7, 7, 1],
    [3, 7, 3],
  ])('%i/%i covers everything in %i days, whatever the first one', (part, of, days) => {
    const sample = { part, of };
    for (const start of [0, 20_000, 20_417]) {
      const turns = new Set<string>();
      for (let day = start; day < start + days; day++) {
        for (const sha256 of digests) if (isInSample(sha256, sample, new Date(day * DAY))) turns.add(sha256);
      }
      expect(turns.size).toBe(digests.length);
    }
  });

  test('takes about its share, the same all day', () => {
    const sample = { part: 1, of: 30 };
    const at = (ms: number): string[] => digests.filter((sha256) => isInSample(sha256, sample, new Date(ms)));
    expect(at(5 * DAY).length).toBeGreaterThan(50);
    expect(at(5 * DAY).length).toBeLessThan(150);
    expect(at(5 * DAY)).toEqual(at(6 * DAY - 1));
    expect(at(5 * DAY)).not.toEqual(at(6 * DAY));
  });
});
