import { PullthroughError } from '../../ledger-schema/error.ts';
import { brief } from '../../ledger-schema/bytes.ts';
import { isSystemError, systemError } from '../../io/io-error.ts';
import { hintOf } from './hints.ts';
import type { Environment } from '../../io/environment.ts';

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return brief(message.split('\n')[0] ?? '');
}

/**
 * Any exception as the error that ends a command: one of ours as it is, a failed system call as E_IO, the rest as a
 * defect. It always says what to do. `command`: its name, where one was given.
 */
export function toFailure(error: unknown, command?: string): PullthroughError {
  const failure = toError(error);
  if (failure.hint !== undefined) return failure;
  // The same code can end a command in two ways.
  const exit = failure.exit === 1 || failure.exit === 3 ? failure.exit : undefined;
  return new PullthroughError(failure.code, failure.message, { hint: hintOf(failure, command), cause: failure, exit });
}

function toError(error: unknown): PullthroughError {
  if (error instanceof PullthroughError) return error;
  if (isSystemError(error)) return systemError(error);
  return new PullthroughError('E_INTERNAL', `something unexpected happened: ${firstLine(error)}`, {
    hint: 'this is a defect: run it again with PULLTHROUGH_DEBUG=1, and report what it prints',
    cause: error,
  });
}

/** The stacks of an error and its causes, with PULLTHROUGH_DEBUG alone. Not their other properties: those hold headers. */
export function debugLines(error: unknown, env: Environment): string[] {
  if (!env['PULLTHROUGH_DEBUG']) return [];
  const lines: string[] = [];
  let current: unknown = error;
  for (let depth = 0; current instanceof Error && depth < 8; depth++) {
    lines.push(...(current.stack ?? String(current)).split('\n'));
    current = current.cause;
  }
  return lines;
}
