import type { PullthroughError } from '../../ledger-schema/error.ts';
import { ERRORS, fail } from '../../ledger-schema/error.ts';
import { foldExit } from '../../io/exit-code.ts';

/**
 * Ends a command that worked on several things, some of which failed and were shown: exit 3 beats 4, and 4 is a failure
 * while others worked. `what` is a plural such as "proposals". Throws nothing where nothing failed.
 */
export function endSeveral(failures: readonly PullthroughError[], of: number, what: string): void {
  const results = [
    ...failures.map((error) => ({ error })),
    ...Array.from({ length: Math.max(0, of - failures.length) }, () => ({})),
  ];
  const exit = foldExit(results);
  if (exit === 0) return;
  const fits = ({ code }: PullthroughError): boolean => ERRORS[code][0] === exit;
  const worst = failures.find(fits) ?? failures[0];
  const code = exit === 4 ? 'E_PARTIAL' : (worst?.code ?? 'E_INTERNAL');
  fail(code, `${failures.length} of ${of} ${what} failed`, { hint: 'see above for each', cause: worst });
}
