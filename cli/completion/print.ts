import { NAMED } from '../spec/spec.ts';
import { namesFor } from './answer.ts';

/** Prints what a shell's completion asks for with `KIND LINE`, one name per line. It never fails, and says nothing else. */
export async function printNames([kind, line = '']: readonly string[]): Promise<void> {
  process.stdout.on('error', () => (process.exitCode = 0));
  const named = NAMED.find((known) => known === kind);
  if (named === undefined) return;
  const names = await namesFor({ kind: named, line, cwd: process.cwd(), env: process.env });
  process.stdout.write(names.map((name) => `${name}\n`).join(''));
}
