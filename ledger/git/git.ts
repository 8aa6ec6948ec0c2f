import { simpleGit } from 'simple-git';
import type { SimpleGitOptions } from 'simple-git';
import { fail } from '../../ledger-schema/error.ts';

/**
 * simple-git refuses what could be dangerous in argv or environment when either comes from outside. Here both are made
 * by this room: the environment by git-environment.ts, which already lets through only the user's own settings.
 */
const OURS: SimpleGitOptions['unsafe'] = {
  allowUnsafeAlias: true,
  allowUnsafeAskPass: true,
  allowUnsafeCommandBinaries: true,
  allowUnsafeConfigEnvCount: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeDiffExternal: true,
  allowUnsafeDiffTextConv: true,
  allowUnsafeEditor: true,
  allowUnsafeExec: true,
  allowUnsafeFilter: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeGitProxy: true,
  allowUnsafeGpgProgram: true,
  allowUnsafeHooksPath: true,
  allowUnsafeInclude: true,
  allowUnsafeMergeDriver: true,
  allowUnsafePack: true,
  allowUnsafePager: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeSshCommand: true,
  allowUnsafeSubmodule: true,
  allowUnsafeTemplateDir: true,
  allowUnsafeUrlRewrite: true,
};

/** Ends a git that says nothing on stdout and stderr for this long. HTTP has its own, shorter limit. */
const SILENCE_MS = 300_000;

export interface GitResult {
  /** 0 where git succeeded; -1 where it was killed. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface GitCall {
  /** An existing directory to run in. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  /** What git reads on stdin. */
  readonly input?: string | Uint8Array | undefined;
}

/**
 * Runs one git command to its end and gives what it said, also where it failed. Throws `E_GIT` only where git could not
 * be run at all. Conversations with a git that goes on living are cat-file.ts's: simple-git has none.
 */
export async function runGit(call: GitCall): Promise<GitResult> {
  const seen = { exitCode: 0, stderr: '' };
  const { input } = call;
  const git = simpleGit({
    baseDir: call.directory,
    allowEnvironment: Object.keys(call.env),
    unsafe: OURS,
    completion: { onClose: true, onExit: false },
    timeout: { block: SILENCE_MS },
    // A buffer, also where it is empty: without one simple-git would leave stdin open.
    ...(input === undefined ? {} : { input: () => Buffer.from(input) }),
    // simple-git takes an exit code of 1 without a word on stderr for a success: every outcome is judged here instead.
    errors: (error, result) => {
      seen.exitCode = result.exitCode ?? -1;
      seen.stderr = Buffer.concat(result.stdErr).toString('utf8');
      return Buffer.isBuffer(error) || result.exitCode !== 0 ? undefined : error;
    },
  }).env(call.env);
  try {
    const stdout = await git.raw([...call.args]);
    if (/^Error: spawn \S+ ENOENT/m.test(seen.stderr)) {
      fail('E_GIT', 'git is not installed', { hint: 'install git 2.39 or later' });
    }
    return { ...seen, stdout };
  } catch (error) {
    if (error instanceof Error && 'plugin' in error && error.plugin === 'timeout') {
      fail('E_GIT', `git ${call.args[0] ?? ''} said nothing for ${SILENCE_MS / 1000} s and was stopped`, {
        hint: 'check the network and the ledger’s host, then run it again',
        cause: error,
      });
    }
    throw error;
  }
}
