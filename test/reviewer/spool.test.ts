import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
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
