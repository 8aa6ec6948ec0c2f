import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { systemCode } from '../io/io-error.ts';

/** `[review] scan[]`: a program of the reviewer's own, with its words; `{file}` in a word is the file's path. */
export type Scanner = readonly string[];

/** What one scanner said of one file. */
export interface Scan {
  /** The scanner's program, as it was written. */
  readonly scanner: string;
  /** Its exit code; undefined where it did not end by itself. */
  readonly exit: number | undefined;
  /** Why it did not run to its end. */
  readonly failure?: string;
  /** Its first lines, from stdout and then stderr. */
  readonly lines: readonly string[];
}

export interface ScanLimits {
  /** How long one scan of one file may take, in milliseconds. */
  readonly patience: number;
  /** Bytes of each of stdout and stderr that are kept. */
  readonly output: number;
  readonly lines: number;
  /** Characters of one line. */
  readonly line: number;
}

export const SCAN_LIMITS: ScanLimits = { patience: 300_000, output: 64 * 1024, lines: 10, line: 200 };

export interface ScanInput {
  /** The file's path. */
  readonly file: string;
  /** What replaces the path in the scanner's output. */
  readonly name: string;
  /** Where it runs: a relative program is looked for in this folder. */
  readonly folder: string;
  /** An empty folder, which is its home. */
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal | undefined;
  readonly limits?: ScanLimits | undefined;
}

/** What a scanner gets to see of the environment: no token, no key, and no home where keys lie. */
const KEPT = /^(?:PATH|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR)$/;

/**
 * Runs a scanner on a file, without a shell. What it does and prints is in the result, bounded; when it takes too long, or the
 * run is interrupted, it is killed with whatever it started. Throws an interruption alone.
 */
export async function scanFile([program = '', ...words]: Scanner, input: ScanInput): Promise<Scan> {
  const { file, name, folder, home, env, signal, limits = SCAN_LIMITS } = input;
  signal?.throwIfAborted();
  const kept = Object.fromEntries(Object.entries(env).filter(([key]) => KEPT.test(key)));
  const child = spawn(
    program,
    words.map((word) => word.replaceAll('{file}', () => file)),
    // A group of its own, so that what it starts ends with it.
    { cwd: folder, env: { ...kept, HOME: home }, stdio: ['ignore', 'pipe', 'pipe'], detached: true, shell: false },
  );
  const texts = [child.stdout, child.stderr].map((stream) => firstBytes(stream, limits.output));
  const ended = await endOf(child, limits.patience, signal);
  signal?.throwIfAborted();
  const lines = texts
    .flatMap((text) =>
      Buffer.concat(text)
        .toString('utf8')
        .replaceAll(file, () => name)
        .split(/\r?\n/),
    )
    .filter((line) => line.trim() !== '')
    .slice(0, limits.lines)
    .map((line) => (line.length > limits.line ? `${line.slice(0, limits.line - 3)}...` : line));
  return { scanner: program, ...ended, lines };
}

/** The rest is read, so that the scanner is not held up, and forgotten. */
function firstBytes(stream: NodeJS.ReadableStream, most: number): Buffer[] {
  const kept: Buffer[] = [];
  let left = most;
  stream.on('error', () => undefined);
  stream.on('data', (chunk: Buffer) => {
    if (left > 0) kept.push(Buffer.from(chunk.subarray(0, left)));
    left -= chunk.length;
  });
  return kept;
}

function endOf(
  child: ChildProcess,
  patience: number,
  signal: AbortSignal | undefined,
): Promise<Pick<Scan, 'exit' | 'failure'>> {
  return new Promise((resolve) => {
    let late = false;
    const kill = (): void => killGroup(child);
    const timer = setTimeout(() => {
      late = true;
      kill();
    }, patience);
    const done = (ended: Pick<Scan, 'exit' | 'failure'>): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', kill);
      resolve(ended);
    };
    signal?.addEventListener('abort', kill, { once: true });
    child.once('error', (error) => {
      const why = systemCode(error) === 'ENOENT' ? 'there is no such program' : error.message;
      done({ exit: undefined, failure: why });
    });
    // Not `close`: what it left running may hold its output open for ever.
    child.once('exit', (code, by) => {
      // What it wrote last may still be on its way.
      setImmediate(() => {
        kill();
        if (late) done({ exit: undefined, failure: `it did not end within ${patience / 1000} s` });
        else if (code === null) done({ exit: undefined, failure: `ended by ${by ?? 'a signal'}` });
        else waitForOutput(child, () => done({ exit: code }));
      });
    });
  });
}

/** The group is gone, so that the pipes end now. */
function waitForOutput(child: ChildProcess, then: () => void): void {
  if (child.stdout?.readableEnded === true && child.stderr?.readableEnded === true) return then();
  // A process that left the group may still hold them.
  const timer = setTimeout(then, 1000);
  child.once('close', () => {
    clearTimeout(timer);
    then();
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended, and left no process behind.
  }
}
