import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const register = new URL('../fixtures/typescript/register.js', import.meta.url).href;

/** Starts the command in a process of its own. */
export function startCommand(argv: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }): ChildProcess {
  const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
  return spawn(process.execPath, ['--import', register, main, ...argv], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
