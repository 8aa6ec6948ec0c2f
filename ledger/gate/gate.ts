import { fail } from '../../ledger-schema/error.ts';
import { checkChange } from './gate-change.ts';
import { checkEverything } from './gate-everything.ts';
import type { GateOptions, GateReport, GateRepository } from './gate-report.ts';

export type { GateOptions, GateReport, GateRepository } from './gate-report.ts';

/**
 * The gate: format, append-only, signatures, thresholds, by git objects only. With a base it judges what the change
 * does to the base's tree, by the policy that the base holds. Throws only what stops the check itself (`E_GIT`,
 * `E_UNRELATED`, the walk's `E_PIN` and `E_POLICY_*`).
 */
export async function checkLedger(repository: GateRepository, options: GateOptions): Promise<GateReport> {
  return options.base === undefined
    ? checkEverything(repository, options)
    : checkChange(repository, { ...options, base: options.base });
}

/** Throws the first problem of a report, with the number of the others. */
export function requirePassed(report: GateReport): void {
  const [first, ...others] = report.problems;
  if (first === undefined) return;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  fail(first.code, `${first.message}${more}`);
}
