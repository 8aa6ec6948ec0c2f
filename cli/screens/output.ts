import type { PullthroughError } from '../../ledger-schema/error.ts';
import type { Finding } from '../../inspect/finding.ts';
import { escapeLines, escapeLog, escapeTerminal } from '../../io/escape.ts';
import type { Progress } from '../../io/progress.ts';
import { openActions } from './actions.ts';
import type { Actions } from './actions.ts';
import { hintOf } from './hints.ts';
import type { Bars } from './progress-bars.ts';
import { startLine } from './progress-lines.ts';
import type { Environment } from '../../io/environment.ts';
import { painter } from './style.ts';
import type { Stream, Tone } from './style.ts';
import { alignedTable, plainTable } from './table.ts';
import type { Table } from './table.ts';

/** The values that a command adds to its JSON document; docs/json.md. */
export type Results = Readonly<Record<string, unknown>>;

/**
 * What a command says, in the form that fits its reader: a person at a terminal, a pipe, `--json`, GitHub Actions. The
 * result goes to stdout, everything else to stderr. Every text is escaped here, so callers hand over what they have.
 */
export interface Output extends Progress {
  /** `--json`: stdout gets one document, made of `results`, and `line` and `table` are not shown. */
  readonly json: boolean;
  /** Is stdout a terminal? */
  readonly terminal: boolean;
  /** The width of stdout where it is a terminal; 80 elsewhere. */
  readonly columns: number;
  /** A line of the result. */
  line(text: string, tone?: Tone): void;
  table(table: Table): void;
  /** Adds to the document that `--json` prints; a later value of the same name replaces the earlier. */
  results(values: Results): void;
  /** One failure among several; the command ends with E_PARTIAL or the worst of them. `about` is the tool or file. */
  problem(error: PullthroughError, about?: string): void;
  /** Annotates a finding in GitHub Actions; elsewhere it stands on a screen of its own. `about` is the release. */
  finding(finding: Finding, about: string): void;
  /** The program's own text, such as help and completion scripts: written to stdout as it is, and not with `--json`. */
  raw(text: string): void;
}

export interface OutputOptions {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: Environment;
  readonly json: boolean;
  readonly quiet: boolean;
  /** The running command, such as `mirror`; the title of groups and summaries. */
  readonly title: string;
  /** Undefined where stderr is not a terminal. */
  readonly bars: Bars | undefined;
}

/** What only main does with an output. */
export interface OutputEnd {
  readonly output: Output;
  /** The results so far. */
  readonly values: Results;
  /** Takes bars away and closes groups, before anything else writes to the terminal. */
  readonly pause: () => void;
  /** The error that ends the command: `error: message [CODE]` and `hint: …`. */
  readonly failure: (error: PullthroughError) => void;
  /** Writes the job summary. */
  readonly end: () => void;
}

const ANNOTATIONS = { stop: 'error', look: 'warning', note: 'notice' } as const;

export function openOutput(options: OutputOptions): OutputEnd {
  const { stdout, stderr, env, json, quiet, bars } = options;
  const actions: Actions | undefined =
    env['GITHUB_ACTIONS'] === 'true' ? openActions(options.title, env, (line) => stderr.write(`${line}\n`)) : undefined;
  const escape = actions === undefined ? escapeTerminal : escapeLog;
  const paintOut = painter(stdout, env);
  const paintErr = painter(stderr, env);
  const values: Record<string, unknown> = {};

  const toStderr = (line: string): void => {
    if (bars === undefined) stderr.write(`${line}\n`);
    else bars.log(line);
  };
  const toStdout = (line: string): void => {
    if (stdout.isTTY === true) bars?.pause();
    actions?.endGroup();
    stdout.write(`${line}\n`);
  };
  const say = (kind: 'error' | 'warning' | 'hint', text: string, tone: Tone, code?: string): void => {
    const [first, ...more] = escapeLines(text, escape);
    toStderr(`${paintErr(`${kind}:`, tone)} ${first}${code === undefined ? '' : ` [${code}]`}`);
    for (const line of more) toStderr(line);
  };

  const showError = (error: PullthroughError, about?: string): void => {
    const message = `${about === undefined ? '' : `${about}: `}${error.message}`;
    const hint = hintOf(error);
    if (actions !== undefined) {
      // Before what others said, so that none of their lines stands in its place.
      const [first = '', ...more] = message.split('\n');
      actions.annotate('error', [`${first} [${error.code}] hint: ${hint}`, ...more].join('\n'), error.code);
      return;
    }
    say('error', message, 'bad', error.code);
    say('hint', hint, 'faint');
  };
  const note = (message: string): void => {
    if (quiet) return;
    actions?.beginGroup();
    for (const line of escapeLines(message, escape)) toStderr(line);
  };

  const output: Output = {
    json,
    terminal: stdout.isTTY === true,
    columns: stdout.columns ?? 80,
    line(text, tone) {
      if (!json) toStdout(paintOut(escape(text), tone));
    },
    table(table) {
      actions?.table(table);
      if (json || table.rows.length === 0) return;
      const lines =
        stdout.isTTY === true
          ? alignedTable(table, escape, paintOut, stdout.columns)
          : plainTable(table, escape, paintOut);
      for (const line of lines) toStdout(line);
    },
    results(more) {
      Object.assign(values, more);
    },
    problem: showError,
    finding({ level, name, message }, about) {
      actions?.annotate(ANNOTATIONS[level], `${about}: ${message} [${name}]`, name);
    },
    raw(text) {
      if (!json) stdout.write(text);
    },
    start(label, total) {
      if (quiet) return { advance: () => undefined, done: () => undefined };
      return bars === undefined ? startLine(label, total, note) : bars.start(escape(label), total);
    },
    note,
    warn(message) {
      if (actions === undefined) say('warning', message, 'warning');
      else actions.annotate('warning', message, 'pullthrough');
    },
  };
  return {
    output,
    values,
    pause() {
      bars?.pause();
      actions?.endGroup();
    },
    failure(error) {
      actions?.failed(error);
      showError(error);
    },
    end() {
      bars?.pause();
      actions?.end();
    },
  };
}
