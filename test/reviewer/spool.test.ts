import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { lookInside } from '../../inspect/look-inside.ts';
import { sha256Hex } from '../../ledger-schema/bytes.ts';
import { Spool } from '../../reviewer/compare/spool.ts';

test('a review removes what a killed one left a day ago, and nothing else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pt-spool-'));
  vi.stubEnv('TMPDIR', folder);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });
  const old = new Date(Date.now() - 2 * 86_400_000);
  for (const name of ['pullthrough-review-aB3dE6', 'pullthrough-review-Young1', 'pullthrough-review-of-mine']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'file'), 'x');
    if (!name.endsWith('Young1')) utimesSync(join(folder, name), old, old);
  }
  {
    await using spool = await Spool.open();
    expect(readdirSync(folder)).toContain(spool.folder.slice(folder.length + 1));
  }
  expect(readdirSync(folder).sort()).toEqual(['pullthrough-review-Young1', 'pullthrough-review-of-mine']);
});

test('a plain file is looked into without a copy of its bytes, and read from any place', async () => {
  const bytes = randomBytes(3 << 20);
  const asset = { name: 'data', size: bytes.length, sha256: sha256Hex(bytes) };
  await using spool = await Spool.open();
  const sink = await spool.sink(asset.sha256);
  await sink.write(bytes);
  await sink.end();
  const file = await spool.bytes(asset);
  const copies = vi.spyOn(Buffer, 'allocUnsafeSlow');
  onTestFinished(() => copies.mockRestore());
  expect(await lookInside(file)).toMatchObject({
    kind: 'other',
    members: [{ size: asset.size, sha256: asset.sha256 }],
  });
  expect(copies.mock.calls.filter(([length]) => length > 65_536)).toEqual([]);
  const rest: Uint8Array[] = [];
  for await (const chunk of file.stream(1_000_001)) rest.push(chunk);
  expect(Buffer.concat(rest).equals(bytes.subarray(1_000_001))).toBe(true);
});
