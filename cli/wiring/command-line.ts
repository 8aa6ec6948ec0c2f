import { Command as Program, CommanderError } from 'commander';
import { nearest } from '../../io/nearest.ts';
import { fail } from '../../ledger-schema/error.ts';
import { COMMANDS, globalOptions } from '../spec/index.ts';
import type { Command, GlobalValues } from '../spec/index.ts';
import type { OptionSpecs } from '../spec/spec.ts';
import { exampleText, overviewText } from '../screens/help.ts';
import { moveBareGpg, namedCommand } from './bare-gpg.ts';
import { commanderOption } from './program-options.ts';
import { VERSION, versionText } from '../version.ts';
import { typed } from '../../io/shell.ts';

/** What a command line asks for. */
export type Invocation =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'command';
      readonly command: Command;
      readonly args: readonly string[];
      readonly options: GlobalValues & Readonly<Record<string, unknown>>;
    };

/** The values by the options' own names, where commander has them in camel case. */
function valuesOf(program: Program, specs: OptionSpecs): Record<string, unknown> {
  const given = program.optsWithGlobals();
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [name, given[commanderOption(name, spec).attributeName()]]),
  );
}

function parentOf(program: Program, words: readonly string[]): Program {
  let parent = program;
  for (const word of words) {
    parent = parent.commands.find((child) => child.name() === word) ?? parent.command(word).usage('COMMAND');
  }
  return parent;
}

const PARENTS: Readonly<Record<string, string>> = {
  store: 'what the store holds',
  ledger: 'the ledger: its gate, its merges, its state',
  bundle: 'the ledger and its files, carried to where no network is',
  trust: 'the policy, its rotation, its signatures',
  key: 'OpenPGP keys',
};

function addCommand(program: Program, command: Command, chosen: (invocation: Invocation) => void): void {
  const words = command.name.split(' ');
  const parent = parentOf(program, words.slice(0, -1));
  if (parent !== program) parent.description(PARENTS[parent.name()] ?? '');
  const { spec } = command;
  const child = parent.command(words.at(-1) ?? '').summary(spec.summary);
  child.description(spec.about === undefined ? spec.summary : `${spec.summary}\n\n${spec.about}`);
  for (const { name } of spec.arguments) child.argument(name.startsWith('[') ? name : `<${name}>`);
  for (const [name, option] of Object.entries(spec.options)) child.addOption(commanderOption(name, option));
  child.addHelpText('after', exampleText(spec));
  child.action(() => {
    const options = valuesOf(child, { ...globalOptions, ...spec.options }) as GlobalValues;
    chosen({ kind: 'command', command, args: child.args, options: { ...options } });
  });
}

/** `help store check` as `store check --help`: commander's own `help` takes only one word. */
function expandHelp(argv: readonly string[]): readonly string[] {
  const [first, ...words] = argv;
  return first === 'help' && words.length > 0 ? [...words, '--help'] : argv;
}

/** Asked for the help of an unknown command, commander shows its group's help, so this refuses it. */
function requireCommand(program: Program): void {
  const [word] = program.args;
  if (word === undefined || word.startsWith('-') || program.commands.length === 0) return;
  const found = program.commands.find((child) => child.name() === word);
  if (found !== undefined) return requireCommand(found);
  const meant = nearest(
    word,
    program.commands.map((child) => child.name()),
  );
  const hint = meant === undefined ? likeCommand(word) : `did you mean ${meant}?`;
  fail('E_USAGE', `unknown command '${word}'`, { hint: hint ?? 'see pullthrough --help' });
}

/** What a word could mean: a command of another group that ends with it, or one that is spelled almost like it. */
function likeCommand(word: string): string | undefined {
  const names = COMMANDS.map(({ name }) => name);
  const lasts = names.filter((name) => name.endsWith(` ${word}`));
  const near = nearest(word, [...names, ...names.map((name) => name.split(' ').at(-1) ?? '')]);
  const meant = lasts.length > 0 ? lasts : names.filter((name) => name === near || name.endsWith(` ${near}`));
  return meant.length === 0 ? undefined : `did you mean ${meant.join(', ').replace(/, ([^,]*)$/, ' or $1')}?`;
}

/** Commander's refusal as one of ours: its sentence, and what it thinks was meant. */
function usageError(error: CommanderError, argv: readonly string[]): never {
  const [first = '', ...more] = error.message.replace(/^error: /, '').split('\n');
  const meant = /\(Did you mean (.*)\?\)/.exec(more.join(' '))?.[1];
  const [, invalid, reason] = /^(.* is invalid)\. (.*)$/s.exec(first) ?? [];
  const named = namedCommand(argv);
  const help = `see ${typed`pullthrough ${[...(named?.split(' ') ?? []), '--help']}`}`;
  if (error.code === 'commander.help') {
    const known = COMMANDS.map(({ name }) => name).filter((name) => name.startsWith(`${named ?? ''} `));
    const hint = known.length > 0 ? `the commands are ${known.join(', ')}` : help;
    return fail('E_USAGE', 'no command was given', { hint, cause: error });
  }
  const unknown = /unknown command '(.*)'/.exec(first)?.[1] ?? '';
  // An exact word of another group is likelier than one with similar spelling: `sign` is `trust sign`, not `site`.
  const exact = COMMANDS.some(({ name }) => name.endsWith(` ${unknown}`));
  if (error.code === 'commander.unknownCommand' && (meant === undefined || exact)) {
    return fail('E_USAGE', first, { hint: likeCommand(unknown) ?? help, cause: error });
  }
  const sentence = invalid ?? first.replace(/\. Expected /, ': expected ').replace(/\.$/, '');
  return fail('E_USAGE', sentence, {
    hint: reason ?? (meant === undefined ? help : `did you mean ${meant}?`),
    cause: error,
  });
}

/** Reads a command line (without node and the program's own name). Throws `E_USAGE`. */
export function parseCommandLine(argv: readonly string[], columns: number): Invocation {
  const printed: string[] = [];
  let invocation: Invocation | undefined;
  if (argv.length === 0) return { kind: 'text', text: overviewText() };
  if (argv.length === 1 && argv[0] === '-V') return { kind: 'text', text: `${VERSION}\n` };
  const program = new Program('pullthrough').version(versionText()).exitOverride();
  program.configureOutput({
    writeOut: (text) => printed.push(text),
    writeErr: () => undefined,
    outputError: () => undefined,
    getOutHelpWidth: () => columns,
  });
  // A long name leaves less room than the 40 columns below which commander wraps nothing.
  program.configureHelp({ showGlobalOptions: true, minWidthToWrap: 20 });
  program.helpInformation = overviewText;
  for (const [name, option] of Object.entries(globalOptions)) program.addOption(commanderOption(name, option));
  for (const command of COMMANDS) {
    addCommand(program, command, (found) => {
      invocation = found;
    });
  }
  try {
    program.parse(moveBareGpg(expandHelp(argv)), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') requireCommand(program);
    if (error.exitCode === 0) return { kind: 'text', text: printed.join('') };
    return usageError(error, argv);
  }
  return invocation ?? fail('E_USAGE', 'no command was given', { hint: 'see pullthrough --help' });
}
