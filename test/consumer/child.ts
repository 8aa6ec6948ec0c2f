import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryFolder } from './readers.ts';

const register = new URL('../fixtures/typescript/register.js', import.meta.url).href;

/** A module of this project, for an import in a script. */
export function moduleUrl(path: string): string {
  return JSON.stringify(new URL(`../../${path}`, import.meta.url).href);
}

/** Runs a script in a process of its own, and gives its stdout; rejects when it fails. */
export async function runScript(source: string): Promise<string> {
  const script = join(await temporaryFolder(), 'script.ts');
  await writeFile(script, source);
  return (await promisify(execFile)(process.execPath, ['--import', register, script])).stdout;
}

/** Starts the command in a process of its own. */
export function startCommand(argv: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }): ChildProcess {
  const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
  return spawn(process.execPath, ['--import', register, main, ...argv], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
