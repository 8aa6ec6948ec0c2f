import { PullthroughError } from '../../ledger-schema/error.ts';
import { escapeLines, escapeTerminal } from '../../io/escape.ts';
import { systemCode } from '../../io/io-error.ts';
import { debugLines, toFailure } from '../screens/failure.ts';
import { documentOf, hasFlag, run } from './run-command.ts';
import { spareEngine } from './spare-engine.ts';

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** npm passes the terminal's Ctrl-C on to a program that has got it already: so soon it is the same one. Milliseconds. */
const SAME_SIGNAL = 150;

/** Aborts at the first signal; a second one ends the process at once. */
function interruption(): { signal: AbortSignal; exit: () => number | undefined } {
  const controller = new AbortController();
  let exit: number | undefined;
  let first = 0;
  for (const [name, code] of Object.entries(SIGNALS)) {
    process.on(name, () => {
      if (exit !== undefined && performance.now() - first < SAME_SIGNAL) return;
      if (exit !== undefined) process.exit(exit);
      exit = code;
      first = performance.now();
      controller.abort(
        new PullthroughError('E_INTERRUPTED', `interrupted by ${name}`, { hint: 'run it again to go on' }),
      );
    });
  }
  return { signal: controller.signal, exit: () => exit };
}

/** A reader that went away (`| head`) is not a failure; a result that can't be written is one. */
function watch(stream: NodeJS.WriteStream): () => Error | undefined {
  stream.on('error', () => undefined);
  return () => (stream.errored === null || systemCode(stream.errored) === 'EPIPE' ? undefined : stream.errored);
}

async function flush(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.destroyed || stream.errored !== null) return;
  await new Promise<void>((resolve) => {
    stream.write('', () => resolve());
  });
}

/** For an error that nobody awaited. Bars may have hidden the cursor. */
function crash(error: unknown): void {
  const failure = toFailure(error);
  if (process.stderr.isTTY) process.stderr.write('\u001b[?25h\n');
  const [first, ...more] = escapeLines(failure.message, escapeTerminal);
  const debug = debugLines(error, process.env).map(escapeTerminal);
  for (const line of [`error: ${first} [${failure.code}]`, ...more, ...debug]) process.stderr.write(`${line}\n`);
  // An error that nobody awaited ends the run before its document is written.
  if (hasFlag(process.argv, '--json')) process.stdout.write(documentOf({}, failure));
  process.exit(1);
}

/** Runs the process's command line and ends the process with its exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  spareEngine();
  const stdoutFailure = watch(process.stdout);
  watch(process.stderr);
  process.on('uncaughtException', crash);
  const { signal, exit } = interruption();
  const { env, stdin, stdout, stderr } = process;
  const code = await run({ argv, env, cwd: process.cwd(), stdin, stdout, stderr, now: new Date(), signal });
  await flush(stdout);
  const failed = stdoutFailure();
  if (failed !== undefined) stderr.write(`error: the result cannot be written: ${failed.message} [E_IO]\n`);
  await flush(stderr);
  const ended = failed === undefined ? code : code || 1;
  // A command that is meant to end by a signal, such as a server, ends with 0.
  process.exit(ended === 0 ? 0 : (exit() ?? ended));
}
