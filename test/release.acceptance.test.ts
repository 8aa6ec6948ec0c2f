import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VERSION } from '../cli/version.ts';
import { people } from './kit/worlds/executor-keys.ts';
import { world } from './kit/worlds/executor-world.ts';
import type { World } from './kit/worlds/executor-world.ts';

const root = join(import.meta.dirname, '..');
const TAG = `v${VERSION}`;
const FILES = [`pullthrough-${VERSION}-bundle.tar.gz`, `pullthrough-${VERSION}.tgz`, 'checksums.sha256'];
const RECORD = `packages/github.com/acme/pullthrough/${TAG}`;

const folder = mkdtempSync(join(tmpdir(), 'pt-release-'));
const out = join(folder, 'release');

/** The scripts alone see what a runner gives them, not this machine's own configuration. */
const environment = (more: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  HOME: folder,
  ...more,
});
const run = promisify(execFile);

beforeAll(async () => {
  const { stdout } = await run(join(root, 'scripts/release-files.sh'), [out], { env: environment({}) });
  expect(stdout.trim()).toBe(VERSION);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a release’s package writes workflows that install the archive of the same release', async () => {
  const named = join(folder, 'named');
  const env = environment({ GITHUB_REPOSITORY: 'acme/pullthrough' });
  const script = join(root, 'scripts/release-files.sh');
  const manifest = readFileSync(join(root, 'package.json'), 'utf8');
  const copy = join(folder, 'copy');
  mkdirSync(copy);
  for (const name of [
    'bundle',
    'dist',
    'scripts',
    'ledger-schema',
    'CHANGELOG.md',
    'SECURITY.md',
    'README.md',
    'LICENSE',
  ]) {
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  writeFileSync(join(copy, 'package.json'), manifest.replace('{', '{ "repository": "github:acme/pullthrough",'));
  await run(script.replace(root, copy), [named], { env });
  execFileSync('tar', ['--extract', '--file', `pullthrough-${VERSION}.tgz`], { cwd: named });
  const archive = `pullthrough-${VERSION}-bundle.tar.gz`;
  const [digest = ''] = execFileSync('sha256sum', [archive], { cwd: named, encoding: 'utf8' }).split(' ');
  const main = join(named, 'package/bundle/cli/main.js');
  const flags = ['--ledger', 'acme/ledger', '--store', 's3://acme-mirror'];
  execFileSync(process.execPath, [main, 'init', 'mirror', ...flags], { cwd: named, stdio: 'pipe' });
  const workflow = readFileSync(join(named, 'mirror/.github/workflows/mirror.yml'), 'utf8');
  expect(workflow).toContain(`URL: 'https://github.com/acme/pullthrough/releases/download/v${VERSION}/${archive}'`);
  expect(workflow).toContain(`SHA256: '${digest}'`);
});

test('a release is the package, the bundle and their checksums, of the same bytes each time', async () => {
  expect(readdirSync(out).sort()).toEqual([...FILES].sort());
  execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'checksums.sha256'], { cwd: out });
  const again = join(folder, 'again');
  await run(join(root, 'scripts/release-files.sh'), [again], { env: environment({}) });
  expect(readFileSync(join(again, 'checksums.sha256'), 'utf8')).toBe(
    readFileSync(join(out, 'checksums.sha256'), 'utf8'),
  );
});

test('a package that names another repository than the workflow runs in is not made', async () => {
  const env = environment({ GITHUB_REPOSITORY: 'somebody/else' });
  const made = run(join(root, 'scripts/release-files.sh'), [join(folder, 'none')], { env });
  await expect(made).rejects.toMatchObject({ stderr: expect.stringContaining('somebody/else') as string });
});

test("the tag is a commit of its own, with the bundle that the action's file names; main stays", async () => {
  const repository = join(folder, 'repository');
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: repository, env: environment({}), encoding: 'utf8' }).trim();
  mkdirSync(join(repository, 'scripts'), { recursive: true });
  for (const name of ['action.yml', '.gitignore', 'scripts/release-commit.sh']) {
    cpSync(join(root, name), join(repository, name));
  }
  git('init', '--quiet', '--initial-branch=main');
  git('add', '.');
  git('-c', 'user.name=a', '-c', 'user.email=a@acme.example', 'commit', '--quiet', '--message', 'sources');
  const head = git('rev-parse', 'HEAD');
  const bundle = join(out, FILES[0] ?? '');
  await run(join(repository, 'scripts/release-commit.sh'), [TAG, bundle], { env: environment({}) });
  expect(git('rev-parse', 'main', `${TAG}^`)).toBe(`${head}\n${head}`);
  expect(git('status', '--porcelain')).toBe('');
  expect(git('diff', '--name-only', '--diff-filter=MD', 'main', TAG)).toBe('');

  const checkout = join(folder, 'checkout');
  git('worktree', 'add', '--quiet', '--detach', checkout, TAG);
  const main = /^ {2}main: (\S+)$/m.exec(readFileSync(join(checkout, 'action.yml'), 'utf8'))?.[1] ?? '';
  const path = join(folder, 'path');
  const env = environment({ GITHUB_PATH: path, GITHUB_OUTPUT: join(folder, 'output'), RUNNER_TEMP: folder });
  await run(process.execPath, [join(checkout, main)], { env });
  const bin = readFileSync(path, 'utf8').trim();
  expect(execFileSync(join(bin, 'pullthrough'), ['--version'], { encoding: 'utf8' })).toMatch(
    new RegExp(`^${VERSION} \\(commit [0-9a-f]{12}, node v`),
  );
});

/** A GitHub with the release's files, and a ledger whose executor is the release key. */
async function published(checksums: string): Promise<{ made: World; env: NodeJS.ProcessEnv }> {
  const made = await world({ onGitHub: true });
  await made.github.addRepository('acme/pullthrough').addRelease({
    tag: TAG,
    assets: FILES.map((name) => ({
      name,
      content: name === 'checksums.sha256' ? checksums : { file: join(out, name) },
    })),
  });
  const env = environment({
    GITHUB_REPOSITORY: 'acme/pullthrough',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_API_URL: made.github.api,
    RELEASE_TAG: TAG,
    RELEASE_LEDGER: 'acme/ledger',
    RELEASE_STORE: `file:${made.storeDirectory}`,
    LEDGER_TOKEN: 'ledger-token',
    PULLTHROUGH_SIGNING_KEY: Buffer.from((await people()).bot.secret).toString('utf8'),
    XDG_CACHE_HOME: join(made.folder, 'cache'),
    XDG_STATE_HOME: join(made.folder, 'state'),
  });
  return { made, env };
}

const record = (env: NodeJS.ProcessEnv) =>
  run(process.execPath, [join(root, 'dist/scripts/release-record.js')], { env });

test("the project's own release goes through a ledger like any other: proposed, acknowledged, verified, got", async () => {
  const { made, env } = await published(readFileSync(join(out, 'checksums.sha256'), 'utf8'));
  await record(env);
  const branch = RECORD.replace('packages/', 'pullthrough/');
  expect(made.branches()).toEqual([branch]);
  expect(made.ledgerRepository.pulls).toHaveLength(1);
  // A second run, as a job that is started again, adds nothing.
  await record(env);
  expect(made.branches()).toEqual([branch]);
  const sums = made.file(branch, `${RECORD}/checklist.sha256`);
  for (const name of FILES) {
    const sha256 = createHash('sha256')
      .update(readFileSync(join(out, name)))
      .digest('hex');
    expect(sums).toContain(`${sha256}  ${name}`);
  }

  const pin = createHash('sha256')
    .update(`${made.file('main', 'trust/1.policy.json')}\n`)
    .digest('hex');
  const trust = ['--ledger', made.ledgerDirectory, '--pin', `sha256:${pin}`];
  const consume = (...args: string[]) =>
    run(process.execPath, [join(root, 'bundle/cli/main.js'), ...args, ...trust], { env, cwd: made.folder });
  const file = join(out, FILES[1] ?? '');
  await expect(consume('verify', file)).rejects.toMatchObject({ code: 3 });
  await made.ack(branch);
  made.merge(branch);
  expect((await consume('verify', file)).stdout).toContain(`${FILES[1] ?? ''} of github.com/acme/pullthrough@${TAG}`);
  await consume('get', `acme/pullthrough@${TAG}`, '--output', 'got', '--store', made.storeDirectory);
  expect(readdirSync(join(made.folder, 'got')).sort()).toEqual([...FILES].sort());
});

test('a release whose checksums say otherwise is not proposed', async () => {
  const { made, env } = await published(`${'0'.repeat(64)}  ${FILES[0] ?? ''}\n${'0'.repeat(64)}  ${FILES[1] ?? ''}\n`);
  await expect(record(env)).rejects.toMatchObject({ code: 3 });
  expect(made.branches()).toEqual([]);
});

test('a variable of two lines is not a configuration', async () => {
  const env = environment({
    GITHUB_REPOSITORY: 'acme/pullthrough',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_API_URL: 'http://127.0.0.1:9',
    RELEASE_TAG: TAG,
    RELEASE_LEDGER: 'acme/ledger\n[trust]',
  });
  await expect(record(env)).rejects.toMatchObject({ stderr: expect.stringContaining('RELEASE_LEDGER') as string });
});
