import { namesOf } from '../../inspect/finding.ts';
import type { Level } from '../../inspect/finding.ts';
import type { ReviewReport, ReviewedFile } from '../../reviewer/report.ts';
import type { Stranger } from '../../proposals/list-changes.ts';
import type { RefusedChange } from '../../proposals/open-proposals.ts';
import { ageText, listText, missingText } from './review-words.ts';
import { toFailure } from './failure.ts';
import type { Output } from './output.ts';
import type { Tone } from './style.ts';
import type { Cell } from './table.ts';
import { bytesText } from './units.ts';

/** More files than fit on one screen; `--json` has them all. */
const SHOWN_FILES = 16;
const SHOWN_FINDINGS = 5;
const SHOWN_CHECKS = 4;

const TONES: Readonly<Record<ReviewReport['verdict'], Tone>> = {
  same: 'good',
  differs: 'bad',
  incomparable: 'warning',
};

/** One proposal on one screen: the verdict first, then what a person must see before signing. */
export function showReview(report: ReviewReport, now: Date, output: Output): void {
  const field = (name: string, text: string, tone?: Tone): void => output.line(`  ${name.padEnd(10)} ${text}`, tone);
  output.line(`${report.repository} ${report.tag}: ${verdictText(report)}`, TONES[report.verdict]);
  showFindings(report, field);
  for (const finding of report.findings) output.finding(finding, `${report.repository} ${report.tag}`);
  field('proposal', proposalText(report));
  field('signed by', signedText(report));
  if (report.nacks.length > 0) field('nacked by', `${report.nacks.join(', ')}: these bytes must not be used`, 'bad');
  const release = releaseText(report, now);
  if (release !== undefined) field('release', release);
  if (report.previous !== undefined) field('compared', `with ${report.previous.tag}`);
  for (const check of report.checks.slice(0, SHOWN_CHECKS)) field('checked', check);
  const checks = report.checks.length - SHOWN_CHECKS;
  if (checks > 0) field('checked', `and ${checks} more`);
  showFiles(report, now, output);
}

const LEVEL_TONES: Readonly<Record<Level, Tone | undefined>> = { stop: 'bad', look: 'warning', note: undefined };

/** What stops, what wants a person, what is good to know: the worst first, each with its name. */
function showFindings({ findings }: ReviewReport, field: (name: string, text: string, tone?: Tone) => void): void {
  for (const level of ['stop', 'look', 'note'] as const) {
    const of = findings.filter((each) => each.level === level);
    for (const { name, message } of of.slice(0, SHOWN_FINDINGS)) {
      field(level, `${message} [${name}]`, LEVEL_TONES[level]);
    }
    const hidden = namesOf(of.slice(SHOWN_FINDINGS));
    if (hidden.length > 0)
      field(level, `and ${of.length - SHOWN_FINDINGS} more: ${hidden.join(', ')}`, LEVEL_TONES[level]);
  }
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

function outcomeTone({ upstream, store }: ReviewedFile): Tone {
  const outcomes = store === undefined ? [upstream] : [upstream, store];
  if (outcomes.includes('differs')) return 'bad';
  return outcomes.every((outcome) => outcome === 'same') ? 'good' : 'warning';
}

function ledTo({ host }: ReviewedFile): string {
  return host === undefined ? '' : `, which led to ${host}`;
}

/** What isn't the same comes first; of many files that are, those that upstream touched longest ago are only counted. */
function showFiles({ files, repository, tag }: ReviewReport, now: Date, output: Output): void {
  const isGood = (file: ReviewedFile): number => Number(outcomeTone(file) === 'good');
  const time = ({ updated }: ReviewedFile): number => (updated === undefined ? Infinity : Date.parse(updated));
  const newest = (a: ReviewedFile, b: ReviewedFile): number => Number(time(b) > time(a)) - Number(time(a) > time(b));
  const many = files.length > SHOWN_FILES;
  const sorted = [...files].sort((a, b) => isGood(a) - isGood(b) || (many ? newest(a, b) : 0));
  const shown = many ? sorted.slice(0, SHOWN_FILES - 1) : sorted;
  output.table({
    title: `${repository} ${tag}`,
    head: ['upstream', 'store', 'size', 'age', 'uploader', 'file'],
    rows: shown.map((file): Cell[] => [
      { text: file.upstream, tone: outcomeTone(file) },
      file.store ?? '',
      bytesText(file.size),
      file.updated === undefined ? '' : ageText(file.updated, now),
      file.uploader ?? '',
      file.url === undefined ? file.name : `${file.name} from ${file.url}${ledTo(file)}`,
    ]),
  });
  if (!many) return;
  const rest = sorted.slice(shown.length);
  const uploaders = [...new Set(rest.flatMap(({ uploader }) => uploader ?? []))];
  const outcomes = [
    ...new Set(rest.flatMap(({ upstream, store }) => [upstream, ...(store === undefined ? [] : [store])])),
  ];
  const dates = rest.flatMap(({ updated }) => updated ?? []).sort();
  const newestOfRest = dates.at(-1);
  const age = newestOfRest === undefined ? '' : `, the newest ${ageText(newestOfRest, now)} ago`;
  output.line(`and ${rest.length} more files: ${outcomes.join(', ')}; uploaded by ${listText(uploaders)}${age}`);
}

/** Pull requests of strangers and branches that the gate refuses: seen, and not looked into. */
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
