import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fail } from '../../ledger-schema/error.ts';

/** Ends a git that says nothing on stdout and stderr for this long. HTTP has its own, shorter limit. */
const SILENCE_MS = 120_000;
/** A ledger with 100,000 open branches lists them in 10 MB. */
const STDOUT_BYTES = 64 * 1024 * 1024;
/** Progress is a few lines a second at most; what a host has to say is shorter. */
const STDERR_BYTES = 4 * 1024 * 1024;
/** How often {@link GitCall.grown} is asked. */
const LOOK_MS = 250;
/** git removes its locks when it is asked to end; one that doesn't is killed. */
const MERCY_MS = 3_000;

export interface GitResult {
  /** 0 where git succeeded; -1 where it was killed. */
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
 * are bounded: what it says can come from a host that says it for ever. Throws `E_GIT` only where git could not be run at
 * all. Conversations with a git that goes on living are cat-file.ts's.
 */
export function runGit(call: GitCall): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', [...call.args], { cwd: call.directory, env: call.env, stdio: 'pipe' });
    const limits = new Limits(child, call);
    const stdout = collect(child.stdout, STDOUT_BYTES, limits);
    const stderr = collect(child.stderr, STDERR_BYTES, limits);
    let ended = false;
    const end = (exitCode: number): void => {
      if (ended) return;
      ended = true;
      limits.clear();
      // What a helper of a stopped git still holds open is nobody's any more.
      if (limits.stopped !== undefined) for (const stream of child.stdio) stream?.destroy();
      resolve({ exitCode, stdout: stdout(), stderr: stderr(), stopped: limits.stopped });
    };
    child.once('error', (cause) => {
      limits.clear();
      reject(notRun(cause));
    });
    child.once('close', (code) => end(code ?? -1));
    child.once('exit', (code) => limits.stopped !== undefined && end(code ?? -1));
    child.stdin.on('error', () => undefined);
    child.stdin.end(call.input ?? '');
  });
}

function notRun(cause: NodeJS.ErrnoException): Error {
  try {
    if (cause.code === 'ENOENT') {
      fail('E_GIT', 'git is not installed', { hint: 'install git 2.39 or later', cause });
    }
    return fail('E_GIT', `git cannot be run: ${cause.message}`, { cause });
  } catch (error) {
    return error as Error;
  }
}

/** Ends a git that goes on for too long, says too much, or nothing. */
class Limits {
  stopped: string | undefined;
  readonly #child: ChildProcess;
  readonly #timers: NodeJS.Timeout[] = [];
  #silence: NodeJS.Timeout;

  constructor(child: ChildProcess, { wallMs, grown }: GitCall) {
    this.#child = child;
    this.#silence = setTimeout(() => this.stop(`it said nothing for ${SILENCE_MS / 1000} s`), SILENCE_MS);
    if (wallMs !== undefined) {
      this.#timers.push(setTimeout(() => this.stop(`it took longer than ${Math.ceil(wallMs / 1000)} s`), wallMs));
    }
    if (grown !== undefined) {
      const look = setInterval(() => void grown().then((reason) => reason !== undefined && this.stop(reason)), LOOK_MS);
      this.#timers.push(look);
    }
  }

  /** It said something. */
  heard(): void {
    this.#silence.refresh();
  }

  stop(reason: string): void {
    if (this.stopped !== undefined) return;
    this.stopped = reason;
    this.#child.kill('SIGTERM');
    this.#timers.push(setTimeout(() => this.#child.kill('SIGKILL'), MERCY_MS));
  }

  clear(): void {
    clearTimeout(this.#silence);
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

function collect(stream: NodeJS.ReadableStream, most: number, limits: Limits): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('error', () => undefined);
  stream.on('data', (chunk: Buffer) => {
    limits.heard();
    length += chunk.length;
    if (length > most) limits.stop(`it said more than ${most / 1024 / 1024} MiB`);
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
