import { neededText } from '../needed-text.ts';
import type { AckStanding } from '../../../reviewer/report.ts';

/** The most names that a list in a sentence has. */
const NAMED = 8;

/** `a, b, c and 12 more`. */
export function listText(items: readonly string[]): string {
  if (items.length === 0) return 'nobody known';
  const shown = items.slice(0, NAMED).join(', ');
  return items.length > NAMED ? `${shown} and ${items.length - NAMED} more` : shown;
}

const UNITS = [
  ['year', 365 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** `3 days`: from an ISO 8601 date to now; a release that is hours old wants a different look from last year's. */
export function ageText(date: string, now: Date): string {
  const age = now.getTime() - Date.parse(date);
  for (const [unit, milliseconds] of UNITS) {
    const count = Math.floor(age / milliseconds);
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'}`;
  }
  return age < -60_000 ? 'less than no time' : 'less than a minute';
}

/** Who still has to ack. */
export function missingText(standing: AckStanding): string {
  const { missing, nacks } = standing;
  if (nacks.length > 0) return 'no ack is of use any more';
  if (missing === 0) return 'no ack is missing';
  return neededText(missing, standing.owes);
}
