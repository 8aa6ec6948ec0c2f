import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** The bytes of memory that a process has taken; undefined where that can't be told, as once it has ended. */
export async function memoryOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => undefined);
  // What it has written, and not the files that it looks into.
  const own = /^RssAnon:\s+(\d+) kB$/m.exec(status ?? '')?.[1];
  if (own !== undefined) return Number(own) * 1024;
  if (status !== undefined || process.platform === 'linux' || process.platform === 'win32') return undefined;
  const asked = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]).catch(() => undefined);
  const all = /^\s*(\d+)\s*$/.exec(asked?.stdout ?? '')?.[1];
  return all === undefined ? undefined : Number(all) * 1024;
}
