import { fail } from '../ledger-schema/error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What a step asks for. */
export interface Inputs {
  /** The command line after `pullthrough`; undefined where the step only sets the command up. */
  readonly argv: readonly string[] | undefined;
  /** As it is written. */
  readonly workingDirectory: string;
}

/** The names in action.yml. */
export const INPUTS = ['command', 'args', 'ledger', 'pin', 'store', 'working-directory', 'version'] as const;

const COMMANDS = new Map([
  ['get', ['get']],
  ['verify', ['verify']],
  ['mirror', ['mirror']],
  ['check', ['ledger', 'check']],
]);

/** As the runner hands an input over: https://github.com/actions/toolkit, packages/core/src/core.ts, `getInput`. */
function input(env: Environment, name: (typeof INPUTS)[number]): string {
  return (env[`INPUT_${name.toUpperCase()}`] ?? '').trim();
}

/** A list in one input: each line is one argument, whatever is in it. */
function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Reads a step's inputs. Throws `E_USAGE`. */
export function readInputs(env: Environment, version: string): Inputs {
  const wanted = input(env, 'version');
  if (wanted !== '' && wanted.replace(/^v/, '') !== version) {
    fail('E_USAGE', `the input version asks for ${wanted}, and this is ${version}`, {
      hint: "use the commit of that version's tag",
    });
  }
  const workingDirectory = input(env, 'working-directory') || '.';
  const name = input(env, 'command');
  const args = linesOf(input(env, 'args'));
  const flags = (['ledger', 'pin', 'store'] as const).flatMap((flag) => {
    const value = input(env, flag);
    return value === '' ? [] : [`--${flag}`, value];
  });
  if (name === '') {
    if (args.length + flags.length > 0) fail('E_USAGE', 'the input command is empty, and others are not');
    return { argv: undefined, workingDirectory };
  }
  const words = COMMANDS.get(name);
  if (words === undefined) {
    fail('E_USAGE', `the input command is not one of ${[...COMMANDS.keys()].join(', ')}`, {
      hint: 'later steps can run any command: pullthrough is on their PATH',
    });
  }
  return { argv: [...words, '--json', ...flags, ...args], workingDirectory };
}
