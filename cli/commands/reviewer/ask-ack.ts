import { FINDINGS, namesOf } from '../../../inspect/finding.ts';
import type { Finding } from '../../../inspect/finding.ts';
import type { SameReview } from '../../../reviewer/review.ts';
import { titleOf } from '../../../reviewer/review.ts';
import { showReview } from '../../screens/review/review-screen.ts';
import type { ReviewView } from '../../screens/review/review-screen.ts';
import type { CommandContext } from '../../wiring/command-context.ts';

/** `next`: not this one. `quit`: neither this one nor any after it. */
export type AckAnswer = 'sign' | 'next' | 'quit';

const KEYS = 'y signs, n goes on, q ends, d difference, o page, ? explains';
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
  const despite = open.length === 0 ? '' : ` in spite of ${namesOf(open).join(', ')}`;
  const question = `acknowledge ${titleOf(review.proposal)}${despite}? [y/N]`;
  for (;;) {
    const answer = (await context.ask(question, [`  ${KEYS}`])).toLowerCase();
    if (/^y(?:es)?$/.test(answer)) return 'sign';
    if (/^(?:no?|)$/.test(answer)) return 'next';
    if (/^q(?:uit)?$/.test(answer)) return 'quit';
    if (answer === 'd') (await import('../../screens/review/difference-screen.ts')).showDifferences(review, output);
    else if (answer === 'o') output.line(report.release?.url ?? 'the release has no page that upstream tells of');
    else if (answer === 'a') showReview(report, now, output, { ...view, all: true });
    else for (const line of explained(open)) output.line(`  ${line}`);
  }
}

function explained(open: readonly Finding[]): string[] {
  return [
    ...EXPLAINED,
    ...namesOf(open).map((name) => `${name}: ${FINDINGS[name][1]}`),
    'docs/findings.md says what to do about each finding',
  ];
}
