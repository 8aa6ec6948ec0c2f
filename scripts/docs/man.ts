import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { COMMANDS, globalOptions } from '../../cli/spec/index.ts';
import type { Command } from '../../cli/spec/index.ts';
import type { OptionSpecs } from '../../cli/spec/spec.ts';
import { VERSION } from '../../cli/version.ts';
import { flagsOf } from '../../cli/wiring/program-options.ts';
import { ENVIRONMENT, EXITS } from './docs-cli-tables.ts';

export const MAN_PAGE = 'docs/pullthrough.1';

/** Text as man(7) takes it: no escape, no request at the beginning of a line, hyphens that can be copied. */
const plain = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replace(/^(?=[.'])/gm, '\\&');

const item = (term: string, says: string): string => `.TP\n.B ${plain(term)}\n${plain(says)}`;

const options = (specs: OptionSpecs): string[] =>
  Object.entries(specs).map(([name, option]) => item(flagsOf(name, option), option.summary));

function command({ name, spec }: Command): string[] {
  const usage = ['pullthrough', name, ...spec.arguments.map((argument) => argument.name)].join(' ');
  return [
    `.SS ${plain(name)}`,
    `.B ${plain(usage)}`,
    '.PP',
    plain(`${spec.summary}.`),
    ...(spec.about === undefined ? [] : ['.PP', plain(spec.about)]),
    ...options(spec.options),
    ...spec.examples.flatMap(([line, says]) => ['.PP', '.nf', plain(`  ${line}`), '.fi', plain(`  ${says}`)]),
  ];
}

/** pullthrough(1), made from the tables that the program itself reads its command line by. */
export function manPage(): string {
  return [
    `.TH PULLTHROUGH 1 "" "pullthrough ${VERSION}" "User Commands"`,
    '.SH NAME',
    plain('pullthrough') + ' \\- vetted copies of GitHub release binaries, and who vouches for them',
    '.SH SYNOPSIS',
    '.B pullthrough',
    '.I COMMAND',
    '[ARGUMENTS] [OPTIONS]',
    '.SH OPTIONS',
    ...options(globalOptions),
    item('--help', "a command's own options and examples"),
    item('--version', 'the version with its commit and node'),
    '.SH COMMANDS',
    ...COMMANDS.flatMap(command),
    '.SH ENVIRONMENT',
    ...Object.entries(ENVIRONMENT).map(([name, says]) => item(name, says)),
    '.SH EXIT STATUS',
    ...EXITS.map(([exit, says]) => item(exit, says)),
    '',
  ].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(MAN_PAGE, manPage());
