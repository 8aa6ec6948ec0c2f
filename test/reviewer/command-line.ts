import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeAll, beforeEach } from 'vitest';
import { run } from '../../cli/wiring/run-command.ts';
import type { MergeResult } from '../../owner/merge-all.ts';
import type { ReviewReport } from '../../reviewer/report.ts';
import { Written } from '../kit/worlds/cli-world.ts';
import type { Person } from '../kit/ledger/people.ts';
import { World, TOKEN, LEDGER } from './world.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `--json` prints. */
export interface Document {
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
  readonly reviews: readonly ReviewReport[];
  readonly acks: readonly { readonly action: string; readonly branch: string; readonly missing: number }[];
  readonly refused: readonly unknown[];
  readonly strangers: readonly unknown[];
  readonly changes: readonly MergeResult[];
}

export let world: World;

/** Starts the world that the commands work in; its caller ends it. */
export async function startWorld(options: Parameters<typeof World.start>[0]): Promise<World> {
  return (world = await World.start(options));
}

/** One world on plain git for all tests of a group; each begins with a new tool and a plain configuration. */
export function usePlainGit(): void {
  beforeAll(async () => {
    await startWorld({ transport: 'file' });
    return () => world[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    world.restart();
    world.upstream.faults.clear();
    configure();
  });
}

/** Runs a command line; with `answers` at a terminal. */
export async function pullthrough(
  argv: readonly string[],
  answers?: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const columns = answers === undefined ? undefined : 100;
  const [stdout, stderr] = [new Written(columns), new Written(columns)];
  const stdin = Object.assign(new PassThrough(), { isTTY: answers !== undefined });
  const left = [...(answers ?? [])];
  stderr.on('data', (chunk: Buffer) => {
    if (chunk.toString().includes('[y/N]')) stdin.write(`${left.shift() ?? ''}\n`);
  });
  const env = {
    PATH: process.env.PATH,
    XDG_CACHE_HOME: join(world.folder, 'xdg'),
    XDG_STATE_HOME: join(world.folder, 'state'),
    LEDGER_TOKEN: TOKEN,
    NO_COLOR: '1',
    ...more,
  };
  const signal = new AbortController().signal;
  const code = await run({ argv, env, cwd: world.folder, stdin, stdout, stderr, now: new Date(), signal });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

export async function json(argv: readonly string[]): Promise<Document & { readonly code: number }> {
  const { code, stdout } = await pullthrough([...argv, '--json']);
  return { code, ...(JSON.parse(stdout) as Document) };
}

export function keyOf(who: Person): string {
  const path = join(world.folder, `${who.name}.key`);
  writeFileSync(path, who.key.armor());
  return path;
}

export function configure(more = ''): void {
  const repository = world.transport === 'github' ? LEDGER : world.git.directory;
  const { api } = world.upstream;
  const ini = `[ledger]\nrepository = ${repository}\napi = ${api}\n${more}\n[source]\napi = ${api}\nhost = github.com\n[store]\nurl = file:./store\n`;
  writeFileSync(join(world.folder, 'mirror.ini'), ini);
}
