import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A script for `node --require`: it counts what the process does to the world, each call that changes a file or folder and
 * each program that it starts, and ends the process by SIGKILL. KILL_AT: the number of the step before which it does; it
 * is written to KILL_STEPS how many there were. KILL_AFTER: not before a program is started but just after, so that it
 * goes on alone.
 */
const PRELOAD = `
const fs = require('node:fs');
const { ChildProcess } = require('node:child_process');
const { appendFileSync } = fs;
const at = Number(process.env.KILL_AT ?? NaN);
let step = 0;
function die() {
  process.kill(process.pid, 'SIGKILL');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
function count(what) {
  step += 1;
  if (process.env.KILL_STEPS) appendFileSync(process.env.KILL_STEPS, what + '\\n');
  if (step === at && !process.env.KILL_AFTER) die();
}
const writes = (flags) => typeof flags === 'number' ? (flags & 3) !== 0 : /[wa+]/.test(String(flags ?? 'r'));
let patched = false;
function patchHandle(handle) {
  if (patched) return;
  patched = true;
  const prototype = Object.getPrototypeOf(handle);
  for (const name of ['write', 'writev', 'writeFile', 'sync', 'datasync', 'truncate', 'chmod']) {
    const real = prototype[name];
    prototype[name] = function (...args) { count('handle.' + name); return real.apply(this, args); };
  }
}
const { promises } = fs;
const open = promises.open;
promises.open = async function (path, flags, ...rest) {
  if (writes(flags)) count('open ' + flags);
  const handle = await open.call(this, path, flags, ...rest);
  patchHandle(handle);
  return handle;
};
for (const name of ['mkdir', 'rename', 'link', 'rm', 'rmdir', 'unlink', 'symlink', 'writeFile', 'copyFile', 'chmod']) {
  const real = promises[name];
  promises[name] = function (...args) { count(name); return real.apply(this, args); };
}
const spawn = ChildProcess.prototype.spawn;
ChildProcess.prototype.spawn = function (options) {
  count([options.file, ...(options.args ?? []).slice(1)].join(' '));
  const result = spawn.call(this, options);
  if (step === at) die();
  return result;
};
require('node:module').syncBuiltinESMExports();
`;

/** Writes the script into a folder, and gives its path. */
export async function killPreload(folder: string): Promise<string> {
  const file = join(folder, 'kill.cjs');
  await writeFile(file, PRELOAD);
  return file;
}
