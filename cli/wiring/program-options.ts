import { InvalidArgumentError, Option } from 'commander';
import { nearest } from '../../io/nearest.ts';
import type { OptionSpec, Share } from '../spec/spec.ts';

function parseCount(text: string, most: number): number {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most) throw new InvalidArgumentError(`it is a whole number from 1 to ${most}`);
  return value;
}

function parseShare(text: string): Share {
  const [, index, count] = /^([0-9]{1,6})\/([0-9]{1,6})$/.exec(text) ?? [];
  const share = { index: Number(index), count: Number(count) };
  if (!(share.index >= 1 && share.index <= share.count)) {
    throw new InvalidArgumentError('it is I/N with I from 1 to N, as 1/4');
  }
  return share;
}

function parseWord(text: string, words: readonly string[]): string {
  if (words.includes(text)) return text;
  const near = nearest(text, words);
  throw new InvalidArgumentError(near === undefined ? `it is ${words.join(' or ')}` : `did you mean ${near}?`);
}

/** One letter, the same in every command. */
const SHORT: Readonly<Record<string, string>> = { output: '-o', quiet: '-q', yes: '-y' };

/** `--concurrency <N>`, as help shows it. */
export function flagsOf(name: string, option: OptionSpec): string {
  const long = `${name in SHORT ? `${SHORT[name] ?? ''}, ` : ''}--${name}`;
  if (option.kind === 'flag') return long;
  return option.kind === 'optional' ? `${long} [${option.value}]` : `${long} <${option.value}>`;
}

function notEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('it is empty');
  return text;
}

/** An option of the table as commander's option. */
export function commanderOption(name: string, spec: OptionSpec): Option {
  const option = new Option(flagsOf(name, spec), spec.summary);
  switch (spec.kind) {
    case 'flag':
      return option;
    case 'text':
    case 'optional':
      return option.argParser(notEmpty);
    case 'list':
      return option.argParser((text, earlier: readonly string[] | undefined) => [...(earlier ?? []), notEmpty(text)]);
    case 'count':
      return option.argParser((text) => parseCount(text, spec.most));
    case 'share':
      return option.argParser(parseShare);
    case 'word':
      return option.argParser((text) => parseWord(text, spec.words));
  }
}
