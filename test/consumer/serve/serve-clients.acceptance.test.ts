import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lockedDigests } from '../../../consumer/audit.ts';
import { lockAs } from '../../../consumer/lock/formats.ts';
import type { LockEntry } from '../../../consumer/lock/lock-file.ts';
import { sha256Hex, utf8 } from '../../../ledger-schema/index.ts';
import { bash } from '../../adoption/bash.ts';
import { blocksOf } from '../../docs/blocks.ts';
import { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { StoreServer } from '../../kit/store-server.ts';
import { startInternet } from '../../servers/internet.ts';
import type { Internet } from '../../servers/internet.ts';
import { keptProgram } from '../../servers/kept-programs.ts';
import { hasProgram } from '../../servers/programs.ts';
import { startGateway } from './gateway-fixture.ts';
import type { TestGateway } from './gateway-fixture.ts';

const JQ = '#!/bin/sh\necho jq-1.7.1\n';
const MAC = 'for macOS';
const URL_OF_JQ = 'https://github.com/jqlang/jq/releases/download/jq-1.7.1/jq-linux-amd64';
const PYTHON = 'cpython-3.12.8+20250101-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz';
const MIRROR = 'mirror.acme.example';

const folder = mkdtempSync(join(tmpdir(), 'pt-clients-'));
const home = join(folder, 'home');
const blocks = blocksOf('docs/recipes.md');
const ran = new Set<string>();
let gateways: TestGateway[] = [];
let store: StoreServer;
let internet: Internet;
let python: Buffer;

beforeAll(async () => {
  mkdirSync(home);
  python = pythonArchive();
  const ledger = await TestLedger.create();
  store = await StoreServer.start([JQ, MAC, python, 'two']);
  const assets = { 'jq-linux-amd64': JQ, 'jq-macos-arm64': MAC };
  await ledger.addRecord({ repository: 'jqlang/jq', tag: 'jq-1.7.1', assets });
  await ledger.addRecord({ repository: 'jqlang/jq', tag: 'jq-1.8.0', assets: { 'jq-linux-amd64': 'two' }, acks: [] });
  const standalone = { repository: 'astral-sh/python-build-standalone', tag: '20250101' };
  await ledger.addRecord({ ...standalone, assets: { [PYTHON]: python } });
  await ledger.commit();
  const self = { links: 'self', baseUrl: 'https://self.acme.example' } as const;
  gateways = [await startGateway(ledger, [store]), await startGateway(ledger, [store], self)];
  internet = await startInternet(folder, {
    [MIRROR]: gateways[0]?.url ?? '',
    'self.acme.example': gateways[1]?.url ?? '',
  });
  const authority = join(folder, 'ca-bundle.pem');
  // These two take no variable for the authorities that they trust.
  writeFileSync(join(home, '.wgetrc'), `ca_certificate = ${authority}\n`);
  mkdirSync(join(home, '.aria2'));
  writeFileSync(join(home, '.aria2/aria2.conf'), `ca-certificate=${authority}\n`);
});
afterAll(async () => {
  await internet.close();
  for (const gateway of gateways) await gateway.stop();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** As python-build-standalone has it, as far as uv looks. */
function pythonArchive(): Buffer {
  const root = join(folder, 'standalone');
  for (const path of ['bin', 'lib/python3.12']) mkdirSync(join(root, 'python', path), { recursive: true });
  writeFileSync(join(root, 'python/bin/python3.12'), '#!/bin/sh\necho Python 3.12.8\n', { mode: 0o755 });
  const sysconfig = '_sysconfigdata__linux_x86_64-linux-gnu.py';
  writeFileSync(
    join(root, 'python/lib/python3.12', sysconfig),
    '# system configuration generated and used by the sysconfig module\nbuild_time_vars = {}\n',
  );
  return execFileSync('tar', ['-cz', '-C', root, 'python']);
}

/** The blocks of a language below a heading of docs/recipes.md. */
function recipe(heading: string, language: string): string[] {
  const found = blocks.filter((block) => block.heading === heading && block.language === language);
  if (found.length === 0) throw new Error(`docs/recipes.md has no ${language} below ${heading}`);
  return found.map(({ text }) => text);
}

/** Types the commands of a recipe; gives what they said, and the folder where they ran. */
async function follow(
  heading: string,
  options: { env?: NodeJS.ProcessEnv; links?: 'self'; cwd?: string; programs?: readonly (string | undefined)[] } = {},
) {
  const cwd = options.cwd ?? mkdtempSync(join(folder, 'work-'));
  const folders = (options.programs ?? []).flatMap((program) => (program === undefined ? [] : [dirname(program)]));
  const PATH = [...folders, process.env['PATH']].join(delimiter);
  const env = { PATH, HOME: home, LANG: 'C.UTF-8', ...internet.env, ...options.env };
  let said = '';
  for (const text of recipe(heading, 'bash')) {
    ran.add(text);
    const script = options.links === 'self' ? text.replaceAll(MIRROR, 'self.acme.example') : text;
    const { code, stdout, stderr } = await bash(`set -e\n${script}`, { cwd, env });
    if (code !== 0) throw new Error(`${heading}: exit ${String(code)}\n${stdout}${stderr}`);
    said += stdout;
  }
  return { cwd, said };
}

test('wget and aria2c', async () => {
  const { cwd } = await follow('curl');
  expect(readFileSync(join(cwd, 'jq-linux-amd64'), 'utf8')).toBe(JQ);
  expect(readFileSync(join(cwd, 'jq-macos-arm64'), 'utf8')).toBe(MAC);
});

const mise = keptProgram('mise');
test.skipIf(mise === undefined)('mise, by its backends github, aqua and http', async () => {
  const config = join(home, '.config/mise');
  mkdirSync(config, { recursive: true });
  writeFileSync(join(config, 'config.toml'), recipe('mise', 'toml').join('\n'));
  const cwd = mkdtempSync(join(folder, 'work-'));
  writeFileSync(join(cwd, 'mise.lock'), '');
  const { said } = await follow('mise', { cwd, programs: [mise], env: { MISE_TRUSTED_CONFIG_PATHS: cwd } });
  expect(said.match(/^jq-1\.7\.1$/gm)).toHaveLength(2);
  const lock = readFileSync(join(cwd, 'mise.lock'), 'utf8');
  expect(lock).toContain(`sha256:${sha256Hex(utf8(JQ))}`);
  expect(lock).toContain(URL_OF_JQ);
  expect(lock).not.toContain(MIRROR);
  const audited = lockedDigests(lock, 'mise.lock').map(({ algorithm, digest }) => `${algorithm}:${digest}`);
  expect(audited).toContain(`sha256:${sha256Hex(utf8(JQ))}`);
});

/** What `pullthrough lock` writes of the release. */
const entry: LockEntry = {
  tool: 'github.com/jqlang/jq',
  range: 'latest',
  tag: 'jq-1.7.1',
  repositoryId: 1,
  ledger: '0'.repeat(40),
  policy: { version: 1, sha256: '0'.repeat(64), expires: '2030-01-01T00:00:00Z' },
  files: Object.entries({ 'jq-linux-amd64': JQ, 'jq-macos-arm64': MAC }).map(([name, body]) => ({
    name,
    size: body.length,
    sha256: sha256Hex(utf8(body)),
  })),
};

describe.skipIf(mise === undefined)('mise and lock --format mise', () => {
  async function install(lock: string, version: string) {
    const cwd = mkdtempSync(join(folder, 'work-'));
    writeFileSync(join(cwd, 'mise.toml'), `[tools]\n"github:jqlang/jq" = "${version}"\n`);
    writeFileSync(join(cwd, 'mise.lock'), lock);
    const own = {
      MISE_DATA_DIR: join(cwd, 'data'),
      MISE_CACHE_DIR: join(cwd, 'cache'),
      MISE_TRUSTED_CONFIG_PATHS: cwd,
    };
    const PATH = [dirname(mise ?? ''), process.env['PATH']].join(delimiter);
    const env = { PATH, HOME: home, ...internet.env, ...own };
    return bash('mise install --locked && mise exec -- jq --version; cat mise.lock', { cwd, env });
  }

  test('it installs by that lock file', async () => {
    const { code, stdout, stderr } = await install(lockAs('mise', [entry]), 'jq-1.7.1');
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('jq-1.7.1\n[[tools."github:jqlang/jq"]]');
  });

  test('and refuses other bytes', async () => {
    const wrong = { ...entry, files: entry.files.map((file) => ({ ...file, sha256: 'a'.repeat(64) })) };
    const { stdout, stderr } = await install(lockAs('mise', [wrong]), 'jq-1.7.1');
    expect(stdout).not.toMatch(/^jq-1/);
    expect(stderr).toMatch(/checksum/i);
  });
});

test('gh', async () => {
  const { cwd, said } = await follow('gh', { links: 'self' });
  expect(said).toMatch(/^jq-1\.7\.1\tLatest\t/);
  expect(said).not.toContain('jq-1.8.0');
  expect(readdirSync(cwd)).toEqual(['jq-linux-amd64']);
});

const ubi = keptProgram('ubi');
test.skipIf(ubi === undefined)('ubi', async () => {
  const { cwd } = await follow('ubi', { links: 'self', programs: [ubi] });
  expect(readFileSync(join(cwd, 'bin/jq'), 'utf8')).toBe(JQ);
});

const uv = keptProgram('uv');
test.skipIf(uv === undefined)('uv, whose digests are its own', async () => {
  const downloads = join(folder, 'downloads.json');
  const arch = { family: 'x86_64', variant: null };
  const url = `https://github.com/astral-sh/python-build-standalone/releases/download/20250101/${encodeURIComponent(PYTHON)}`;
  const version = { name: 'cpython', arch, os: 'linux', libc: 'gnu', major: 3, minor: 12, patch: 8, prerelease: '' };
  const entry = { ...version, url, sha256: sha256Hex(python), variant: null, build: '20250101' };
  writeFileSync(downloads, JSON.stringify({ 'cpython-3.12.8-linux-x86_64-gnu': entry }));
  const pythons = join(folder, 'pythons');
  const env = {
    UV_PYTHON_DOWNLOADS_JSON_URL: downloads,
    UV_PYTHON_INSTALL_DIR: pythons,
    UV_CACHE_DIR: join(folder, 'uv'),
  };
  await follow('uv, Electron and others that take a mirror', { programs: [uv], env });
  expect(existsSync(join(pythons, 'cpython-3.12.8-linux-x86_64-gnu/bin/python3.12'))).toBe(true);
});

describe('Nix', () => {
  const nix = join(folder, 'nix');
  const conf = join(nix, 'conf');
  const at = Object.fromEntries(
    ['STATE', 'STORE', 'LOG'].map((name) => [`NIX_${name}_DIR`, join(nix, name.toLowerCase())]),
  );
  const env = () => ({
    ...at,
    NIX_LOCALSTATE_DIR: nix,
    NIX_CONF_DIR: conf,
    NIX_SSL_CERT_FILE: join(folder, 'ca-bundle.pem'),
  });
  beforeAll(() => {
    mkdirSync(conf, { recursive: true });
    const own = ['build-users-group =', 'sandbox = false', 'substitute = false'];
    writeFileSync(join(conf, 'nix.conf'), [...own, ...recipe('Nix', 'text')].join('\n'));
  });

  test('nix-prefetch-url', async () => {
    const { said } = await follow('Nix', { env: env() });
    expect(said).toMatch(/^[0-9a-z]{52}\n$/);
  });

  test('asks the hashed mirror for what its own host does not give', async () => {
    const file = join(nix, 'jq.nix');
    writeFileSync(file, `import <nix/fetchurl.nix> { url = "${URL_OF_JQ}"; sha256 = "${sha256Hex(utf8(JQ))}"; }\n`);
    const all = { ...process.env, ...internet.env, ...env(), HOME: home };
    const { code, stdout, stderr } = await bash(`nix-build --no-out-link ${file}`, { cwd: nix, env: all });
    expect(code, stderr).toBe(0);
    expect(readFileSync(stdout.trim(), 'utf8')).toBe(JQ);
  });
});

test.skipIf(!hasProgram('bazel'))('Bazel, by its downloader config', async () => {
  const cwd = mkdtempSync(join(folder, 'work-'));
  const [config = ''] = recipe('Bazel', 'text');
  writeFileSync(join(cwd, 'downloader.cfg'), config);
  const file = `name = "jq", downloaded_file_path = "jq", urls = ["${URL_OF_JQ}"], sha256 = "${sha256Hex(utf8(JQ))}"`;
  const rule = 'load("@bazel_tools//tools/build_defs/repo:http.bzl", "http_file")';
  // What `lock --format bazel` writes is for MODULE.bazel, which this version doesn't read yet: the rule is the same.
  const [, ...locked] = lockAs('bazel', [entry]).split('\n');
  writeFileSync(join(cwd, 'WORKSPACE'), [rule, `http_file(${file})`, ...locked].join('\n'));
  const trust = join(folder, 'trust.p12');
  const store = ['-keystore', trust, '-storetype', 'PKCS12', '-storepass', 'changeit'];
  const ca = ['-importcert', '-noprompt', '-alias', 'test', '-file', join(folder, 'ca.pem')];
  execFileSync('keytool', [...ca, ...store], { stdio: 'pipe' });
  const jvm = (name: string, value: string) => `startup --host_jvm_args=-Djavax.net.ssl.${name}=${value}\n`;
  const output = join(folder, 'bazel');
  const rc = `startup --output_user_root=${output}\n${jvm('trustStore', trust)}${jvm('trustStorePassword', 'changeit')}`;
  writeFileSync(join(cwd, '.bazelrc'), rc);
  try {
    await follow('Bazel', { cwd });
    const env = { PATH: process.env['PATH'], HOME: home, ...internet.env };
    const command = 'bazel fetch --experimental_downloader_config=downloader.cfg @jqlang_jq_jq_macos_arm64//file';
    const { code, stderr } = await bash(command, { cwd, env });
    expect(code, stderr).toBe(0);
    const found = execFileSync('find', [output, '-path', '*/external/jq/file/jq'], { encoding: 'utf8' });
    expect(readFileSync(found.trim(), 'utf8')).toBe(JQ);
  } finally {
    // A server of its own stays otherwise.
    execFileSync('bazel', ['shutdown'], { cwd, env: { ...process.env, HOME: home }, stdio: 'ignore' });
  }
});

const renovate = keptProgram('renovate');
describe.skipIf(renovate === undefined)('Renovate', () => {
  /** What it finds where a repository's configuration asks so. */
  async function releases(question: object): Promise<unknown> {
    const script = `
      const load = (path) => require(${JSON.stringify(dirname(dirname(dirname(renovate ?? ''))))} + path);
      load('/config/global.js').GlobalConfig.set(${JSON.stringify({ cacheDir: join(folder, 'renovate'), localDir: folder })});
      load('/proxy.js').bootstrap();
      load('/util/cache/memory').init();
      load('/modules/datasource').getPkgReleases(${JSON.stringify(question)})
        .then((found) => process.stdout.write('\\nFOUND ' + JSON.stringify(found)));`;
    const file = join(folder, 'renovate.cjs');
    writeFileSync(file, script);
    const env = { ...process.env, ...internet.env, HOME: home, LOG_LEVEL: 'fatal' };
    const { stdout, stderr } = await bash(`'${process.execPath}' ${file}`, { cwd: folder, env });
    const found = /FOUND (.*)$/.exec(stdout)?.[1];
    if (found === undefined) throw new Error(stdout + stderr);
    return JSON.parse(found);
  }

  test('finds what is acknowledged by its datasource github-releases, and when', async () => {
    const [rule = ''] = recipe('Renovate', 'json');
    const { packageRules } = JSON.parse(rule) as {
      packageRules: { registryUrls: string[]; matchDatasources: string[] }[];
    };
    const { registryUrls = [], matchDatasources: [datasource] = [] } = packageRules[0] ?? {};
    expect(await releases({ datasource, packageName: 'jqlang/jq', registryUrls })).toMatchObject({
      releases: [{ version: 'jq-1.7.1', releaseTimestamp: '2025-01-01T00:00:00.000Z' }],
    });
  });

  test('reads what lock --format renovate writes as a custom datasource', async () => {
    writeFileSync(join(folder, 'locked.json'), lockAs('renovate', [entry]));
    const customDatasources = { locked: { defaultRegistryUrlTemplate: 'file://locked.json', format: 'json' } };
    const question = { datasource: 'custom.locked', packageName: 'jqlang/jq', customDatasources };
    expect(await releases(question)).toMatchObject({ releases: [{ version: 'jq-1.7.1' }] });
  });
});

test('every block of docs/recipes.md that is typed was typed', () => {
  // aqua's are typed by serve-aqua.acceptance.test.ts.
  const typed = blocks.filter(({ language, heading }) => language === 'bash' && heading !== 'aqua');
  expect(typed.map(({ text }) => text)).toEqual([...ran]);
});
