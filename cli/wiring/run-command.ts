import { createInterface } from 'node:readline/promises';
import type { PullthroughError } from '../../ledger-schema/error.ts';
import { fail } from '../../ledger-schema/error.ts';
import { escapeTerminal, safeJson } from '../../io/escape.ts';
import type { Command, Group } from '../spec/index.ts';
import type { CommandContext, Handler } from './command-context.ts';
import { debugLines, toFailure } from '../screens/failure.ts';
import { openOutput } from '../screens/output.ts';
import type { OutputEnd, Results } from '../screens/output.ts';
import { namedCommand } from './bare-gpg.ts';
import { parseCommandLine } from './command-line.ts';
import type { Invocation } from './command-line.ts';
import type { Environment } from '../../io/environment.ts';
import type { Stream } from '../screens/style.ts';

/** The world that one run sees; main gives the process's own, tests give theirs. */
export interface World {
  /** Without node and the program's name. */
  readonly argv: readonly string[];
  readonly env: Environment;
  /** Absolute. */
  readonly cwd: string;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined };
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/** How long an interrupted command has to remove its temporary files, in milliseconds. */
const GRACE = 3_000;

type AnyHandler = Handler<Readonly<Record<string, unknown>>>;

/** Only the group's own module is loaded, and with it the rooms that its commands use. */
const HANDLERS: Readonly<Record<Group, () => Promise<object>>> = {
  executor: async () => (await import('../commands/executor.ts')).handlers,
  reviewer: async () => (await import('../commands/reviewer.ts')).handlers,
  ledger: async () => (await import('../commands/ledger.ts')).handlers,
  consumer: async () => (await import('../commands/consumer.ts')).handlers,
};

async function handlerOf({ name, group }: Command): Promise<AnyHandler> {
  const handlers = new Map<string, AnyHandler>(Object.entries(await HANDLERS[group]()));
  return handlers.get(name) ?? fail('E_INTERNAL', `${name} is not built`, { hint: 'use a later version' });
}

/** Known before the command line is parsed, so that a wrong one is answered in the form that was asked for. */
export function hasFlag(argv: readonly string[], name: string): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes(name);
}

/** What the command line asks for, or why it can't be read. */
function readCommandLine({ argv, stdout }: World): { readonly asked?: Invocation; readonly wrong?: unknown } {
  try {
    return { asked: parseCommandLine(argv, stdout.columns ?? 80) };
  } catch (wrong) {
    return { wrong };
  }
}

async function open(world: World, asked: Invocation | undefined): Promise<OutputEnd> {
  const { argv } = world;
  const given = asked?.kind === 'command' ? asked.options : undefined;
  const json = given === undefined ? hasFlag(argv, '--json') : given.json === true;
  const quiet = given === undefined ? hasFlag(argv, '--quiet') || hasFlag(argv, '-q') : given.quiet === true;
  const title = asked?.kind === 'command' ? asked.command.name : (namedCommand(argv) ?? '');
  const drawn = world.stderr.isTTY === true && !quiet && world.env['TERM'] !== 'dumb';
  const bars = drawn ? (await import('../screens/progress-bars.ts')).openBars(world.stderr) : undefined;
  const { stdout, stderr, env } = world;
  return openOutput({ stdout, stderr, env, json, quiet, title, bars });
}

function contextOf(world: World, end: OutputEnd): CommandContext {
  const { env, cwd, now, signal, stdin, stderr } = world;
  const interactive = stdin.isTTY === true && stderr.isTTY === true;
  return {
    ...{ env, cwd, now, signal, interactive },
    output: end.output,
    progress: end.output,
    async ask(question, about = []) {
      if (!interactive) fail('E_CONFIRM', 'there is no terminal to ask at', { hint: 'answer with flags' });
      end.pause();
      for (const line of about) stderr.write(`${escapeTerminal(line)}\n`);
      return askAt(world, question);
    },
  };
}

/** Asks at the terminal. Ctrl-C ends the run as the signal does, Ctrl-D is not an answer. */
async function askAt({ stdin, stderr, signal }: World, question: string): Promise<string> {
  const lines = createInterface({ input: stdin, output: stderr });
  // At a question the terminal sends the key, not the signal.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return (await lines.question(`${escapeTerminal(question)} `, { signal })).trim();
  } catch (cause) {
    stderr.write('\n');
    signal.throwIfAborted();
    return fail('E_CONFIRM', 'no answer was given', { hint: 'answer, or give what is asked for with flags', cause });
  } finally {
    lines.close();
  }
}

async function invoke(invocation: Invocation, world: World, end: OutputEnd): Promise<void> {
  if (invocation.kind === 'text') {
    end.output.results({ text: invocation.text });
    return end.output.raw(invocation.text);
  }
  const handler = await handlerOf(invocation.command);
  return handler(invocation.args, invocation.options, contextOf(world, end));
}

/** Waits for the command; once it is interrupted, no longer than it needs to clean up. */
async function untilDone(command: Promise<void>, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => (timer = setTimeout(resolve, GRACE)), { once: true });
  });
  try {
    await Promise.race([command, late]);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  if (signal.aborted) throw signal.reason;
}

/** The one document of `--json`. */
export function documentOf(values: Results, error: PullthroughError | undefined): string {
  const failure = error === undefined ? {} : { error: { code: error.code, message: error.message, hint: error.hint } };
  return `${safeJson({ ...failure, ...values })}\n`;
}

/**
 * Runs one command line and gives its exit code; never throws. stdout gets the result, with `--json` exactly one
 * document; stderr gets everything else.
 */
export async function run(world: World): Promise<number> {
  const { asked, wrong } = readCommandLine(world);
  const end = await open(world, asked);
  let failure: PullthroughError | undefined;
  let command: string | undefined;
  try {
    if (asked === undefined) throw wrong;
    if (asked.kind === 'command') command = asked.command.name;
    const running = invoke(asked, world, end);
    const own = asked.kind === 'command' && asked.command.spec.untilSignal === true;
    await (own ? running : untilDone(running, world.signal));
  } catch (error) {
    failure = toFailure(error, command);
    end.pause();
    end.failure(failure);
    for (const line of debugLines(error, world.env)) world.stderr.write(`${escapeTerminal(line)}\n`);
  }
  end.end();
  if (end.output.json) world.stdout.write(documentOf(end.values, failure));
  return failure?.exit ?? 0;
}
