import { mkdtemp, readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packTar } from 'modern-tar';
import { expect, test } from 'vitest';
import { TAR_END, tarHeader, tarPadding } from '../../owner/bundle/tar-header.ts';
import { writeBundle } from '../../owner/bundle/write-bundle.ts';
import { concatBytes, utf8 } from '../../ledger-schema/bytes.ts';

const PATH = `sha256/ab/${'ab'.repeat(32)}`;

async function* files(...bodies: { size: number; body: string }[]) {
  for (const { size, body } of bodies) yield { path: PATH, size, body: [utf8(body)] as never };
}

test.each([0, 1, 511, 512, 513])('a file of %i bytes stands in a tar as a packer writes it', async (size) => {
  const body = new Uint8Array(size).fill(7);
  const ours = concatBytes(await tarHeader(PATH, size), body, tarPadding(size), TAR_END);
  const header = { name: PATH, size, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0, type: 'file' } as const;
  expect(Buffer.compare(ours, await packTar([{ header, body }]))).toBe(0);
});

test('a file of more than 8 GiB has its size in a block of its own', async () => {
  const header = Buffer.from(await tarHeader(PATH, 9 * 2 ** 30));
  expect(header.length).toBe(3 * 512);
  expect(header.toString('latin1')).toContain(`size=${9 * 2 ** 30}\n`);
  expect(header.subarray(1024).toString('latin1')).toContain(PATH);
});

test.each([
  ['longer', 'more than was said'],
  ['shorter', 'less'],
])('a file that is %s than its header says ends the bundle, and nothing is left', async (_, body) => {
  const folder = await mkdtemp(join(tmpdir(), 'pullthrough-tar-'));
  const path = join(folder, 'b.tar');
  await expect(writeBundle(files({ size: 5, body }), { path })).toFailWith('E_IO');
  expect(await readdir(folder)).toEqual([]);
});

test('a chunk that is cut between parts is whole when they are joined', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pullthrough-tar-'));
  const body = 'abcdefghij'.repeat(300);
  const parts = await writeBundle(files({ size: body.length, body }), { path: join(folder, 'b.tar'), split: 700 });
  const joined = Buffer.concat(await Promise.all(parts.map((path) => readFile(path))));
  expect(parts.length).toBeGreaterThan(5);
  expect(joined.subarray(512, 512 + body.length).toString()).toBe(body);
});
