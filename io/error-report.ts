import { PullthroughError } from '../ledger-schema/error.ts';
import type { ErrorCode } from '../ledger-schema/error.ts';
import { ioError, isSystemError } from './io-error.ts';

/** An error as it is shown and as `--json` has it. */
export interface ErrorReport {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

/** Any failure as a report; a failed system call is `E_IO`, and anything else that isn't an error of ours `E_INTERNAL`. */
export function reportError(error: unknown): ErrorReport {
  if (isSystemError(error)) {
    return reportError(ioError(error, `a file here failed${error.path === undefined ? '' : `, ${error.path}`}`));
  }
  if (!(error instanceof PullthroughError)) {
    return { code: 'E_INTERNAL', message: error instanceof Error ? error.message : String(error) };
  }
  const { code, message, hint } = error;
  return hint === undefined ? { code, message } : { code, message, hint };
}
