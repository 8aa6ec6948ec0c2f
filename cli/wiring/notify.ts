import { spawn } from 'node:child_process';
import type { PullReference } from '../../proposals/pull-reference.ts';
import { commandWords } from './command-words.ts';
import type { CommandContext } from './command-context.ts';

/** Something that a command did to the ledger; the line that a `[notify] command[]` gets. */
export interface LedgerEvent {
  readonly event:
    | 'proposed'
    | 'acknowledged'
    | 'nacked'
    | 'merged'
    | 'closed'
    | 'reopened'
    | 'policy-proposed'
    | 'policy-signed'
    | 'requested';
  /** `owner/repo TAG`, `trust policy 2`, or the branch. */
  readonly title: string;
  readonly branch?: string | undefined;
  readonly pull?: PullReference | undefined;
  readonly commit?: string | undefined;
}

/** What a mirror.ini says, wherever it was found. */
export interface FoundNotifiers {
  readonly notify: readonly (readonly string[])[];
  readonly folder: string;
}

declare const allowed: unique symbol;

/** Those that may be run: each command says why, by one of the functions below. */
export type Notifiers = FoundNotifiers & { readonly [allowed]: true };

/**
 * Those that a reviewer's command runs: none from a mirror.ini that may be somebody else's, with a warning; the same as for
 * `[review] scan[]`.
 */
export function ownNotifiers(
  { notify, folder }: FoundNotifiers,
  own: boolean,
  output: Pick<CommandContext['output'], 'warn'>,
  how = 'name its folder with --tools',
): Notifiers {
  if (own || notify.length === 0) return runnable({ notify, folder });
  output.warn(
    'mirror.ini has [notify] command[], and nothing says that its folder is yours, so none of it was run; ' +
      `if that mirror.ini is your own, ${how}`,
  );
  return runnable({ notify: [], folder });
}

/**
 * Those of `request` and of the commands that keep a ledger, which anybody types wherever they are: none from a mirror.ini
 * that was merely found in the folder.
 */
export function namedNotifiers(
  notifiers: FoundNotifiers,
  { config }: { readonly config?: string | undefined },
  output: Pick<CommandContext['output'], 'warn'>,
): Notifiers {
  return ownNotifiers(notifiers, config !== undefined, output, 'name it with --config');
}

/** Those of `mirror`, which works on nothing but the executor's own folder and signs what its mirror.ini says. */
export function executorNotifiers({ notify, folder }: FoundNotifiers): Notifiers {
  return runnable({ notify, folder });
}

function runnable(notifiers: FoundNotifiers): Notifiers {
  return notifiers as Notifiers;
}

/** How long a notifier may take. */
const PATIENCE_MS = 30_000;

/** A program and its words. */
export const notifyCommand = commandWords('command[] = ./notify.sh');

/**
 * Runs each `[notify] command[]` with the events as lines of JSON on stdin, in the folder of mirror.ini and without
 * secrets: from the environment it gets what names the user and the place, and `PULLTHROUGH_NOTIFY_*`. A failure is only a
 * warning, since what it tells of has been done.
 */
export async function notify(
  { notify: commands, folder }: Notifiers,
  context: Pick<CommandContext, 'env' | 'now' | 'output'>,
  events: readonly LedgerEvent[],
): Promise<void> {
  if (events.length === 0) return;
  const at = context.now.toISOString();
  const lines = events.map((event) => `${JSON.stringify({ ...event, at })}\n`).join('');
  for (const [program = '', ...args] of commands) {
    const problem = await run(program, args, { folder, env: cleanEnv(context.env), lines });
    if (problem !== undefined) context.output.warn(`[notify] ${program}: ${problem}`);
  }
}

function cleanEnv(env: CommandContext['env']): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) =>
    /^(?:PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|XDG_\w+|PULLTHROUGH_NOTIFY_\w+)$/.test(name),
  );
  return Object.fromEntries(kept);
}

/** What went wrong; undefined where nothing did. */
function run(
  program: string,
  args: readonly string[],
  { folder, env, lines }: { readonly folder: string; readonly env: NodeJS.ProcessEnv; readonly lines: string },
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: folder,
      env,
      stdio: ['pipe', 'ignore', 'ignore'],
      timeout: PATIENCE_MS,
      killSignal: 'SIGKILL',
    });
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => {
      if (signal !== null) resolve(`ended by ${signal}, after ${PATIENCE_MS / 1000} s at most`);
      else resolve(code === 0 ? undefined : `ended with ${String(code)}`);
    });
    // The notifier may not read its stdin.
    child.stdin.on('error', () => undefined);
    child.stdin.end(lines);
  });
}
