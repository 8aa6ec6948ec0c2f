// Proposes a release of this project to a ledger, as every executor proposes releases: `mirror` with a mirror.ini and a
// tool.ini made from the environment. The record is signed by the release key; people acknowledge it as they do others.
//   node dist/scripts/release-record.js
// The environment is the runner's, and RELEASE_TAG, RELEASE_LEDGER (OWNER/REPO, a git URL or a folder), the release key as
// PULLTHROUGH_SIGNING_KEY with PULLTHROUGH_SIGNING_PASSPHRASE, and LEDGER_TOKEN. RELEASE_PIN and RELEASE_STORE are
// optional: without a store the bytes stay on GitHub alone, and `pullthrough verify FILE` says what they are.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROGRAM } from './program.ts';

type Environment = Readonly<Record<string, string | undefined>>;

function needed(env: Environment, name: string): string {
  const value = env[name];
  if (!value) throw new Error(`${name} is not set`);
  // A value is one line of an ini file.
  if (/[\r\n]/.test(value)) throw new Error(`${name} has more than one line`);
  return value;
}

/** mirror.ini and tool.ini of an executor that mirrors one release, by path. */
function configuration(env: Environment): ReadonlyMap<string, string> {
  const optional = (key: string, name: string): string[] => (env[name] ? [`${key} = ${needed(env, name)}`] : []);
  const host = new URL(needed(env, 'GITHUB_SERVER_URL')).hostname;
  const mirror = [
    '[ledger]',
    `repository = ${needed(env, 'RELEASE_LEDGER')}`,
    '[store]',
    `url = ${env['RELEASE_STORE'] ? needed(env, 'RELEASE_STORE') : 'file:./store'}`,
    '[source]',
    `api = ${needed(env, 'GITHUB_API_URL')}`,
    `host = ${host}`,
    '[trust]',
    ...optional('pin', 'RELEASE_PIN'),
  ];
  const tool = [
    '[release]',
    `select = tag:${needed(env, 'RELEASE_TAG')}`,
    '[evidence]',
    'require[] = github-digest',
    'require[] = checksums:checksums.sha256',
  ];
  return new Map([
    ['mirror.ini', mirror.join('\n')],
    [`packages/${host}/${needed(env, 'GITHUB_REPOSITORY')}/tool.ini`, tool.join('\n')],
  ]);
}

const folder = mkdtempSync(join(tmpdir(), 'pullthrough-release-'));
try {
  for (const [path, text] of configuration(process.env)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const { status } = spawnSync(process.execPath, [PROGRAM, 'mirror'], { cwd: folder, stdio: 'inherit' });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
