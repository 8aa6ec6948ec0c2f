import { simpleGit } from 'simple-git';
import type { SimpleGitOptions } from 'simple-git';
import { fail } from '../../../ledger-schema/error.ts';
import { GitLimits, STDERR_BYTES, STDOUT_BYTES } from './git-limits.ts';

/**
 * simple-git refuses what could be dangerous in argv or environment when either comes from outside. Here both are made
 * by this room: the environment by git-environment.ts, which already lets through only the user's own settings.
 */
const GIT_OPTIONS: SimpleGitOptions['unsafe'] = {
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

export interface GitResult {
  /** 0 where git succeeded; -1 where it was stopped. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it was ended before it was done, as "it took longer than 600 s"; undefined where it ended by itself. */
  readonly stopped?: string | undefined;
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
 * Runs one git command, which talks to no host, to its end and gives what it said, also where it failed. What it says and its
 * silence are bounded. Throws `E_GIT` only where git could not be run at all. A git that keeps running and answering is left
 * to cat-file.ts, and one that talks to a host to run-bounded.ts: simple-git can do neither.
 */
export async function runGit(call: GitCall): Promise<GitResult> {
  const seen = { exitCode: 0, stderr: '' };
  const controller = new AbortController();
  const limits = new GitLimits(() => controller.abort());
  const { input } = call;
  try {
    const git = simpleGit({
      baseDir: call.directory,
      allowEnvironment: Object.keys(call.env),
      unsafe: GIT_OPTIONS,
      completion: { onClose: true, onExit: false },
      abort: controller.signal,
      // A buffer, also where it is empty: without one simple-git would leave stdin open.
      input: () => Buffer.from(input ?? ''),
      // simple-git takes an exit code of 1 without a word on stderr for a success: every outcome is judged here instead.
      errors: (error, result) => {
        seen.exitCode = result.exitCode ?? -1;
        seen.stderr = Buffer.concat(result.stdErr).toString('utf8');
        return Buffer.isBuffer(error) || result.exitCode !== 0 ? undefined : error;
      },
    })
      .env(call.env)
      .outputHandler((_, stdout, stderr) => {
        // simple-git waits 50 ms more for a git that has said nothing; an empty word at its end spares that.
        stdout.once('end', () => stdout.emit('data', Buffer.alloc(0)));
        limits.listen(stdout, STDOUT_BYTES);
        limits.listen(stderr, STDERR_BYTES);
      });
    const stdout = await git.raw([...call.args]);
    if (/^Error: spawn \S+ ENOENT/m.test(seen.stderr)) {
      notInstalled();
    }
    return { ...seen, stdout, stopped: limits.stopped };
  } catch (error) {
    if (limits.stopped === undefined) throw error;
    return { exitCode: -1, stdout: '', stderr: seen.stderr, stopped: limits.stopped };
  } finally {
    limits.clear();
  }
}

export function notInstalled(): never {
  return fail('E_GIT', 'git is not installed', { hint: 'install git 2.39 or later' });
}
