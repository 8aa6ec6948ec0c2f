import { OVERVIEW } from '../spec/overview.ts';
import { globalOptions } from '../spec/index.ts';
import type { CommandSpec } from '../spec/spec.ts';
import { flagsOf } from '../wiring/program-options.ts';

const COLUMN = 42;

function row(left: string, right: string): string {
  const [first = '', ...more] = right.split('\n');
  const head =
    left.length < COLUMN - 2 ? `  ${left.padEnd(COLUMN - 2)}${first}` : `  ${left}\n${' '.repeat(COLUMN)}${first}`;
  return [head, ...more.map((line) => ' '.repeat(COLUMN) + line)].join('\n');
}

/** `pullthrough --help`. */
export function overviewText(): string {
  const groups = OVERVIEW.map(({ heading, rows }) =>
    [heading, ...rows.map(([usage, says]) => row(`pullthrough ${usage}`, says))].join('\n'),
  );
  const options = Object.entries(globalOptions).map(([name, option]) => row(flagsOf(name, option), option.summary));
  return [
    'Usage: pullthrough COMMAND [options]',
    'Keeps vetted copies of the binaries that others publish as GitHub releases, and says who vouches for them.',
    ...groups,
    [
      'Options of every command',
      ...options,
      row('--help', 'of a command: its options and examples'),
      row('--version', 'the version'),
    ].join('\n'),
    'Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not trusted, 4 some tools worked and others did not.',
  ]
    .map((part) => `${part}\n`)
    .join('\n');
}

/** What stands below a command's options. */
export function exampleText({ examples }: CommandSpec): string {
  const lines = examples.map(([line, says]) => `  ${line}\n      ${says}`);
  return examples.length === 0 ? '' : `\nExamples:\n${lines.join('\n')}\n`;
}
