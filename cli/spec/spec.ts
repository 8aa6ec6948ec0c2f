/** `I/N`: the I-th of N equal shares, counted from 1. */
export interface Share {
  readonly index: number;
  readonly count: number;
}

/** What the program can offer a shell: tools of the ledger or beside mirror.ini, releases, files, platforms. */
export const NAMED = ['tool', 'defined', 'release', 'asset', 'platform'] as const;

type Complete = 'file' | 'folder' | (typeof NAMED)[number];

interface Option {
  readonly summary: string;
}
export interface FlagOption extends Option {
  readonly kind: 'flag';
}
/** `complete` says what a shell offers for the value. */
export interface TextOption extends Option {
  readonly kind: 'text';
  readonly value: string;
  readonly complete?: Complete;
}
/** With or without a value; without one it is true. */
export interface OptionalOption extends Option {
  readonly kind: 'optional';
  readonly value: string;
}
export interface ListOption extends Option {
  readonly kind: 'list';
  readonly value: string;
  readonly complete?: Complete;
}
export interface CountOption extends Option {
  readonly kind: 'count';
  readonly value: string;
  readonly most: number;
}
export interface ShareOption extends Option {
  readonly kind: 'share';
  readonly value: string;
}
export interface WordOption<W extends string = string> extends Option {
  readonly kind: 'word';
  readonly value: string;
  readonly words: readonly W[];
}

export type OptionSpec = FlagOption | TextOption | OptionalOption | ListOption | CountOption | ShareOption | WordOption;

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type ValueOf<O extends OptionSpec> = O extends FlagOption
  ? true
  : O extends OptionalOption
    ? string | true
    : O extends ListOption
      ? readonly string[]
      : O extends CountOption
        ? number
        : O extends ShareOption
          ? Share
          : O extends WordOption<infer W>
            ? W
            : string;

/** What a command's handler gets: each option under its name on the command line, undefined when not given. */
export type OptionValues<S extends OptionSpecs> = { readonly [Name in keyof S]: ValueOf<S[Name]> | undefined };

export interface ArgumentSpec {
  /** As help shows it: `TOOL`, `[CHANGE]`, `[TOOL...]`. */
  readonly name: string;
  readonly complete?: Complete | readonly string[];
}

export interface CommandSpec<S extends OptionSpecs = OptionSpecs> {
  readonly summary: string;
  /** More than the summary, for the command's own help. */
  readonly about?: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: S;
  /** Runs until a signal ends it: that is not a failure, and it may take its time to end. */
  readonly untilSignal?: true;
  /** A command line, and what it does. */
  readonly examples: readonly (readonly [line: string, says: string])[];
}

/** Keeps the literal types of a table's options. */
export function commands<const T extends Readonly<Record<string, CommandSpec>>>(table: T): T {
  return table;
}

export const flag = (summary: string): FlagOption => ({ kind: 'flag', summary });
export const text = (value: string, summary: string, complete?: Complete): TextOption => ({
  kind: 'text',
  value,
  summary,
  ...(complete === undefined ? {} : { complete }),
});
export const optional = (value: string, summary: string): OptionalOption => ({ kind: 'optional', value, summary });
export const list = (value: string, summary: string, complete?: Complete): ListOption => ({
  kind: 'list',
  value,
  summary,
  ...(complete === undefined ? {} : { complete }),
});
export const count = (value: string, most: number, summary: string): CountOption => ({
  kind: 'count',
  value,
  most,
  summary,
});
export const share = (summary: string): ShareOption => ({ kind: 'share', value: 'I/N', summary });
export const word = <const W extends string>(value: string, words: readonly W[], summary: string): WordOption<W> => ({
  kind: 'word',
  value,
  words,
  summary,
});
