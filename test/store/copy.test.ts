import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SILENT } from '../../io/progress.ts';
import { copyStore, requireTwo } from '../../store/copy.ts';
import { FileStore } from '../../store/file-store.ts';
import { storeKey } from '../../store/store.ts';
import type { Store } from '../../store/store.ts';

let folder: string;
let from: FileStore;
let to: FileStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullthrough-copy-'));
  from = new FileStore({ root: join(folder, 'from'), progress: SILENT });
  to = new FileStore({ root: join(folder, 'to'), progress: SILENT });
});
afterEach(() => rm(folder, { recursive: true }));

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
async function put(store: Store, bytes: Uint8Array): Promise<string> {
  const body = async function* () {
    yield bytes;
  };
  return (await store.put({ name: 'f', size: bytes.length }, body())).sha256;
}
const copy = (more = {}) => copyStore({ from, to, progress: SILENT, ...more });
const contents = (root: string, sha256: string) => readFile(join(folder, root, storeKey(sha256)));

test('every object arrives with its bytes; a second run sends nothing', async () => {
  const bodies = [randomBytes(10), randomBytes(3_000_000), new Uint8Array(0)];
  for (const body of bodies) await put(from, body);
  expect(await copy()).toEqual({ objects: 3, copied: 3, present: 0, repaired: 0, bytes: 3_000_010, damaged: [] });
  for (const body of bodies) expect(hash(await contents('to', hash(body)))).toBe(hash(body));
  expect(await copy()).toEqual({ objects: 3, copied: 0, present: 3, repaired: 0, bytes: 0, damaged: [] });
});

test('what is damaged is named and not copied, and the others are', async () => {
  const [good, bad, short] = await Promise.all(
    [randomBytes(9), randomBytes(20), randomBytes(30)].map((b) => put(from, b)),
  );
  if (good === undefined || bad === undefined || short === undefined) throw new Error('nothing was put');
  await writeFile(join(folder, 'from', storeKey(bad)), randomBytes(20));
  await writeFile(join(folder, 'from', storeKey(short)), randomBytes(3));
  const report = await copy();
  expect(report).toMatchObject({ objects: 3, copied: 1 });
  expect(report.damaged.map(({ sha256 }) => sha256)).toEqual([bad, short].sort());
  await expect(contents('to', bad)).rejects.toThrow('ENOENT');
  expect((await contents('to', good)).length).toBe(9);
});

test('damage in the store that is copied to is put right, and what only it has stays', async () => {
  const [body, own] = [randomBytes(100), randomBytes(7)];
  const sha256 = await put(from, body);
  await put(to, body);
  const kept = await put(to, own);
  await writeFile(join(folder, 'to', storeKey(sha256)), 'no');
  expect(await copy()).toMatchObject({ copied: 1, repaired: 1 });
  expect(hash(await contents('to', sha256))).toBe(sha256);
  expect(hash(await contents('to', kept))).toBe(kept);
});

test('one that is interrupted goes on where it was', async () => {
  for (let at = 0; at < 6; at++) await put(from, randomBytes(1000));
  const stop = new AbortController();
  let done = 0;
  const stopping: Store = {
    label: to.label,
    put: async (request, body) => {
      const result = await to.put(request, body);
      if (++done === 3) stop.abort(new Error('enough'));
      return result;
    },
    verify: (...call) => to.verify(...call),
    has: (...call) => to.has(...call),
    read: (...call) => to.read(...call),
    list: () => to.list(),
    requireWritable: () => to.requireWritable(),
    remove: (...call) => to.remove(...call),
    leftovers: (...call) => to.leftovers(...call),
  };
  await expect(copy({ to: stopping, concurrency: 1, signal: stop.signal })).rejects.toThrow('enough');
  expect(await copy()).toMatchObject({ objects: 6, copied: 3, present: 3 });
});

test('a store that holds nothing is a wrong address more often than an empty one', async () => {
  await expect(() => copy()).toFailWith('E_STORE');
});

test('a store is not copied into itself', async () => {
  await expect(async () => requireTwo(from, from)).toFailWith('E_USAGE');
});
