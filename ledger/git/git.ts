import { simpleGit } from 'simple-git';
import type { SimpleGitOptions } from 'simple-git';
import { fail } from '../../ledger-schema/error.ts';

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

/** Ends a git that says nothing on stdout and stderr for this long. HTTP has its own, shorter limit. */
const SILENCE_MS = 120_000;
/** A ledger with 100,000 open branches lists them in 10 MB. */
const STDOUT_BYTES = 64 * 1024 * 1024;
/** Progress is a few lines a second at most; what a host has to say is shorter. */
const STDERR_BYTES = 4 * 1024 * 1024;
/** How often {@link GitCall.grown} is asked. */
const LOOK_MS = 250;

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
  /** Milliseconds from its start to its end, however much it says. */
  readonly wallMs?: number | undefined;
  /** Asked again and again while it runs; a text is the reason to end it. */
  readonly grown?: (() => Promise<string | undefined>) | undefined;
}

/**
 * Runs one git command to its end and gives what it said, also where it failed. What it says, its silence and its time
 * are bounded: what it says can come from a host that says it for ever. Throws `E_GIT` only where git could not be run
 * at all. A git that keeps running and answering is left to cat-file.ts: simple-git can't do that.
 */
export async function runGit(call: GitCall): Promise<GitResult> {
  const seen = { exitCode: 0, stderr: '' };
  const limits = new Limits(call);
  const { input } = call;
  try {
    const git = simpleGit({
      baseDir: call.directory,
      allowEnvironment: Object.keys(call.env),
      unsafe: GIT_OPTIONS,
      completion: { onClose: true, onExit: false },
      abort: limits.signal,
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
        limits.listen(stdout, STDOUT_BYTES);
        limits.listen(stderr, STDERR_BYTES);
      });
    const stdout = await git.raw([...call.args]);
    if (/^Error: spawn \S+ ENOENT/m.test(seen.stderr)) {
      fail('E_GIT', 'git is not installed', { hint: 'install git 2.39 or later' });
    }
    return { ...seen, stdout, stopped: limits.stopped };
  } catch (error) {
    if (limits.stopped === undefined) throw error;
    return { exitCode: -1, stdout: '', stderr: seen.stderr, stopped: limits.stopped };
  } finally {
    limits.clear();
  }
}

/** Ends a git that goes on for too long, says too much, or nothing. */
class Limits {
  stopped: string | undefined;
  readonly #controller = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #silence: NodeJS.Timeout;

  constructor({ wallMs, grown }: GitCall) {
    this.#silence = setTimeout(() => this.#stop(`it said nothing for ${SILENCE_MS / 1000} s`), SILENCE_MS);
    if (wallMs !== undefined) {
      this.#timers.push(setTimeout(() => this.#stop(`it took longer than ${Math.ceil(wallMs / 1000)} s`), wallMs));
    }
    if (grown !== undefined) {
      const look = setInterval(
        () => void grown().then((reason) => reason !== undefined && this.#stop(reason)),
        LOOK_MS,
      );
      this.#timers.push(look);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Counts what git says on one of its streams. */
  listen(stream: NodeJS.ReadableStream, most: number): void {
    let length = 0;
    stream.on('data', (chunk: Buffer) => {
      this.#silence.refresh();
      length += chunk.length;
      if (length > most) this.#stop(`it said more than ${most / 1024 / 1024} MiB`);
    });
  }

  clear(): void {
    clearTimeout(this.#silence);
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #stop(reason: string): void {
    this.stopped ??= reason;
    this.#controller.abort(new Error(reason));
  }
}
