import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { promisify } from 'node:util';

/** How long processes have to take away what they made, such as locks. */
const GRACE_MS = 500;

/**
 * Ends a process and all that it started. Git's helpers for http and ssh outlive the git that started them where their host
 * sends nothing, and hold its streams open.
 */
export async function endTree(pid: number): Promise<void> {
  const tree = [pid, ...descendants(pid, await parents())];
  for (const each of tree) signal(each, 'SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, GRACE_MS));
  for (const each of tree) signal(each, 'SIGKILL');
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

/** The same at once, for the end of this process; where there is no /proc, only the process itself. */
export function endTreeNow(pid: number): void {
  let found: (readonly [number, number])[] = [];
  try {
    found = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) =>
        entryOf(
          name,
          quietly(() => readFileSync(`/proc/${name}/stat`, 'latin1')),
        ),
      );
  } catch {
    // No /proc.
  }
  for (const each of [pid, ...descendants(pid, found)]) signal(each, 'SIGTERM');
}

function quietly(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

function descendants(root: number, all: readonly (readonly [pid: number, parent: number])[]): number[] {
  const children = new Map<number, number[]>();
  for (const [pid, parent] of all) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const found: number[] = [];
  for (
    let level = children.get(root) ?? [];
    level.length > 0;
    level = level.flatMap((pid) => children.get(pid) ?? [])
  ) {
    found.push(...level);
  }
  return found;
}

/** Every process with its parent, as far as this machine tells. */
async function parents(): Promise<(readonly [pid: number, parent: number])[]> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name));
  if (pids.length === 0) return listed();
  const found = await Promise.all(
    pids.map(async (pid) => entryOf(pid, await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''))),
  );
  return found.flat();
}

function entryOf(pid: string, stat: string): (readonly [pid: number, parent: number])[] {
  // The program's name, in parentheses, may hold anything.
  const parent = /^ \S+ (\d+)/.exec(stat.slice(stat.lastIndexOf(')') + 1))?.[1];
  return parent === undefined ? [] : [[Number(pid), Number(parent)]];
}

/** Where there is no /proc, as on macOS. */
async function listed(): Promise<(readonly [pid: number, parent: number])[]> {
  const asked = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']).catch(() => ({ stdout: '' }));
  return [...asked.stdout.matchAll(/^\s*(\d+)\s+(\d+)\s*$/gm)].map(([, pid, parent]) => [Number(pid), Number(parent)]);
}
