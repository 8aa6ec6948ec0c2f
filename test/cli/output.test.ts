import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { debugLines, toFailure } from '../../cli/screens/failure.ts';
import { openOutput } from '../../cli/screens/output.ts';
import type { OutputOptions } from '../../cli/screens/output.ts';
import { barLine, openBars } from '../../cli/screens/progress-bars.ts';
import { startLine } from '../../cli/screens/progress-lines.ts';
import { wantsColour } from '../../cli/screens/style.ts';
import { alignedTable, columnsOf } from '../../cli/screens/table.ts';
import { bytesText, timeText } from '../../cli/screens/units.ts';
import { Written, runCli } from '../kit/worlds/cli-world.ts';

function opened(options: Partial<OutputOptions> = {}, columns?: number) {
  const stdout = new Written(columns);
  const stderr = new Written(columns);
  const world = { stdout, stderr, env: {}, json: false, quiet: false, title: 'mirror', bars: undefined };
  return { stdout, stderr, ...openOutput({ ...world, ...options }) };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
const table = { title: 'Releases', head: ['tool', 'files'], rows: [['a/b', 3] as const, ['größer/日本', 12] as const] };

describe('a pipe', () => {
  test('gets the result on stdout and everything else on stderr, escaped', async () => {
    const { output, failure, stdout, stderr } = opened();
    output.line('jq\u001b[2J\nx');
    output.table(table);
    output.note('looking at \u202eexe');
    output.warn('careful');
    failure(new PullthroughError('E_SIZE', 'too\u009blong', { hint: 'look' }));
    await settle();
    expect(stdout.text).toBe('jq\\u{1b}[2J\\u{a}x\na/b  3\ngrößer/日本  12\n');
    expect(stderr.text).toBe('looking at \\u{202e}exe\nwarning: careful\nerror: too\\u{9b}long [E_SIZE]\nhint: look\n');
  });

  test('gets what GitHub or git said in several lines as lines, none of which looks like one of ours', async () => {
    const { output, failure, stderr } = opened();
    const message =
      'the push was refused: remote: first\nhint: run this\n\u001b[2Jerror: forged [E_X]\r\n\n  ::error::x';
    output.warn(message);
    failure(new PullthroughError('E_GIT', message, { hint: 'look' }));
    await settle();
    const said = '  hint: run this\n  \\u{1b}[2Jerror: forged [E_X]\\u{d}\n  ::error::x\n';
    const first = 'the push was refused: remote: first';
    expect(stderr.text).toBe(`warning: ${first}\n${said}error: ${first} [E_GIT]\n${said}hint: look\n`);
  });

  test('--quiet leaves results, warnings and errors', async () => {
    const { output, failure, stdout, stderr } = opened({ quiet: true });
    output.line('result');
    output.note('note');
    output.start('file', 10).done();
    output.warn('careful');
    failure(new PullthroughError('E_SIZE', 'too long', { hint: 'look' }));
    await settle();
    expect(stdout.text).toBe('result\n');
    expect(stderr.text).toBe('warning: careful\nerror: too long [E_SIZE]\nhint: look\n');
  });

  test('one failure among several says what to do, also where its error brings no hint', async () => {
    const { output, stderr } = opened();
    output.problem(new PullthroughError('E_WITHDRAWN', 'it was withdrawn'), 'jqlang/jq');
    await settle();
    expect(stderr.text).toBe('error: jqlang/jq: it was withdrawn [E_WITHDRAWN]\nhint: choose another release\n');
  });

  test('a finished file is one line, a long one tells every 30 s', () => {
    const lines: string[] = [];
    let now = 0;
    const task = startLine(
      'jq',
      100 * 1024,
      (line) => lines.push(line),
      () => now,
    );
    for (let i = 0; i < 5; i++) {
      now += 20_000;
      task.advance(20 * 1024);
    }
    task.done();
    expect(lines).toEqual([
      'jq: 40.0 KiB of 100.0 KiB, 1.0 KiB/s, 1:00 left',
      'jq: 80.0 KiB of 100.0 KiB, 1.0 KiB/s, 0:20 left',
      'jq: 100.0 KiB in 1:40',
    ]);
  });

  test('a transfer that ends early, or was not needed, says nothing of its own', () => {
    const lines: string[] = [];
    for (const bytes of [0, 99]) {
      const task = startLine('jq', 100, (line) => lines.push(line));
      task.advance(bytes);
      task.done();
    }
    expect(lines).toEqual([]);
  });
});

describe('a terminal', () => {
  test('gets an aligned table under a heading, wide characters counted', async () => {
    const { output, stdout } = opened({ env: { NO_COLOR: '1' } }, 100);
    output.table(table);
    await settle();
    const lines = stdout.text.trimEnd().split('\n');
    expect(lines).toEqual(['tool         files', 'a/b              3', 'größer/日本     12']);
    expect(new Set(lines.map(columnsOf))).toEqual(new Set([18]));
  });

  test('gets colour only where nothing speaks against it', () => {
    const cases: [boolean, Record<string, string>, boolean][] = [
      [true, {}, true],
      [false, {}, false],
      [true, { NO_COLOR: '1' }, false],
      [true, { NO_COLOR: '' }, true],
      [true, { TERM: 'dumb' }, false],
      [false, { FORCE_COLOR: '1' }, true],
      [true, { FORCE_COLOR: '0' }, false],
      [true, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
    ];
    for (const [terminal, env, colour] of cases) {
      expect(wantsColour(new Written(terminal ? 80 : undefined), env), JSON.stringify(env)).toBe(colour);
    }
  });

  test('colour that is forced is in the tables of a pipe, too', async () => {
    const { output, stdout } = opened({ env: { FORCE_COLOR: '1' } });
    output.table({ title: 'T', head: ['tag', 'state'], rows: [['v1', { text: 'withdrawn', tone: 'bad' }]] });
    await settle();
    expect(stdout.text).toBe('v1  \u001b[31mwithdrawn\u001b[39m\n');
  });

  test('colour surrounds what was escaped', async () => {
    const { output, stdout } = opened({ env: {} }, 100);
    output.line('a\u001b[31mb', 'good');
    await settle();
    expect(stdout.text).toBe('\u001b[32ma\\u{1b}[31mb\u001b[39m\n');
  });

  test('a bar shows bytes, rate and time left, and fits', () => {
    const line = barLine('jq-linux-amd64', { value: 1024 ** 2, total: 4 * 1024 ** 2, elapsed: 1000 }, 100);
    expect(line).toContain('[=====               ]');
    expect(line).toContain('1.0 MiB / 4.0 MiB');
    expect(line).toContain('1.0 MiB/s');
    expect(line).toContain('0:03 left');
    for (const width of [80, 100, 200]) {
      const long = barLine('名'.repeat(100), { value: 0, total: 1024 ** 5, elapsed: 0 }, width);
      expect(columnsOf(long)).toBeLessThanOrEqual(width);
    }
    const twin = barLine(`${'long-'.repeat(20)}linux-arm64.tar.gz`, { value: 0, total: 9, elapsed: 0 }, 80);
    expect(twin).toMatch(/^….*tar\.gz /);
    expect(barLine('x', { value: 0, total: 0, elapsed: 0 }, 80)).toContain('[====================]');
  });

  test('bars come and go, notes stand above them, and the cursor comes back', async () => {
    const stderr = new Written(100);
    const bars = openBars(stderr);
    const { output, pause } = opened({ stderr, bars, env: { NO_COLOR: '1' } }, 100);
    const task = output.start('a\u001bb', 10);
    await new Promise((resolve) => setTimeout(resolve, 150));
    task.advance(5);
    output.note('a note');
    await new Promise((resolve) => setTimeout(resolve, 150));
    task.done();
    pause();
    output.note('behind');
    await settle();
    expect(stderr.text).toContain('a\\u{1b}b');
    expect(stderr.text).toContain('a note\n');
    expect(stderr.text).toMatch(/\u001b\[\?25h[^]*behind\n$/);
    expect(stderr.text.split('\u001b[?25l').length).toBe(2);
  });
});

describe('GitHub Actions', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pullthrough-output-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('gets a group, annotations and a job summary, and no command from outside', async () => {
    const path = join(folder, 'summary.md');
    const actions = opened({ env: { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: path } });
    actions.output.note('::error::not one');
    actions.output.line('::set-env name=X::y ##[add-mask]z');
    actions.output.table({ title: 'Releases', head: ['tool', 'tag'], rows: [['@team `x` | <b>\n::error::', '']] });
    actions.output.problem(new PullthroughError('E_SIZE', 'too\nlong 100%', { hint: 'look' }), 'a/b');
    actions.failure(new PullthroughError('E_PARTIAL', 'one of two failed', { hint: 'see above' }));
    actions.end();
    await settle();
    expect(actions.stderr.text).toBe(
      '::group::pullthrough mirror\n\\u{3a}:error\\u{3a}:not one\n::endgroup::\n' +
        '::error title=E_SIZE::a/b: too [E_SIZE] hint: look%0A  long 100%25\n' +
        '::error title=E_PARTIAL::one of two failed [E_PARTIAL] hint: see above\n',
    );
    expect(actions.stdout.text).not.toMatch(/^\s*::|##\[/m);
    expect(await readFile(path, 'utf8')).toBe(
      '### pullthrough mirror\n\n#### `Releases`\n\n| tool | tag |\n| --- | --- |\n' +
        '| ``@team `x` \\u{7c} <b>\\u{a}::error::`` |  |\n\n' +
        '**error:** `a/b: too [E_SIZE] hint: look; long 100%`\n\n' +
        '**error:** `one of two failed [E_PARTIAL] hint: see above`\n\n',
    );
  });

  test('a summary that cannot be written stops nothing; a huge one is cut', async () => {
    const lost = opened({ env: { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(folder, 'no', 'where') } });
    lost.output.table(table);
    lost.end();
    await settle();
    expect(lost.stderr.text).toContain('::warning');

    const path = join(folder, 'large.md');
    const large = opened({ env: { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: path } });
    large.output.table({ title: 'T', head: ['x'], rows: Array.from({ length: 1000 }, () => ['y'.repeat(1000)]) });
    large.end();
    expect((await readFile(path)).length).toBeLessThan(1024 * 1024);
    expect(await readFile(path, 'utf8')).toContain('does not fit');
  });
});

describe('failures', () => {
  test('any exception is one line with a code; its stack only with PULLTHROUGH_DEBUG', () => {
    const defect = toFailure(new TypeError('x is not a function\nat secret'));
    expect(defect).toMatchObject({ code: 'E_INTERNAL', exit: 1 });
    expect(defect.message).not.toContain('\n');
    expect(toFailure('text').code).toBe('E_INTERNAL');
    const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', syscall: 'write', errno: -28 });
    expect(toFailure(full)).toMatchObject({ code: 'E_IO', message: 'cannot write: no space is left' });
    const refused = { code: 'EACCES', syscall: 'mkdir', errno: -13, path: '/srv/x' };
    expect(toFailure(Object.assign(new Error("EACCES: permission denied, mkdir '/srv/x'"), refused))).toMatchObject({
      message: 'cannot make the folder /srv/x: permission is denied',
      hint: 'give this user access to it, or choose another place',
    });
    const odd = Object.assign(new Error('ESRCH: no such process\nx'), { code: 'ESRCH', syscall: 'kill', errno: -3 });
    expect(toFailure(odd)).toMatchObject({ code: 'E_IO', message: 'ESRCH: no such process' });
    const ours = new PullthroughError('E_SIZE', 'x', { hint: 'look', cause: defect });
    expect(toFailure(ours)).toBe(ours);
    // With a hint or without one, the exit code is that of the failure itself.
    for (const exit of [1, 3] as const) {
      const damaged = toFailure(new PullthroughError('E_BUNDLE', 'a file is missing', { exit }));
      expect([damaged.exit, damaged.hint]).toEqual([exit, expect.any(String)]);
    }
    expect(debugLines(ours, {})).toEqual([]);
    expect(debugLines(ours, { PULLTHROUGH_DEBUG: '1' }).join('\n')).toContain('TypeError: x is not a function');
  });

  test('--json prints one document on stdout, whatever happens', async () => {
    const ran = await runCli(['key', 'show', './gone', '--json'], { cwd: tmpdir() });
    expect(ran.code).toBe(2);
    const document = JSON.parse(ran.stdout) as { error: Record<string, unknown> };
    expect(Object.keys(document.error)).toEqual(['code', 'message', 'hint']);
    expect(ran.stderr).toContain(`[${String(document.error['code'])}]`);
  });

  test('an interrupted command ends with E_INTERRUPTED', async () => {
    const reason = new PullthroughError('E_INTERRUPTED', 'interrupted by SIGINT');
    const ran = await runCli(['key', 'show', './gone', '--json'], { cwd: tmpdir(), signal: AbortSignal.abort(reason) });
    expect(JSON.parse(ran.stdout)).toMatchObject({ error: { code: 'E_INTERRUPTED' } });
  });
});

test('sizes and times for people', () => {
  const sizes = [0, 1, 1023, 1024, 1024 * 1023.96, 1536 * 1024, 5 * 1024 ** 4, 2 ** 53 - 1];
  expect(sizes.map(bytesText)).toEqual(['0 B', '1 B', '1023 B', '1.0 KiB', '1.0 MiB', '1.5 MiB', '5.0 TiB', '8.0 PiB']);
  expect([0, 7.4, 59.6, 754, 11_045].map(timeText)).toEqual(['0:00', '0:07', '1:00', '12:34', '3:04:05']);
});

test('names are cut in front where a terminal is too narrow, and nowhere else', () => {
  const branch = `pullthrough/github.com/some-owner/${'long-'.repeat(10)}name/v1.2.3`;
  const open = {
    title: 'what is open',
    head: ['since', 'what', 'where', 'needs'],
    names: [1, 2],
    rows: [['3 days', 'some-owner/tool v1.2.3', branch, 'one more ack needed, from ada']],
  };
  const plain = (text: string): string => text;
  const lines = alignedTable(open, plain, plain, 80);
  for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(80);
  expect(lines[1]).toMatch(/ {2}…\S*name\/v1\.2\.3 {2}one more ack needed, from ada$/);
  expect(lines[1]).toContain('some-owner/tool v1.2.3');
  expect(alignedTable(open, plain, plain, 200)[1]).toContain(branch);
  expect(alignedTable(open, plain, plain)[1]).toContain(branch);
});
