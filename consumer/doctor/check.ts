import { inOneLine } from '../../io/escape.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';

/** `skip`: it was not looked at, and the line says why. */
export type CheckState = 'ok' | 'warn' | 'fail' | 'skip';

/** One thing that was looked at. */
export interface Check {
  /** `clock`, `GITHUB_TOKEN`. */
  readonly name: string;
  readonly state: CheckState;
  /** What was found; no secret is ever in it. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string | undefined;
}

export const ok = (name: string, message: string): Check => ({ name, state: 'ok', message });
export const skip = (name: string, message: string): Check => ({ name, state: 'skip', message });
export const warn = (name: string, message: string, hint: string): Check => ({ name, state: 'warn', message, hint });
export const bad = (name: string, message: string, hint: string): Check => ({ name, state: 'fail', message, hint });

/** Runs one check. What it throws becomes a line as well; a bug in this program is rethrown. */
export async function look(
  name: string,
  action: () => Check | Promise<Check>,
  state: 'fail' | 'warn' = 'fail',
): Promise<Check> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.code === 'E_INTERRUPTED') throw error;
    return { name, state, message: `${inOneLine(error.message)} [${error.code}]`, hint: error.hint };
  }
}
