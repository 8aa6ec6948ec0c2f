import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { executorFiles } from '../../executor/init.ts';
import { programSource } from '../../io/program-source.ts';
import { ledgerExtras } from '../../owner/templates.ts';
import { WORKFLOWS, workflowText } from './workflow.ts';

const VERSION = '1.32.0';
const folder = mkdtempSync(join(tmpdir(), 'pt-zizmor-'));
const root = join(import.meta.dirname, '../..');
let zizmor = '';

/** From PyPI, kept between runs. */
function install(): string {
  const home = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), `pullthrough-tests/zizmor-${VERSION}`);
  const program = join(home, 'bin/zizmor');
  if (existsSync(program)) return program;
  execFileSync('python3', ['-m', 'venv', home], { stdio: 'pipe' });
  execFileSync(join(home, 'bin/pip'), ['install', '--quiet', `zizmor==${VERSION}`], { stdio: 'pipe' });
  return program;
}

/** What it finds of level medium or high, and how many inputs it looked at. */
function findings(place: string): string[] {
  const args = ['--offline', '--no-progress', '--format', 'json', '--min-severity', 'medium', '--no-exit-codes', place];
  const { stdout, stderr, status } = spawnSync(zizmor, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const found = JSON.parse(stdout) as { ident: string; determinations: { severity: string } }[];
  return found.map(({ ident, determinations }) => `${ident} ${determinations.severity}`);
}

function write(name: string, files: Iterable<readonly [path: string, text: string]>): string {
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true });
    writeFileSync(join(folder, name, path), text);
  }
  return join(folder, name);
}

beforeAll(() => {
  zizmor = install();
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('zizmor finds nothing of level medium or high', () => {
  test('in what init writes', () => {
    const made = { directory: '', ledger: 'acme/ledger', store: 's3://acme-mirror', program: programSource() };
    expect(findings(write('executor', executorFiles(made)))).toEqual([]);
  });

  test('in what ledger init writes', () => {
    expect(findings(write('ledger', ledgerExtras({ program: programSource() })))).toEqual([]);
  });

  test('in this repository', () => {
    expect(findings(join(root, '.github'))).toEqual([]);
  });

  test('in the examples of the documentation', () => {
    const files = WORKFLOWS.filter((file) => file.startsWith('docs/'));
    expect(files.length).toBeGreaterThan(1);
    const named = files.map((file) => [`.github/workflows/${file.split('/').at(-1)}`, workflowText(file)] as const);
    expect(findings(write('examples', named))).toEqual([]);
  });

  test('and it does find what is wrong', () => {
    const text = workflowText('executor/templates/mirror.yml').replaceAll(/^ +permission-.*\n/gm, '');
    expect(findings(write('wrong', [['.github/workflows/mirror.yml', text]]))).toContain('github-app High');
  });
});
