import type { Environment } from '../../io/environment.ts';
import { execFile } from 'node:child_process';
import { ok, bad, skip, warn } from './check.ts';
import type { Check } from './check.ts';

const NODE = [20, 19];
const GIT = [2, 39];
/** A program needs no longer than this to print its version. */
const PROGRAM_MS = 10_000;

/** Versions of what runs this: no host is asked. */
export async function checkMachine(env: Environment, nodeVersion = process.versions.node): Promise<Check[]> {
  return [checkNode(nodeVersion), checkGit(await versionOf('git', env))];
}

/** Pure. */
export function checkNode(version: string): Check {
  if (isAtLeast(version, NODE)) return ok('node', version);
  return bad('node', `${version} is too old`, `install node ${NODE.join('.')} or later`);
}

/** `text`: what `git --version` said; undefined where it can't be run. Pure. */
export function checkGit(text: string | undefined): Check {
  if (text === undefined) return bad('git', 'it cannot be run', `install git ${GIT.join('.')} or later`);
  const version = /\d+(?:\.\d+)+/.exec(text)?.[0];
  if (version === undefined) return warn('git', 'it does not say its version', 'see what git --version prints');
  if (isAtLeast(version, GIT)) return ok('git', version);
  return bad('git', `${version} is too old`, `install git ${GIT.join('.')} or later`);
}

function isAtLeast(version: string, least: readonly number[]): boolean {
  const parts = version.split('.').map((part) => Number.parseInt(part, 10));
  for (const [i, wanted] of least.entries()) {
    const part = parts[i] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}

/** The first line of what a program prints as its version; undefined where it can't be run. */
export function versionOf(program: string, env: Environment): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { env: { ...env }, timeout: PROGRAM_MS, maxBuffer: 65_536 };
    execFile(program, ['--version'], options, (error, stdout) => {
      resolve(error === null ? (stdout.split('\n')[0] ?? '') : undefined);
    });
  });
}

/** Is gpg here, and does its agent answer? Consumers need neither. */
export async function checkGpg(env: Environment): Promise<Check> {
  const version = await versionOf('gpg', env);
  if (version === undefined) return skip('gpg-agent', 'gpg is not installed; only --gpg needs it');
  const number = /\d+(?:\.\d+)+/.exec(version)?.[0] ?? 'of an unknown version';
  const answers = await new Promise<boolean>((resolve) => {
    const options = { env: { ...env }, timeout: PROGRAM_MS, maxBuffer: 65_536 };
    execFile('gpg-connect-agent', ['/bye'], options, (error) => resolve(error === null));
  });
  if (answers) return ok('gpg-agent', `it answers; gpg ${number}`);
  return warn(
    'gpg-agent',
    `it does not answer; gpg ${number}`,
    'start it by gpgconf --launch gpg-agent; --key FILE signs without it',
  );
}
