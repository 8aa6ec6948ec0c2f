import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { fail } from '../ledger-schema/error.ts';

/** The runner takes 1 MiB of outputs per job; a value of more than half of that is left out. */
const MOST_OUTPUT = 512 * 1024;

function append(variable: string, text: string): void {
  const path = process.env[variable];
  if (!path) fail('E_USAGE', `${variable} is not set`, { hint: 'this program is run by GitHub Actions' });
  appendFileSync(path, text);
}

/** Puts a folder at the front of the PATH of later steps. */
export function addPath(folder: string): void {
  append('GITHUB_PATH', `${folder}\n`);
}

/**
 * Sets an output of the step; a value that is too large is left empty, and the result is false. The delimiter can't be
 * guessed, so no value can end itself and set another output.
 */
export function setOutput(name: string, value: string): boolean {
  const fits = Buffer.byteLength(value) <= MOST_OUTPUT;
  const delimiter = `end-${randomBytes(16).toString('hex')}`;
  append('GITHUB_OUTPUT', `${name}<<${delimiter}\n${fits ? value : ''}\n${delimiter}\n`);
  return fits;
}
