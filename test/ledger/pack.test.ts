import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodePack, objectId } from '../../ledger/git/objects/pack.ts';
import { encodeTree } from '../../ledger/git/objects/tree.ts';
import { git, gitBytes, temporary } from '../kit/ledger/git-fixture.ts';

test.each(['sha1', 'sha256'] as const)('git takes a pack of ours, with objects of %s', (format) => {
  const directory = temporary();
  git(directory, ['init', '--quiet', '--bare', `--object-format=${format}`, '.']);
  // At each of these sizes the pack's own number of bytes for the size grows, or is about to.
  const sizes = [0, 1, 15, 16, 127, 128, 2047, 2048, 262_143, 262_144, 900_000];
  const blobs = sizes.map((size) => ({ type: 'blob' as const, bytes: Buffer.alloc(size, String(size)) }));
  const tree = encodeTree(
    blobs.map((blob, at) => ({ mode: '100644', name: Buffer.from(`f${at}`), oid: objectId(blob, format) })),
  );
  const lines = [`tree ${objectId({ type: 'tree', bytes: tree }, format)}`, 'author a <b> 1 +0000'];
  const commit = Buffer.from([...lines, 'committer a <b> 1 +0000', '', 'a message'].join('\n'));
  const objects = [...blobs, { type: 'tree' as const, bytes: tree }, { type: 'commit' as const, bytes: commit }];
  git(directory, ['unpack-objects', '-q', '--strict'], encodePack(objects, format));
  for (const object of objects) {
    const { type, bytes } = object;
    expect(gitBytes(directory, ['cat-file', type, objectId(object, format)]).equals(bytes)).toBe(true);
  }
  git(directory, ['update-ref', 'refs/heads/main', objectId({ type: 'commit', bytes: commit }, format)]);
  expect(git(directory, ['fsck', '--strict', '--full'])).toBe('');
});

test('a tree has the bytes that git gives it', () => {
  const directory = temporary();
  git(directory, ['init', '--quiet', '--bare', '.']);
  const oid = '12'.repeat(20);
  // Names that begin alike, where a folder's place isn't that of a file of its name.
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '.', '-', '0', 'é'), minLength: 1, maxLength: 4 });
  const kinds = fc.constantFrom(['100644', 'blob'], ['100755', 'blob'], ['40000', 'tree'], ['160000', 'commit']);
  const trees = fc.uniqueArray(fc.tuple(name, kinds), { maxLength: 12, selector: ([text]) => text });
  fc.assert(
    fc.property(trees, (entries) => {
      const lines = entries.map(([text, [mode, type]]) => `${mode} ${type} ${oid}\t${text}\0`);
      const bytes = encodeTree(entries.map(([text, [mode = '']]) => ({ mode, name: Buffer.from(text), oid })));
      const made = git(directory, ['mktree', '-z', '--missing'], Buffer.from(lines.join('')));
      expect(objectId({ type: 'tree', bytes }, 'sha1')).toBe(made);
    }),
    { numRuns: 60 },
  );
});
