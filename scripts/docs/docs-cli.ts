import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { COMMANDS, globalOptions } from '../../cli/spec/index.ts';
import type { Command, Group } from '../../cli/spec/index.ts';
import type { OptionSpecs } from '../../cli/spec/spec.ts';
import { flagsOf } from '../../cli/wiring/program-options.ts';
import { ENVIRONMENT, EXITS, MIRROR_KEYS, TOOL_KEYS } from './docs-cli-tables.ts';

const TITLES: Readonly<Record<Group, string>> = {
  executor: 'Executor: what the cron workflow runs',
  reviewer: 'Reviewer: what a person runs before approving',
  ledger: 'Ledger: what its owner and its CI run',
  consumer: 'Consumer: what a person or a build runs',
};

/** A cell of a table: a pipe would end it, and angle brackets would be markup. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function options(specs: OptionSpecs): string {
  const rows = Object.entries(specs).map(([name, option]) => [code(flagsOf(name, option)), cell(option.summary)]);
  return rows.length === 0 ? 'It has no options of its own.' : table(['option', 'what'], rows);
}

function section({ name, spec }: Command): string {
  const usage = ['pullthrough', name, ...spec.arguments.map((argument) => argument.name)].join(' ');
  const examples = spec.examples.map(([line, says]) => `- ${code(line)}: ${cell(says)}`).join('\n');
  const about = spec.about === undefined ? [] : [cell(spec.about)];
  return [`### \`${name}\``, code(usage), cell(`${spec.summary}.`), ...about, options(spec.options), examples].join(
    '\n\n',
  );
}

const keys = (file: string, rows: Readonly<Record<string, string>>): string =>
  table(
    [`key of ${file}`, 'what'],
    Object.entries(rows).map(([key, says]) => [code(key), cell(says)]),
  );

/** docs/cli.md, made from the tables that the program itself reads its command line by. */
export function cliPage(): string {
  const groups = Object.entries(TITLES).map(([group, title]) =>
    [`## ${title}`, ...COMMANDS.filter((command) => command.group === group).map(section)].join('\n\n'),
  );
  return `# The command line

Every command, flag, key, environment variable and exit code. This page is made from the tables by which the program reads its
command line, by \`npm run build && node dist/scripts/docs/docs-cli.js\`; the shape of \`--json\` is in [json.md](json.md), every error
code in [errors.md](errors.md).

## Every command

${options(globalOptions)}

\`--help\` shows a command's own options and examples, \`--version\` the version with its commit and node, \`-V\` the version alone.

${groups.join('\n\n')}

## mirror.ini

Found in the current directory, or named by \`--config\`; relative paths in it are relative to its folder. An unknown section or
key is an error that names the file, the line and the nearest known key. A key that ends in \`[]\` may be given more than once.

${keys('mirror.ini', MIRROR_KEYS)}

## tool.ini

\`packages/SOURCE/OWNER/REPO/tool.ini\`; an empty one means the latest release, every file.

${keys('tool.ini', TOOL_KEYS)}

## Environment

Secrets come by the environment or a file, never by a flag.

${table(
  ['variable', 'what'],
  Object.entries(ENVIRONMENT).map(([name, says]) => [code(name), cell(says)]),
)}

## Exit codes

${table(
  ['exit', 'what'],
  EXITS.map(([exit, says]) => [exit, cell(says)]),
)}
`;
}

export const CLI_PAGE = 'docs/cli.md';

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(CLI_PAGE, cliPage());
