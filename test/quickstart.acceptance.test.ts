import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const record = 'packages/github.com/bazelbuild/buildtools/v8.2.1';
/** What others publish as the SHA-256 of the files of bazelbuild/buildtools' GitHub release v8.2.1. */
const PUBLISHED = {
  'buildifier-linux-amd64': '6ceb7b0ab7cf66fceccc56a027d21d9cc557a7f34af37d2101edb56b92fcfa1a',
  'buildifier-darwin-amd64': '9f8cffceb82f4e6722a32a021cbc9a5344b386b77b9f79ee095c61d087aaea06',
  'buildifier-darwin-arm64': 'cfab310ae22379e69a3b1810b433c4cd2fc2c8f4a324586dfe4cc199943b8d5a',
};

let folder: string;
let printed: string;

beforeAll(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'pt-quick-')), 'quickstart');
  const run = promisify(execFile);
  const env = { ...process.env, PULLTHROUGH_QUICKSTART_DIR: folder, NO_COLOR: '1' };
  printed = (await run(process.execPath, [join(root, 'dist/scripts/quickstart.js')], { env })).stdout;
});
afterAll(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

function git(...args: string[]): string {
  return execFileSync('git', ['--git-dir', join(folder, 'ledger.git'), ...args], { encoding: 'utf8' });
}

test('the quickstart prints each command that a user would type', () => {
  for (const command of ['plan', 'mirror', 'review', 'ack', 'ledger merge', 'verify', 'get']) {
    expect(printed).toMatch(new RegExp(`^\\$ (?:\\w+=\\S+ )?npx pullthrough ${command}\\b`, 'm'));
  }
  expect(printed).toContain('gpgv --keyring');
  expect(printed).toContain('sha256sum --check --ignore-missing checklist.sha256');
});

test('its record has the digests that others published for the very files', () => {
  const sums = git('show', `main:${record}/checklist.sha256`);
  for (const [name, sha256] of Object.entries(PUBLISHED)) expect(sums).toContain(`${sha256}  ${name}\n`);
  for (const sha256 of Object.values(PUBLISHED)) {
    expect(existsSync(join(folder, 'store/sha256', sha256.slice(0, 2), sha256))).toBe(true);
  }
});

test('the record is merged with its sign and one ack, and no proposal is left', () => {
  const files = git('ls-tree', '--name-only', `main:${record}`).trim().split('\n');
  expect(files).toHaveLength(4);
  expect(git('branch', '--format=%(refname:short)').trim().split('\n')).toEqual(['main', 'pullthrough-head']);
});

test('the program that was got runs, where it is for this system', () => {
  const [name = ''] = readdirSync(join(folder, 'bin'));
  expect(execFileSync(join(folder, 'bin', name), ['--version'], { encoding: 'utf8' })).toContain('8.2.1');
});
