import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS, globalOptions } from '../../cli/spec/index.ts';
import { schemaOf } from '../../cli/wiring/settings/config.ts';
import { CLI_PAGE, cliPage } from '../../scripts/docs/docs-cli.ts';
import { ENVIRONMENT, MIRROR_KEYS, TOOL_KEYS } from '../../scripts/docs/docs-cli-tables.ts';
import { toolSchema } from '../../upstream/tool-definition.ts';
import { MAN_PAGE, manPage } from '../../scripts/docs/man.ts';
import { runCli } from '../kit/worlds/cli-world.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, CLI_PAGE), 'utf8');

const keysOf = (schema: Readonly<Record<string, object>>): string[] =>
  Object.entries(schema).flatMap(([section, keys]) => Object.keys(keys).map((key) => `[${section}] ${key}`));

test('the man page is what scripts/docs/man.ts makes of the tables, and no text in it is a request', () => {
  const man = readFileSync(join(root, MAN_PAGE), 'utf8');
  expect(man, 'run npm run build && node dist/scripts/docs/man.js').toBe(manPage());
  for (const { name } of COMMANDS) expect(man).toContain(`.SS ${name.replaceAll('-', '\\-')}\n`);
  const requests = man.split('\n').filter((line) => /^[.']/.test(line));
  expect(requests.filter((line) => !/^\.(?:TH|SH|SS|TP|B|I|PP|nf|fi)(?: |$)/.test(line))).toEqual([]);
});

describe('docs/cli.md', () => {
  test('is what scripts/docs/docs-cli.ts makes of the tables', () => {
    expect(page, 'run npm run build && node dist/scripts/docs/docs-cli.js').toBe(cliPage());
  });

  test('has every key of mirror.ini and tool.ini that the parsers take, and no other', () => {
    expect(Object.keys(MIRROR_KEYS).sort()).toEqual(keysOf(schemaOf('/')).sort());
    expect(Object.keys(TOOL_KEYS).sort()).toEqual(keysOf(toolSchema(new Set())).sort());
  });

  test('has every variable of ours that the program reads', () => {
    const rooms = ['cli', 'io', 'store', 'ledger', 'executor', 'reviewer', 'owner', 'consumer', 'github'];
    const files = rooms.flatMap((room) =>
      readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((name) => join(root, room, name)),
    );
    const text = files
      .filter((path) => path.endsWith('.ts'))
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n');
    const read = new Set(Array.from(text.matchAll(/'(PULLTHROUGH_[A-Z_]+[A-Z])'/g), ([, name = '']) => name));
    expect([...read].filter((name) => !(name in ENVIRONMENT)).sort()).toEqual([]);
  });

  test.each(COMMANDS)('says of $name what its --help says', async ({ name, spec }) => {
    const { stdout } = await runCli([...name.split(' '), '--help']);
    const [, section = ''] = page.split(`### \`${name}\`\n`);
    for (const option of Object.keys(spec.options)) {
      expect(stdout).toContain(`--${option}`);
      expect(section.split('\n### ')[0]).toContain(`--${option}`);
    }
    for (const option of Object.keys(globalOptions)) expect(stdout).toContain(`--${option}`);
  });
});
