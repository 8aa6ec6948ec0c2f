import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../cli/spec/index.ts';
import { OVERVIEW } from '../../cli/spec/overview.ts';
import { toFailure } from '../../cli/screens/failure.ts';
import { parseCommandLine } from '../../cli/wiring/command-line.ts';
import { ERRORS, PullthroughError } from '../../ledger-schema/error.ts';
import { runCli } from '../kit/worlds/cli-world.ts';

function parse(...argv: string[]): { name: string; args: readonly string[]; options: Record<string, unknown> } {
  const found = parseCommandLine(argv, 100);
  if (found.kind !== 'command') throw new Error(`no command: ${found.text}`);
  const given = Object.entries(found.options).filter(([, value]) => value !== undefined);
  return { name: found.command.name, args: found.args, options: Object.fromEntries(given) };
}

describe('a command line', () => {
  test('gives each option under the name that it has there', () => {
    expect(parse('mirror', 'a/b', '--dry-run', '--concurrency', '8', '--shard=2/3', 'c/d')).toEqual({
      name: 'mirror',
      args: ['a/b', 'c/d'],
      options: { 'dry-run': true, concurrency: 8, shard: { index: 2, count: 3 } },
    });
    expect(parse('--json', 'store', 'gc', '--delete', '--config', 'x.ini')).toEqual({
      name: 'store gc',
      args: [],
      options: { json: true, delete: true, config: 'x.ini' },
    });
  });

  test('--gpg before the folder of ledger init takes a name only where the folder is named elsewhere', () => {
    const cases: [string[], unknown, readonly string[]][] = [
      [['--bare', 'x.git', '--root', 'a=a.asc', '--gpg', 'Ada'], 'Ada', ['x.git']],
      [['--gpg', 'x.git', '--root', 'a=a.asc'], true, ['x.git']],
      [['--root', 'a=a.asc', '--gpg', 'x.git'], true, ['x.git']],
      [['--gpg', 'Ada Lovelace', '--bare', 'x.git'], 'Ada Lovelace', ['x.git']],
      [['--gpg', '=Ada', 'x.git'], '=Ada', ['x.git']],
    ];
    for (const [argv, gpg, args] of cases) {
      const found = parse('ledger', 'init', ...argv);
      expect(found.options['gpg'], argv.join(' ')).toBe(gpg);
      expect(found.args, argv.join(' ')).toEqual(args);
    }
  });

  test('a bare --gpg does not swallow the CHANGE behind it', () => {
    const cases: [string[], unknown, readonly string[]][] = [
      [['--gpg', '42'], true, ['42']],
      [['42', '--gpg'], true, ['42']],
      [['--gpg', 'https://github.com/a/b/pull/1'], true, ['https://github.com/a/b/pull/1']],
      [['--gpg', 'pullthrough/github.com/a/b/v1@x'], true, ['pullthrough/github.com/a/b/v1@x']],
      [['--gpg', '0x0123456789ABCDEF', '42'], '0x0123456789ABCDEF', ['42']],
      [['--gpg', 'ada@acme.example', '42'], 'ada@acme.example', ['42']],
      [['--gpg=anything', '42'], 'anything', ['42']],
      [['--gpg', '--', '42'], true, ['42']],
      [['--gpg', '42', '--yes'], true, ['42']],
      [['--gpg', 'Grace', '--yes'], 'Grace', []],
      [['--gpg', 'Grace Hopper', '42'], 'Grace Hopper', ['42']],
      [['--gpg', 'jqlang/jq@jq-1.7.1'], true, ['jqlang/jq@jq-1.7.1']],
    ];
    for (const [argv, gpg, args] of cases) {
      const found = parse('ack', ...argv);
      expect(found.options['gpg'], argv.join(' ')).toBe(gpg);
      expect(found.args, argv.join(' ')).toEqual(args);
    }
  });

  test.each([
    [['mirorr'], 'did you mean mirror?'],
    [['sign'], 'did you mean trust sign?'],
    [['store', 'chekc'], 'did you mean check?'],
    [['mirror', '--shrad', '1/2'], 'did you mean --shard?'],
    [['mirror', '--frobnicate'], 'pullthrough mirror --help'],
    [['frobnicate'], 'pullthrough --help'],
    [['store'], 'store check, store copy, store gc'],
    [['mirorr', '--help'], 'did you mean mirror?'],
    [['help', 'mirorr'], 'did you mean mirror?'],
    [['store', 'chekc', '--help'], 'did you mean check?'],
    [['frobnicate', '--help'], 'pullthrough --help'],
    [['mirror', '--shard', '0/2'], 'I from 1 to N'],
    ...['3/2', '1', '1/0', '-1/3', 'a/b', '1/2/3', '1/3x', '1.5/3'].map((share): [string[], string] => [
      ['mirror', '--shard', share],
      'I from 1 to N',
    ]),
    [['store', 'check', '--sample', '31/30'], 'I from 1 to N'],
    [['mirror', '--concurrency', '0'], '1 to 64'],
    [['mirror', '--concurrency', 'x'], '1 to 64'],
    [['mirror', '--cache'], 'pullthrough mirror --help'],
    [['mirror', '--cache='], 'empty'],
    [['ledger', 'check', '--require', 'acknowleged'], 'did you mean acknowledged?'],
    [['ledger', 'close'], 'ledger close --help'],
    [['ledger', 'close', '1', '2'], 'ledger close --help'],
    [['key', 'show', 'a', 'b'], 'key show --help'],
    [['completion', 'bsh'], 'did you mean bash?'],
  ])('%j is exit 2 with a hint: %s', async (argv, hint) => {
    const plain = await runCli(argv);
    expect(plain).toMatchObject({ code: 2, stdout: '' });
    expect(plain.stderr).toMatch(/^error: .* \[E_USAGE\]\nhint: .*\n$/);
    expect(plain.stderr).toContain(hint);
    const json = await runCli([...argv, '--json']);
    expect(json.code).toBe(2);
    if (argv.at(-1) === '--cache') return;
    const document: unknown = JSON.parse(json.stdout);
    expect(document).toMatchObject({ error: { code: 'E_USAGE', hint: expect.stringContaining(hint) as string } });
  });
});

test('an error that brings no hint of its own says what to do all the same', async () => {
  const cwd = import.meta.dirname;
  const { stdout } = await runCli(
    ['verify', './none', '--ledger', '.', '--pin', `sha256:${'0'.repeat(64)}`, '--json'],
    { cwd },
  );
  expect(JSON.parse(stdout)).toMatchObject({
    error: { code: 'E_INPUT', hint: expect.stringContaining('path') as string },
  });
  for (const code of Object.keys(ERRORS) as (keyof typeof ERRORS)[]) {
    expect(toFailure(new PullthroughError(code, 'x')).hint, code).toMatch(/\w{2} \w/);
  }
  expect(toFailure(new PullthroughError('E_USAGE', 'x'), 'trust propose').hint).toBe(
    'see pullthrough trust propose --help',
  );
  expect(toFailure(new PullthroughError('E_SIZE', 'x', { hint: 'its own' })).hint).toBe('its own');
});

describe('help', () => {
  test('shows the four people and every command', async () => {
    const { code, stdout, stderr } = await runCli(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const heading of ['Executor', 'Reviewer', 'Ledger', 'Consumer']) expect(stdout).toContain(`\n${heading}: `);
    expect((await runCli(['help'])).stdout).toBe(stdout);
  });

  test('its overview and the table name the same commands', () => {
    const shown = OVERVIEW.flatMap(({ rows }) => rows).flatMap(([usage]) => {
      const [first = '', second = ''] = usage.split(/ +/);
      return ['store', 'ledger', 'bundle', 'trust', 'key'].includes(first)
        ? second.split('|').map((word) => `${first} ${word}`)
        : [first];
    });
    expect(new Set(shown)).toEqual(new Set(COMMANDS.map(({ name }) => name)));
  });

  test.each(COMMANDS.map((command) => [command.name, command] as const))('of %s', async (name, { spec }) => {
    const { code, stdout } = await runCli([...name.split(' '), '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: pullthrough ${name}`);
    expect((await runCli(['help', ...name.split(' ')])).stdout).toBe(stdout);
    expect(stdout).toContain('\nExamples:\n');
    for (const option of Object.keys(spec.options)) expect(stdout).toContain(`--${option}`);
  });

  test('fits into 80 columns, of every command', async () => {
    const groups = COMMANDS.flatMap(({ name }) => (name.includes(' ') ? [name.split(' ').slice(0, 1)] : []));
    for (const words of [[], ...groups, ...COMMANDS.map(({ name }) => name.split(' '))]) {
      const { stdout } = await runCli([...words, '--help']);
      const wide = stdout.split('\n').filter((line) => line.length > 80);
      expect(wide, words.join(' ')).toEqual([]);
    }
  });

  test('is what no arguments show', async () => {
    const { code, stdout } = await runCli([]);
    expect(code).toBe(0);
    expect(stdout).toBe((await runCli(['--help'])).stdout);
  });

  test.each([
    ['check', 'did you mean store check, ledger check or bundle check?'],
    ['propose', 'did you mean trust propose?'],
    ['verfy', 'did you mean verify?'],
    ['show', 'did you mean trust show or key show?'],
    ['statuss', 'did you mean ledger status?'],
  ])('of %s: %s', async (word, hint) => {
    const { code, stderr } = await runCli([word]);
    expect(code).toBe(2);
    expect(stderr).toContain(hint);
  });

  test('has one letter for what is typed often', () => {
    expect(parse('get', 'a/b@1', '-o', 'x', '-q').options).toMatchObject({ output: 'x', quiet: true });
    expect(parse('ack', '-y').options).toMatchObject({ yes: true });
  });

  test('each example is a command line that is understood', () => {
    for (const { name, spec } of COMMANDS) {
      expect(spec.examples.length, name).toBeGreaterThan(0);
      for (const [line] of spec.examples) {
        const words = Array.from(line.matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+)/g), ([, a, b, c]) => a ?? b ?? c ?? '');
        const start = words.indexOf('pullthrough');
        if (start < 0) continue;
        const end = words.indexOf('>');
        expect(parse(...words.slice(start + 1, end < 0 ? undefined : end)).name, line).toBe(name);
      }
    }
  });
});

test.each([['--help'], ['mirror', '--help'], ['--version'], ['completion', 'bash']])(
  '%s %s with --json is one document that holds the text',
  async (...argv) => {
    const plain = await runCli(argv);
    const { code, stdout } = await runCli([...argv, '--json']);
    expect(code).toBe(0);
    const { text, script } = JSON.parse(stdout) as { text?: string; script?: string };
    expect(text ?? script).toBe(plain.stdout);
  },
);

test('the version', async () => {
  const { default: manifest } = (await import('../../package.json', { with: { type: 'json' } })) as {
    default: { version: string };
  };
  expect((await runCli(['--version'])).stdout).toBe(`${manifest.version} (node ${process.version})\n`);
  expect((await runCli(['-V'])).stdout).toBe(`${manifest.version}\n`);
});

test('every command is built', async () => {
  const groups = {
    executor: (await import('../../cli/commands/executor.ts')).handlers,
    reviewer: (await import('../../cli/commands/reviewer.ts')).handlers,
    ledger: (await import('../../cli/commands/ledger.ts')).handlers,
    consumer: (await import('../../cli/commands/consumer.ts')).handlers,
  };
  for (const { name, group } of COMMANDS) expect(Object.keys(groups[group]), name).toContain(name);
});
