import { openSync, unlinkSync, writeSync } from 'node:fs';
import { systemCode } from '../../../io/io-error.ts';

/** Opens a file that isn't there yet; undefined where something is, a link too. */
export function tryOpenNew(path: string): number | undefined {
  try {
    return openSync(path, 'wx', 0o644);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    return undefined;
  }
}

/** Opens a new file: what a run that was killed left there, or a link, goes. */
export function openNew(path: string): number {
  const handle = tryOpenNew(path);
  if (handle !== undefined) return handle;
  unlinkSync(path);
  return openSync(path, 'wx', 0o644);
}

export function writeAll(handle: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at);
}
