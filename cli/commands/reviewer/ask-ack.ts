import { FINDINGS, namesOf } from '../../../inspect/finding.ts';
import type { Finding } from '../../../inspect/finding.ts';
import type { SameReview } from '../../../reviewer/review.ts';
import { titleOf } from '../../../reviewer/review.ts';
import { showReview } from '../../screens/review/review-screen.ts';
import type { ReviewView } from '../../screens/review/review-screen.ts';
import { columnsOf } from '../../screens/table.ts';
import { countText } from '../../screens/units.ts';
import { wrapText } from '../../screens/wrap.ts';
import type { CommandContext } from '../../wiring/command-context.ts';

/** `next`: not this one. `quit`: neither this one nor any after it. */
export type AckAnswer = 'sign' | 'next' | 'quit';

const KEYS = 'y signs, n goes on, q ends, d difference, o page, ? explains';
/** Where the explanations begin. */
const INDENT = 9;
const EXPLAINED = [
  'y      sign it, and push the ack',
  'n      go on to the next without signing; Enter does the same',
  'q      end here: neither this one nor those after it are signed',
  'd      show what changed in its files since the release before',
  "o      print the address of the release's page",
  'a      show every file on a line of its own',
];

/** Asks a person about one proposal until the answer is valid. */
export async function askAck(
  review: SameReview,
  open: readonly Finding[],
  view: ReviewView,
  context: CommandContext,
): Promise<AckAnswer> {
  const { output, now } = context;
  const { report } = review;
  const question = questionText(titleOf(review.proposal), namesOf(open), output.columns);
  for (;;) {
    const answer = (await context.ask(question, [`  ${KEYS}`])).toLowerCase();
    if (/^y(?:es)?$/.test(answer)) return 'sign';
    if (/^(?:no?|)$/.test(answer)) return 'next';
    if (/^q(?:uit)?$/.test(answer)) return 'quit';
    if (answer === 'd') (await import('../../screens/review/difference-screen.ts')).showDifferences(review, output);
    else if (answer === 'o') output.line(report.release?.url ?? 'the release has no page that upstream tells of');
    else if (answer === 'a') showReview(report, now, output, { ...view, all: true });
    else for (const line of explained(open, output.columns)) output.line(line);
  }
}

/** With the findings' names where they fit on the line; they stand above it in any case. */
function questionText(title: string, names: readonly string[], columns: number): string {
  const question = (despite: string): string => `acknowledge ${title}${despite}? [y/N]`;
  if (names.length === 0) return question('');
  const named = question(` in spite of ${names.join(', ')}`);
  return columnsOf(named) < columns ? named : question(` in spite of ${countText(names.length, 'kind')} of finding`);
}

function explained(open: readonly Finding[], columns: number): string[] {
  return [
    ...EXPLAINED,
    ...namesOf(open).flatMap((name) => [
      name,
      ...wrapText(FINDINGS[name][1], columns - INDENT).map((line) => `${' '.repeat(INDENT - 2)}${line}`),
    ]),
    'docs/findings.md says what to do about each finding',
  ].map((line) => `  ${line}`);
}
