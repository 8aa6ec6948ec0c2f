import { brief } from '../ledger-schema/bytes.ts';

/** A sentence names this many; the finding's own list has them all. */
const NAMED = 4;

/** `a, b, c, d and 3 more`; each escaped and short. */
export function someOf(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).map(brief).join(', ');
  return names.length > NAMED ? `${shown} and ${names.length - NAMED} more` : shown;
}
