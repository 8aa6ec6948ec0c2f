import type { ReviewReport } from '../../../reviewer/report.ts';
import type { Stranger } from '../../../proposals/list-changes.ts';
import type { RefusedChange } from '../../../proposals/open-proposals.ts';
import { showFiles } from './review-files.ts';
import { TONES, findingFields, headingText } from './review-summary.ts';
import type { Field, QueuePlace } from './review-summary.ts';
import { ageText, listText, missingText } from './review-words.ts';
import { toFailure } from '../failure.ts';
import type { Output } from '../output.ts';
import type { Tone } from '../style.ts';
import { wrapText } from '../wrap.ts';
import { escapeTerminal } from '../../../io/escape.ts';

const SHOWN_CHECKS = 4;
/** A field's name and the blanks around it. */
const INDENT = 13;

export interface ReviewView {
  /** Which of how many proposals this is. */
  readonly place?: QueuePlace | undefined;
  /** Every file on a line of its own, and every finding. */
  readonly all?: boolean | undefined;
}

/**
 * One proposal on one screen. At a terminal the verdict, what wants a person and where to look come last, right above the
 * question; in a pipe they come first.
 */
export function showReview(report: ReviewReport, now: Date, output: Output, view: ReviewView = {}): void {
  const { place, all = false } = view;
  const field = (name: string, text: string, tone?: Tone): void => {
    // Escaped first, since what is escaped is wider; escaping it once more changes nothing.
    const [first = '', ...more] = output.terminal ? wrapText(escapeTerminal(text), output.columns - INDENT) : [text];
    output.line(`  ${name.padEnd(10)} ${first}`, tone);
    for (const line of more) output.line(`${' '.repeat(INDENT)}${line}`, tone);
  };
  const fields = (of: readonly Field[]): void => of.forEach(({ name, text, tone }) => field(name, text, tone));
  const heading = (): void => {
    const lines = output.terminal ? wrapText(headingText(report, place), output.columns) : [headingText(report, place)];
    for (const line of lines) output.line(line, TONES[report.verdict]);
    fields(findingFields(report, ['stop', 'look'], all));
    if (report.release !== undefined) field('page', report.release.url);
  };
  for (const finding of report.findings) output.finding(finding, `${report.repository} ${report.tag}`);
  if (!output.terminal) heading();
  fields(findingFields(report, ['note'], all));
  showDetails(report, now, field);
  showFiles(report, now, output, field, all);
  if (output.terminal) heading();
}

function showDetails(report: ReviewReport, now: Date, field: (name: string, text: string, tone?: Tone) => void): void {
  field('proposal', proposalText(report));
  field('signed by', signedText(report));
  if (report.nacks.length > 0) field('nacked by', `${report.nacks.join(', ')}: these bytes must not be used`, 'bad');
  const release = releaseText(report, now);
  if (release !== undefined) field('release', release);
  if (report.previous !== undefined) field('compared', `with ${report.previous.tag}`);
  for (const check of report.checks.slice(0, SHOWN_CHECKS)) field('checked', check);
  const checks = report.checks.length - SHOWN_CHECKS;
  if (checks > 0) field('checked', `and ${checks} more`);
}

function proposalText({ pull, branch, head }: ReviewReport): string {
  const commit = head.slice(0, 12);
  return pull === undefined ? `${branch}, commit ${commit}` : `#${pull.number} ${pull.url}, commit ${commit}`;
}

function signedText(report: ReviewReport): string {
  const { signedBy, acks } = report;
  const signer = signedBy === undefined ? 'nobody whose sign counts' : signedBy.holder;
  return `${signer}; acknowledged by ${acks.length === 0 ? 'nobody' : acks.join(', ')}; ${missingText(report)}`;
}

function releaseText({ release, commit }: ReviewReport, now: Date): string | undefined {
  if (release === undefined) return undefined;
  const age = release.published === undefined ? 'not published' : `published ${ageText(release.published, now)} ago`;
  const by = release.author === undefined ? '' : ` by ${release.author}`;
  const kind = release.prerelease ? ', a prerelease' : '';
  const immutable = release.immutable === undefined ? '' : release.immutable ? ', immutable' : ', not immutable';
  return `${age}${by}${kind}${immutable}, commit ${commit.slice(0, 12)}`;
}

/** Strangers' pull requests and branches that the gate refuses: listed, but not looked into. */
export function showOthers(refused: readonly RefusedChange[], strangers: readonly Stranger[], output: Output): void {
  for (const { change, error } of refused) output.problem(error, nameOf(change));
  if (strangers.length === 0) return;
  const named = strangers.map(({ number, author }) => `#${number}${author === undefined ? '' : ` by ${author}`}`);
  output.note(`left alone, as they come from other repositories than the ledger: ${listText(named)}`);
}

/** A change as people know it. */
export function nameOf({
  branch,
  pull,
}: {
  readonly branch: string;
  readonly pull?: { readonly number: number };
}): string {
  return pull === undefined ? branch : `#${pull.number} ${branch}`;
}

/** As `--json` has it. */
export function refusedResult({ change, error }: RefusedChange) {
  const { code, message, hint } = toFailure(error);
  return { ...change, error: { code, message, hint } };
}
