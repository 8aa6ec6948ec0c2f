import { OVERVIEW } from '../spec/overview.ts';
import { globalOptions } from '../spec/index.ts';
import type { CommandSpec } from '../spec/spec.ts';
import { flagsOf } from '../wiring/program-options.ts';

const ABOUT =
  'Keeps vetted copies of the binaries that others publish as GitHub releases, and says who vouches for them.';
const EXITS =
  'Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not trusted, 4 some tools worked and others did not.';

const COLUMN = 34;
const WIDTH = 80;

function row(left: string, right: string): string {
  const [first = '', ...more] = wrapped(right.replaceAll('\n', ' '), WIDTH - COLUMN);
  const head =
    left.length < COLUMN - 2 ? `  ${left.padEnd(COLUMN - 2)}${first}` : `  ${left}\n${' '.repeat(COLUMN)}${first}`;
  return [head, ...more.map((line) => ' '.repeat(COLUMN) + line)].join('\n');
}

/** Lines of at most `width` columns, broken at spaces. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A command line, broken in a way that a shell accepts. */
function brokenLine(line: string): string {
  const [first = '', ...more] = wrapped(line, WIDTH - 8);
  return [`  ${first}`, ...more.map((part) => `    ${part}`)].join(' \\\n');
}

/** `pullthrough --help`. */
export function overviewText(): string {
  const groups = OVERVIEW.map(({ heading, rows }) =>
    [heading, ...rows.map(([usage, says]) => row(`pullthrough ${usage}`, says))].join('\n'),
  );
  const options = Object.entries(globalOptions).map(([name, option]) => row(flagsOf(name, option), option.summary));
  return [
    'Usage: pullthrough COMMAND [options]',
    wrapped(ABOUT, WIDTH).join('\n'),
    ...groups,
    [
      'Options of every command',
      ...options,
      row('--help', 'of a command: its options and examples'),
      row('--version', 'the version, its commit, and node'),
    ].join('\n'),
    wrapped(EXITS, WIDTH).join('\n'),
  ]
    .map((part) => `${part}\n`)
    .join('\n');
}

/** The text below a command's options. */
export function exampleText({ examples }: CommandSpec): string {
  const lines = examples.map(([line, says]) => `${brokenLine(line)}\n      ${says}`);
  return examples.length === 0 ? '' : `\nExamples:\n${lines.join('\n')}\n`;
}
