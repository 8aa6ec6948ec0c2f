import type { Novelty } from '../../reviewer/novelty.ts';
import type { Standing } from '../../reviewer/report.ts';
import type { Tone } from './style.ts';
import { bytesText } from './units.ts';

/** A list in a sentence ends here. */
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

/** `3 days`: from an ISO 8601 date to now; a release that is hours old wants another look than one of last year. */
export function ageText(date: string, now: Date): string {
  const age = now.getTime() - Date.parse(date);
  for (const [unit, milliseconds] of UNITS) {
    const count = Math.floor(age / milliseconds);
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'}`;
  }
  return age < -60_000 ? 'less than no time' : 'less than a minute';
}

/** `ada and grace` where each of them has to, `2 of ada, grace, linus` where so many are enough. */
export function oweText({ missing, owes }: Pick<Standing, 'missing' | 'owes'>): string {
  if (missing < owes.length || owes.length > NAMED) return `${missing} of ${listText(owes)}`;
  return owes.length < 2 ? listText(owes) : `${owes.slice(0, -1).join(', ')} and ${owes.at(-1) ?? ''}`;
}

/** Who still has to ack. */
export function missingText(standing: Standing): string {
  const { missing, nacks } = standing;
  if (nacks.length > 0) return 'no ack is of use any more';
  if (missing === 0) return 'no ack is missing';
  return `${oweText(standing)} still ${missing === 1 ? 'owes' : 'owe'} an ack`;
}

export interface ToneLine {
  readonly text: string;
  readonly tone?: Tone;
}

function signerText({ name, now, gone }: Novelty['signers'][number]): string {
  if (gone === true) return `${name} is missing`;
  return `${name} ${now.length === 0 ? 'names no key' : `says it is by ${now.join(', ')}`}`;
}

/** What is new against the record before. */
export function changesLine(previous: Novelty | undefined): ToneLine[] {
  if (previous === undefined) return [{ text: 'there is no acknowledged record before it to compare with' }];
  const { tag, added, missing, jumps, uploaders, signers } = previous;
  const lines: ToneLine[] = [
    ...(added.length > 0 ? [{ text: `files that ${tag} had not: ${listText(added)}` }] : []),
    ...(missing.length > 0 ? [{ text: `files of ${tag} that are missing: ${listText(missing)}` }] : []),
    ...(jumps.length > 0
      ? [
          {
            text: `sizes that jumped since ${tag}: ${listText(
              jumps.map(({ name, before, now }) => `${name} ${bytesText(before)} -> ${bytesText(now)}`),
            )}`,
            tone: 'warning' as const,
          },
        ]
      : []),
    ...(uploaders !== undefined && uploaders.changed.length > 0
      ? [
          {
            text:
              `${listText([...new Set(uploaders.changed.map(({ uploader }) => uploader))])} uploaded ` +
              `${uploaders.changed.length} of its files; those of ${tag}: ${listText(uploaders.before)}`,
            tone: 'warning' as const,
          },
        ]
      : []),
    ...signers.map((signer) => ({
      text: `${signerText(signer)}; in ${tag} it was ${signer.before.join(', ')} (not verified)`,
      tone: 'warning' as const,
    })),
  ];
  return lines.length === 0 ? [{ text: `the same files as in ${tag}, of about the same sizes` }] : lines;
}
