import { PassThrough } from 'node:stream';
import { run } from '../../../cli/wiring/run-command.ts';
import type { Environment } from '../../../io/environment.ts';

/** A stream that keeps what is written; a terminal where columns are given. */
export class Written extends PassThrough {
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  readonly rows = 40;
  #text = '';

  constructor(columns?: number) {
    super();
    this.isTTY = columns !== undefined;
    this.columns = columns;
    this.on('data', (chunk: Buffer) => (this.#text += chunk.toString()));
  }

  get text(): string {
    return this.#text;
  }
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunWorld {
  readonly env?: Environment;
  readonly cwd?: string;
  readonly columns?: number;
  readonly now?: Date;
  readonly signal?: AbortSignal;
  /** What a person types at a terminal, each text when a question is asked; needs columns. */
  readonly types?: readonly string[];
}

/** A terminal where a person answers each question, which is what stderr shows. */
function keyboard(stderr: Written, types: readonly string[]) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const left = [...types];
  stderr.on('data', (chunk: Buffer) => {
    const text = /[:\]?] ?$|: \u001b\[\d+G$/.test(chunk.toString()) ? left.shift() : undefined;
    if (text !== undefined) setImmediate(() => stdin.write(text));
  });
  return stdin;
}

/** Runs a command line in this process, as main would. */
export async function runCli(argv: readonly string[], world: RunWorld = {}): Promise<Ran> {
  const stdout = new Written(world.columns);
  const stderr = new Written(world.columns);
  const code = await run({
    argv,
    env: world.env ?? {},
    cwd: world.cwd ?? '/nonexistent',
    stdin: world.types === undefined ? new PassThrough() : keyboard(stderr, world.types),
    stdout,
    stderr,
    now: world.now ?? new Date('2026-01-02T03:04:05Z'),
    signal: world.signal ?? new AbortController().signal,
  });
  await new Promise((resolve) => setImmediate(resolve));
  return { code, stdout: stdout.text, stderr: stderr.text };
}
