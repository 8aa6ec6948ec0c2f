import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { CatFile } from '../../ledger/git/objects/cat-file.ts';
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

test('the contents of a file are asked for when its size is known, and those of one that is too large never', async () => {
  const asked: unknown[] = [];
  const source = {
    contents: async (oid: string, limit: number, how?: string) => {
      asked.push({ limit, how });
      const size = oid.startsWith('a') ? 3 : 4096;
      return { type: 'blob', size, bytes: size > limit ? undefined : new Uint8Array(size) };
    },
  } as unknown as ObjectSource;
  const objects = new Objects(source, 20);
  expect(await objects.blob('a'.repeat(40), 100)).toHaveLength(3);
  await expect(objects.blob('b'.repeat(40), 100)).toFailWith('E_TOO_LARGE');
  expect(asked).toEqual(Array(2).fill({ limit: 100, how: 'size first' }));
});

test.skipIf(process.platform === 'win32')('git itself is asked for the size alone of what is too large', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pullthrough-cat-file-'));
  const git = (args: string[], input?: string) => execFileSync('git', args, { cwd: folder, input }).toString().trim();
  const real = execFileSync('sh', ['-c', 'command -v git']).toString().trim();
  git(['init', '--quiet', '--bare', 'repo']);
  const hash = (text: string) => git(['-C', 'repo', 'hash-object', '-w', '--stdin'], text);
  const [small, large] = [hash('small'), hash('x'.repeat(10_000))];
  // What git is told goes into a file on its way.
  await writeFile(join(folder, 'git'), `#!/bin/sh\ntee '${folder}/told' | exec '${real}' "$@"\n`);
  await chmod(join(folder, 'git'), 0o755);
  const catFile = new CatFile(join(folder, 'repo'), { PATH: `${folder}:${process.env['PATH'] ?? ''}` });
  try {
    const found = await Promise.all([small, large].map((oid) => catFile.contents(oid, 100, 'size first')));
    expect(found.map((each) => [each?.size, each?.bytes?.length])).toEqual([
      [5, 5],
      [10_000, undefined],
    ]);
    const told = (await readFile(join(folder, 'told'), 'utf8'))
      .split('\n')
      .filter((line) => /^(?:info|contents) /.test(line));
    expect(told).toEqual([`info ${small}`, `info ${large}`, `contents ${small}`]);
  } finally {
    await catFile.close();
  }
});
