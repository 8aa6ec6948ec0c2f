import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/** How long processes have to take away what they made, such as locks. */
const GRACE_MS = 500;

/**
 * Ends a process and all that it started. Git's helpers for http and ssh outlive the git that started them where their host
 * sends nothing, and hold its streams open.
 */
export async function endTree(pid: number): Promise<void> {
  const tree = [pid, ...descendants(pid, parents())];
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

/** The same at once, for the end of this process. */
export function endTreeNow(pid: number): void {
  for (const each of [pid, ...descendants(pid, parents())]) signal(each, 'SIGTERM');
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
function parents(): (readonly [pid: number, parent: number])[] {
  const pids = (quietly(() => readdirSync('/proc')) ?? []).filter((name) => /^\d+$/.test(name));
  if (pids.length === 0) return listed();
  return pids.flatMap((pid) => {
    const stat = quietly(() => readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? '';
    // The program's name, in parentheses, may hold anything.
    const parent = /^ \S+ (\d+)/.exec(stat.slice(stat.lastIndexOf(')') + 1))?.[1];
    return parent === undefined ? [] : [[Number(pid), Number(parent)] as const];
  });
}

/** Where there is no /proc, as on macOS. */
function listed(): (readonly [pid: number, parent: number])[] {
  const asked = quietly(() => execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })) ?? '';
  return [...asked.matchAll(/^\s*(\d+)\s+(\d+)\s*$/gm)].map(([, pid, parent]) => [Number(pid), Number(parent)]);
}

/** What has ended meanwhile, or isn't known here, is left out. */
function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
