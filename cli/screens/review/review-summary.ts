import { namesOf } from '../../../inspect/finding.ts';
import type { Finding, Level } from '../../../inspect/finding.ts';
import type { ReviewReport } from '../../../reviewer/report.ts';
import type { Tone } from '../style.ts';

const SHOWN_FINDINGS = 5;

/** Which of how many proposals. */
export interface QueuePlace {
  /** From 1. */
  readonly place: number;
  readonly of: number;
}

/** One line under the heading. */
export interface Field {
  readonly name: string;
  readonly text: string;
  readonly tone?: Tone | undefined;
}

const LEVEL_TONES: Readonly<Record<Level, Tone | undefined>> = { stop: 'bad', look: 'warning', note: undefined };

export const TONES: Readonly<Record<ReviewReport['verdict'], Tone>> = {
  same: 'good',
  differs: 'bad',
  incomparable: 'warning',
};

/** `jqlang/jq jq-1.7.1, 3 of 23: the same, 4 files fetched again from upstream and in the store`. */
export function headingText(report: ReviewReport, place: QueuePlace | undefined): string {
  const which = place === undefined || place.of < 2 ? '' : `, ${place.place} of ${place.of}`;
  return `${report.repository} ${report.tag}${which}: ${verdictText(report)}`;
}

/**
 * Findings of some levels, the worst first, each with its name. Of many only some are shown, unless `all` are wanted, but one of
 * each name: no number of one kind hides another.
 */
export function findingFields({ findings }: ReviewReport, levels: readonly Level[], all: boolean): Field[] {
  return levels.flatMap((level) => {
    const of = findings.filter((each) => each.level === level);
    const tone = LEVEL_TONES[level];
    const shown = all ? of : someOfEach(of, SHOWN_FINDINGS);
    const hidden = of.filter((each) => !shown.includes(each));
    const more = `and ${hidden.length} more: ${namesOf(hidden).join(', ')}`;
    return [
      ...shown.map(({ name, message }) => ({ name: level, text: `${message} [${name}]`, tone })),
      ...(hidden.length === 0 ? [] : [{ name: level, text: more, tone }]),
    ];
  });
}

/** At least one of each name, and the first of the others while there are fewer than `most`; in their order. */
function someOfEach(findings: readonly Finding[], most: number): Finding[] {
  const firsts = new Set(namesOf(findings).flatMap((name) => findings.find((each) => each.name === name) ?? []));
  let left = Math.max(0, most - firsts.size);
  return findings.filter((each) => firsts.has(each) || left-- > 0);
}

function verdictText({ verdict, files, adds }: ReviewReport): string {
  const all = `${files.length} ${files.length === 1 ? 'file' : 'files'}`;
  const late = adds === 'ack' ? ' (it is merged; this is about late acks)' : '';
  const places = files.some(({ store }) => store !== undefined) ? 'upstream and in the store' : 'upstream';
  switch (verdict) {
    case 'same':
      return `the same, ${all} fetched again from ${places}${places === 'upstream' ? '; no store is configured' : ''}${late}`;
    case 'differs': {
      const count = files.filter(({ upstream, store }) => upstream === 'differs' || store === 'differs').length;
      return count === 0 ? `DIFFERS from upstream${late}` : `DIFFERS in ${count} of ${all}${late}`;
    }
    case 'incomparable':
      return `cannot be compared${late}`;
  }
}
