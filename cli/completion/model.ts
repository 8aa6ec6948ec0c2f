import { COMMANDS, globalOptions } from '../spec/index.ts';
import { NAMED } from '../spec/spec.ts';
import type { OptionSpec } from '../spec/spec.ts';

/** Names that the program itself looks up when a shell asks: {@link NAMED}. */
export type Named = (typeof NAMED)[number];

/** What a shell offers for an option's value, or an argument. */
export type Offer = 'nothing' | 'file' | 'folder' | Named | readonly string[];

/** The first word with which a shell's own functions ask `pullthrough`. */
export const ASK = '__names';

export function isNamed(offer: Offer): offer is Named {
  return NAMED.some((named) => named === offer);
}

export interface CompletedOption {
  /** `--shard`. */
  readonly flag: string;
  readonly summary: string;
  /** Undefined for a flag without a value. */
  readonly value: { readonly name: string; readonly optional: boolean; readonly offer: Offer } | undefined;
}

export interface CompletedCommand {
  /** `store check`. */
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  readonly argument: Offer;
}

function offerOf(option: OptionSpec): Offer {
  if (option.kind === 'word') return option.words;
  return 'complete' in option && option.complete !== undefined ? option.complete : 'nothing';
}

function completedOption([name, option]: readonly [string, OptionSpec]): CompletedOption {
  const flag = `--${name}`;
  if (option.kind === 'flag') return { flag, summary: option.summary, value: undefined };
  const value = { name: option.value, optional: option.kind === 'optional', offer: offerOf(option) };
  return { flag, summary: option.summary, value };
}

const HELP: CompletedOption = { flag: '--help', summary: 'options and examples', value: undefined };

/** The command table as the scripts need it. */
export const COMPLETED: readonly CompletedCommand[] = COMMANDS.map(({ name, spec }) => ({
  name,
  summary: spec.summary,
  options: [...Object.entries({ ...spec.options, ...globalOptions }).map(completedOption), HELP],
  argument: spec.arguments.find((argument) => argument.complete !== undefined)?.complete ?? 'nothing',
}));

export const GLOBAL: readonly CompletedOption[] = [...Object.entries(globalOptions).map(completedOption), HELP];

/** `store`, `ledger`, ...: the first words of two-word commands. */
export const PARENTS: readonly string[] = [
  ...new Set(COMPLETED.filter(({ name }) => name.includes(' ')).map(({ name }) => name.split(' ')[0] ?? '')),
];

/** Options of any command that take the next word as their value. */
export const VALUE_FLAGS: readonly string[] = [
  ...new Set(
    COMPLETED.flatMap(({ options }) => options)
      .filter(({ value }) => value !== undefined && !value.optional)
      .map(({ flag }) => flag),
  ),
];

/** What may follow a parent, or come first: the next words of the commands that begin with it, each once. */
export function nextWords(parent: string): readonly { readonly word: string; readonly summary: string }[] {
  const found = new Map<string, string>();
  for (const { name, summary } of COMPLETED) {
    const words = name.split(' ');
    if (parent === '' ? false : words[0] !== parent || words.length < 2) continue;
    const word = (parent === '' ? words[0] : words[1]) ?? '';
    const siblings = COMPLETED.filter((other) => other.name.startsWith(`${word} `)).map((other) => other.name);
    if (!found.has(word)) found.set(word, parent === '' && siblings.length > 0 ? siblings.join(', ') : summary);
  }
  return Array.from(found, ([word, summary]) => ({ word, summary }));
}
