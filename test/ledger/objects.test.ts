import { expect, test } from 'vitest';
import type { ObjectSource } from '../../ledger/git/objects/objects.ts';
import { Objects } from '../../ledger/git/objects/objects.ts';
import { encodeTree } from '../../ledger/git/objects/tree.ts';

test('trees that are few bytes on disk and many in memory are refused, not read together', async () => {
  const names = Array.from({ length: 20_000 }, (_, i) => Buffer.from(`f${i}`));
  const bytes = encodeTree(names.map((name) => ({ mode: '100644', name, oid: 'a'.repeat(40) })));
  // Every one of them is another tree with the same entries, as deltas make them.
  const catFile = { contents: async () => ({ type: 'tree', size: bytes.length, bytes }) } as unknown as ObjectSource;
  const objects = new Objects(catFile, 20);
  const oids = Array.from({ length: 500 }, (_, i) => i.toString(16).padStart(40, '0'));
  await expect(objects.trees(oids)).toFailWith('E_TOO_LARGE');
  expect(await objects.trees(oids.slice(0, 2))).toHaveLength(2);
});
