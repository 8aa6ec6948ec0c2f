import { expect } from 'vitest';
import { PullthroughError } from '../ledger-schema/error.ts';
import type { ErrorCode } from '../ledger-schema/error.ts';

function codeOf(error: unknown): string {
  return error instanceof PullthroughError ? error.code : `not a PullthroughError: ${String(error)}`;
}

/** The code that `action` fails with; fails the test when it doesn't fail. */
export async function codeThrown(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    return codeOf(error);
  }
  return 'nothing was thrown';
}

expect.extend({
  /** Checks the code of what a function throws or a promise rejects with, never its prose. */
  async toFailWith(received: unknown, code: ErrorCode) {
    const got = await codeThrown(() => (typeof received === 'function' ? (received as () => unknown)() : received));
    return { pass: got === code, message: () => `expected a failure with ${code}, got ${got}` };
  },
});

declare module 'vitest' {
  interface Matchers {
    toFailWith(code: ErrorCode): Promise<void>;
  }
}
