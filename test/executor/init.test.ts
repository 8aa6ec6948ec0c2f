import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../cli/wiring/settings/config.ts';
import { initExecutor } from '../../executor/init.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'pt-init-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const pin = `sha256:${'a'.repeat(64)}`;

test('a new executor has a mirror.ini that is read, and workflows that install one program by its digest', async () => {
  const directory = join(folder, 'mirror');
  const files = await initExecutor({
    directory,
    ledger: 'acme/ledger',
    store: 's3://acme-mirror/x',
    pin,
    program: { url: 'https://host.example/p.tar.gz', sha256: 'b'.repeat(64) },
  });
  expect(files).toContain('.github/workflows/mirror.yml');
  const config = await loadConfig({}, directory);
  expect(config).toMatchObject({ ledger: { location: { repository: 'acme/ledger' } }, pin: 'a'.repeat(64) });
  const workflow = readFileSync(join(directory, '.github/workflows/mirror.yml'), 'utf8');
  expect(workflow).toContain("URL: 'https://host.example/p.tar.gz'");
  expect(workflow).toContain(`SHA256: '${'b'.repeat(64)}'`);
  for (const path of files.filter((name) => name.startsWith('.github/'))) {
    const text = readFileSync(join(directory, path), 'utf8');
    // A name in a registry that nobody holds is anybody's to take.
    expect(text).not.toMatch(/\b(?:npm|npx|pnpm|yarn)\b|@URL@|@SHA256@/);
  }
});

test('an empty folder is taken, another is left as it is, and nothing else remains', async () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  const options = { ledger: './ledger.git', store: 'file:./store', program: { url: 'https://h.example', sha256: '' } };
  await initExecutor({ directory: empty, ...options });
  expect(existsSync(join(empty, 'mirror.ini'))).toBe(true);
  const full = join(folder, 'full');
  mkdirSync(full);
  writeFileSync(join(full, 'mine'), 'x');
  await expect(() => initExecutor({ directory: full, ...options })).toFailWith('E_EXISTS');
  expect(readdirSync(full)).toEqual(['mine']);
  for (const directory of [join(full, 'mine'), join(full, 'mine', 'below')]) {
    await expect(initExecutor({ directory, ...options })).rejects.toMatchObject({
      code: 'E_EXISTS',
      message: expect.stringContaining('a file lies there, or above it') as unknown,
    });
  }
  expect(readdirSync(folder).sort()).toEqual(['empty', 'full']);
});
