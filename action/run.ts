import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { Program } from './command.ts';

export interface Ran {
  readonly code: number;
  /** What it wrote to stdout: one JSON document. */
  readonly stdout: string;
}

/** Runs the program, without a shell; what it writes to stderr, including annotations, goes to the log as it comes. */
export async function runProgram({ node, main }: Program, argv: readonly string[], cwd: string): Promise<Ran> {
  const child = spawn(node, [main, ...argv], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  // A cancelled job signals only the step's own process; the command has temporary files to remove.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  const [stdout, code] = await Promise.all([text(child.stdout), ended]);
  return { code, stdout };
}
