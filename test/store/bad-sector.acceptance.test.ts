import { createHash } from 'node:crypto';
import type * as fs from 'node:fs/promises';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { SILENT } from '../../io/progress.ts';
import { FileStore } from '../../store/file-store.ts';
import { storeKey } from '../../store/store.ts';

const disk = vi.hoisted(() => ({ bad: '' }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>();
  return {
    ...real,
    async open(path: string, flags: string, mode?: number) {
      const handle = await real.open(path, flags, mode);
      if (path === disk.bad) handle.read = () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }));
      return handle;
    },
  };
});

test('an object that the disk cannot read any more is repaired as any damaged one', async () => {
  const root = await mkdtemp(join(tmpdir(), 'pullthrough-sector-'));
  try {
    const bytes = Buffer.from('bytes');
    const request = { name: 'f', size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
    async function* body() {
      yield bytes;
    }
    const store = new FileStore({ root, progress: SILENT });
    await store.put(request, body());
    disk.bad = join(root, storeKey(request.sha256));
    expect(await store.verify(request.sha256, request.size)).toBe('damaged');
    expect(await store.put(request, body())).toEqual({ sha256: request.sha256, repaired: true });
    expect(await store.put({ ...request, sha256: undefined }, body())).toMatchObject({ repaired: true });
    disk.bad = '';
    expect(await readFile(join(root, storeKey(request.sha256)), 'utf8')).toBe('bytes');
    expect(await store.verify(request.sha256, request.size)).toBe('present');
  } finally {
    await rm(root, { recursive: true });
  }
});
