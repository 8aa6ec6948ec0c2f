import type { Progress } from '../../io/progress.ts';
import type { GROUPS, Group, ValuesOf } from '../spec/index.ts';
import type { Output } from '../screens/output.ts';
import type { Environment } from '../../io/environment.ts';

/** What a command's handler gets from main: the outside world, as one run sees it. */
export interface CommandContext {
  readonly env: Environment;
  /** Absolute. */
  readonly cwd: string;
  readonly output: Output;
  /** The same as `output`, for code that needs only progress. */
  readonly progress: Progress;
  /** Fixed once per run. */
  readonly now: Date;
  /** Aborts on SIGINT and SIGTERM, with E_INTERRUPTED as its reason. */
  readonly signal: AbortSignal;
  /** Can a person be asked? */
  readonly interactive: boolean;
  /**
   * Asks a person, and gives the answer without white space around it. `about` is the lines to answer by: they come before
   * the question whatever `--quiet` and `--json` say. Throws `E_CONFIRM` where nobody can be asked.
   */
  ask(question: string, about?: readonly string[]): Promise<string>;
}

/** Returns when the command is done; throws PullthroughError, whose code has the exit code. */
export type Handler<Values> = (args: readonly string[], options: Values, context: CommandContext) => Promise<void>;

/** The handlers of a group's commands. */
export type Handlers<G extends Group> = {
  readonly [Name in keyof (typeof GROUPS)[G]]?: Handler<ValuesOf<G, Name>>;
};
