import { expect, test } from 'vitest';
import { PullthroughError } from '../../ledger-schema/error.ts';
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

test('what a host will not send with a tree is fetched when it is asked for', async () => {
  const tree = encodeTree([{ mode: '100644', name: Buffer.from('file'), oid: 'b'.repeat(40) }]);
  const here = new Set<string>();
  const source = {
    info: async (oid: string) => (here.has(oid) ? { type: 'tree', size: tree.length } : undefined),
    contents: async (oid: string) => (here.has(oid) ? { type: 'tree', size: tree.length, bytes: tree } : undefined),
  } as unknown as ObjectSource;
  const asked: string[] = [];
  const objects = new Objects(source, 20, async (oids, below) => {
    asked.push(below ?? 'alone');
    if (below) throw new PullthroughError('E_GIT', 'no such filter here');
    for (const oid of oids) here.add(oid);
  });
  const oid = 'a'.repeat(40);
  await objects.prefetch([oid], 'below');
  expect((await objects.tree(oid)).map(({ name }) => name)).toEqual(['file']);
  expect(asked).toEqual(['below', 'alone']);
});
