import { Readable, Writable } from 'node:stream';
import { run } from '../../cli/wiring/run-command.ts';
import type { TestLedger } from './ledger/ledger-maker.ts';
import { NOW, temporaryFolder } from './readers.ts';

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What `--json` printed. */
  readonly json: () => Record<string, unknown>;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly now?: Date;
  readonly signal?: AbortSignal;
}

/** A person's machine: a home of its own, and commands run on it as `pullthrough …` would. */
export class Machine {
  readonly home: string;
  readonly cwd: string;

  private constructor(home: string, cwd: string) {
    this.home = home;
    this.cwd = cwd;
  }

  /** A new one; with a ledger that somebody read there before, but that no command of the person's accepted yet. */
  static async create(read?: TestLedger): Promise<Machine> {
    const machine = new Machine(await temporaryFolder(), await temporaryFolder());
    await read?.seed(`${machine.home}/cache/pullthrough`);
    return machine;
  }

  async run(argv: readonly string[], options: CommandOptions = {}): Promise<Ran> {
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const sink = (chunks: Buffer[]) =>
      new Writable({
        write(chunk: Buffer, _, done) {
          chunks.push(chunk);
          done();
        },
      });
    const env = {
      PATH: process.env['PATH'],
      HOME: this.home,
      XDG_STATE_HOME: `${this.home}/state`,
      XDG_CACHE_HOME: `${this.home}/cache`,
      ...options.env,
    };
    const exit = await run({
      argv,
      env,
      cwd: options.cwd ?? this.cwd,
      stdin: Readable.from([]),
      stdout: sink(out),
      stderr: sink(err),
      now: options.now ?? NOW,
      signal: options.signal ?? new AbortController().signal,
    });
    const stdout = Buffer.concat(out).toString('utf8');
    return {
      exit,
      stdout,
      stderr: Buffer.concat(err).toString('utf8'),
      json: () => JSON.parse(stdout) as Record<string, unknown>,
    };
  }
}
