import { PullthroughError, fail } from '../../ledger-schema/index.ts';
import type { FoundTool } from '../resolve.ts';
import { toolText } from '../tool.ts';

/** Tools and verdicts kept. */
const MOST_JUDGED = 5000;

export async function noRecord(tool: FoundTool, tag: string): Promise<never> {
  return fail('E_NOT_FOUND', `the ledger has no record of ${toolText(tool)} with the tag ${tag}`);
}

export function forgetOldest(map: Map<string, unknown>): void {
  for (const oldest of map.keys()) {
    if (map.size <= MOST_JUDGED) return;
    map.delete(oldest);
  }
}

/** A record that may not be used says why; a ledger or a store that can't be read is a failure. */
export function refusalOf(error: unknown): PullthroughError {
  if (!(error instanceof PullthroughError) || error.exit !== 3) throw error;
  return error;
}

/** What is about the ledger as a whole, and passes. */
const PASSING: ReadonlySet<string> = new Set(['E_POLICY_EXPIRED', 'E_STALE']);

/** Is it what the record deserves, and not what happened on the way to it? */
export function isVerdict(error: unknown): boolean {
  return error instanceof PullthroughError && error.exit === 3 && !PASSING.has(error.code);
}
