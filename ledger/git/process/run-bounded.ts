import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { bytesText } from '../../../io/size-text.ts';
import { ioError, systemCode } from '../../../io/io-error.ts';
import { endTree, endTreeNow } from './end-tree.ts';
import type { FetchLimits } from './fetch-limits.ts';
import { notInstalled } from './git.ts';
import type { GitCall, GitResult } from './git.ts';
import { GitLimits, STDERR_BYTES, STDOUT_BYTES } from './git-limits.ts';
import { memoryOf } from './process-memory.ts';
import { removeUnfinished, unfinishedBytes } from './unfinished.ts';

/** What git takes for a list of branches without an end; one of 100,000 takes a twentieth of it. */
const MEMORY_BYTES = 512 * 1024 * 1024;

/**
 * Runs a git that talks to a host, which may say, send or wait without an end: it is stopped by the clock, by its silence, by
 * what it says, by what it brings and by the memory that it takes. Then its helpers are ended with it, nobody waits for
 * them, and what it had not finished is removed. `gitDir`: the folder that `objects/` is in. Throws `E_GIT` where there is no git.
 */
export async function runBounded(
  call: GitCall,
  gitDir: string,
  { bytes, ms }: Required<FetchLimits>,
): Promise<GitResult> {
  const started = Date.now();
  const child = spawn('git', call.args, { cwd: call.directory, env: { ...call.env }, windowsHide: true });
  const over = new AbortController();
  // Where this process ends first, nobody is left to stop it.
  const leave = (): void => (child.pid === undefined ? undefined : endTreeNow(child.pid));
  process.once('exit', leave);
  const grown = async (): Promise<string | undefined> => {
    if ((await unfinishedBytes(gitDir)) > bytes) return `it sent more than ${bytesText(bytes)}`;
    const memory = child.pid === undefined ? undefined : await memoryOf(child.pid);
    return (memory ?? 0) > MEMORY_BYTES ? `it took more than ${bytesText(MEMORY_BYTES)} of memory` : undefined;
  };
  const limits = new GitLimits(() => over.abort(), { wallMs: ms, grown });
  try {
    const result = await outcome(child, call, limits, over.signal);
    return limits.stopped === undefined ? result : { ...result, exitCode: -1, stdout: '', stopped: limits.stopped };
  } finally {
    process.off('exit', leave);
    limits.clear();
    if (limits.stopped !== undefined) await removeUnfinished(gitDir, started, 'since');
  }
}

/** What git said by its end, or by the end of what started with it. */
async function outcome(
  child: ChildProcessWithoutNullStreams,
  { input }: GitCall,
  limits: GitLimits,
  over: AbortSignal,
): Promise<GitResult> {
  const said = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  for (const [name, most] of [
    ['stdout', STDOUT_BYTES],
    ['stderr', STDERR_BYTES],
  ] as const) {
    child[name].on('data', (chunk: Buffer) => said[name].push(chunk));
    limits.listen(child[name], most);
  }
  // It may end without reading.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? '');
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => (systemCode(error) === 'ENOENT' ? reject(error) : reject(ioError(error, 'git'))));
    child.once('close', resolve);
    over.addEventListener('abort', () => {
      const ending = child.pid === undefined ? Promise.resolve() : endTree(child.pid);
      void ending.then(() => {
        for (const stream of [child.stdout, child.stderr]) stream.destroy();
        resolve(null);
      });
    });
  }).catch((error: unknown) => (systemCode(error) === 'ENOENT' ? notInstalled() : Promise.reject(error as Error)));
  const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('utf8');
  return { exitCode: code ?? -1, stdout: text(said.stdout), stderr: text(said.stderr) };
}
