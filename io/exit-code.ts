import { ERRORS } from '../ledger-schema/error.ts';
import type { ErrorReport } from './error-report.ts';

/**
 * The exit code of a run over many tools; cli.md, "Output": 3 beats 4, and 4 means 1 for some while others worked. Once
 * requests have been made there is no 2: what would be one on its own is a failure like any other. Pure.
 */
export function foldExit(results: readonly { readonly error?: ErrorReport | undefined }[]): 0 | 1 | 3 | 4 {
  const failures = results.flatMap(({ error }) => (error === undefined ? [] : [error]));
  if (failures.length === 0) return 0;
  if (failures.some(({ code }) => ERRORS[code][0] === 3)) return 3;
  return failures.length < results.length ? 4 : 1;
}
