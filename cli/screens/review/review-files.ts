import type { ReviewReport, ReviewedFile } from '../../../reviewer/report.ts';
import type { Output } from '../output.ts';
import { ageText, listText } from './review-words.ts';
import type { Tone } from '../style.ts';
import type { Cell } from '../table.ts';
import { bytesText } from '../units.ts';

/** More files than fit on one screen; `--all` and `--json` have them all. */
const SHOWN_FILES = 16;

type Field = (name: string, text: string, tone?: Tone) => void;

/**
 * The files of a review: first those that aren't the same and those that a finding is about; the plain ones that are the
 * same share one line, unless `all` are wanted. A person's terminal is too narrow for a table of them.
 */
export function showFiles(report: ReviewReport, now: Date, output: Output, field: Field, all: boolean): void {
  const { files, repository, tag } = report;
  const plain = all ? [] : files.filter((file) => isPlain(file, report));
  const others = files.filter((file) => !plain.includes(file));
  const isGood = (file: ReviewedFile): number => Number(outcomeTone(file) === 'good');
  const time = ({ updated }: ReviewedFile): number => (updated === undefined ? Infinity : Date.parse(updated));
  const newest = (a: ReviewedFile, b: ReviewedFile): number => Number(time(b) > time(a)) - Number(time(a) > time(b));
  const many = !all && others.length > SHOWN_FILES;
  const sorted = [...others].sort((a, b) => isGood(a) - isGood(b) || (many ? newest(a, b) : 0));
  const shown = many ? sorted.slice(0, SHOWN_FILES - 1) : sorted;
  if (output.terminal) {
    for (const file of shown) {
      field('file', nameText(file), outcomeTone(file));
      field('', factsText(file, now));
    }
  } else {
    output.table({
      title: `${repository} ${tag}`,
      head: ['upstream', 'store', 'size', 'age', 'uploader', 'file'],
      names: [5],
      rows: shown.map((file): Cell[] => [
        { text: file.upstream, tone: outcomeTone(file) },
        file.store ?? '',
        bytesText(file.size),
        file.updated === undefined ? '' : ageText(file.updated, now),
        file.uploader ?? '',
        nameText(file),
      ]),
    });
  }
  const rest = sorted.slice(shown.length);
  if (rest.length > 0) output.line(`and ${rest.length} more files: ${sumText(rest, now)}`);
  if (plain.length > 0) field('the same', plainText(plain, now));
}

/** Its bytes are the same everywhere, it lies in the release, and no finding wants a person to look at it. */
function isPlain(file: ReviewedFile, { findings }: ReviewReport): boolean {
  const odd = findings.some(({ level, files }) => level !== 'note' && files.includes(file.name));
  return outcomeTone(file) === 'good' && file.url === undefined && !odd;
}

function plainText(files: readonly ReviewedFile[], now: Date): string {
  const size = bytesText(files.reduce((sum, file) => sum + file.size, 0));
  return `${files.length === 1 ? '1 file' : `${files.length} files`}, ${size}, ${uploadText(files, now)}`;
}

function sumText(files: readonly ReviewedFile[], now: Date): string {
  const outcomes = files.flatMap(({ upstream, store }) => [upstream, ...(store === undefined ? [] : [store])]);
  return `${[...new Set(outcomes)].join(', ')}; ${uploadText(files, now)}`;
}

function uploadText(files: readonly ReviewedFile[], now: Date): string {
  const uploaders = [...new Set(files.flatMap(({ uploader }) => uploader ?? []))];
  const newest = files
    .flatMap(({ updated }) => updated ?? [])
    .sort()
    .at(-1);
  const age = newest === undefined ? '' : `, the newest ${ageText(newest, now)} ago`;
  return `uploaded by ${listText(uploaders)}${age}`;
}

function outcomeTone({ upstream, store }: ReviewedFile): Tone {
  const outcomes = store === undefined ? [upstream] : [upstream, store];
  if (outcomes.includes('differs')) return 'bad';
  return outcomes.every((outcome) => outcome === 'same') ? 'good' : 'warning';
}

function nameText({ name, url, host }: ReviewedFile): string {
  if (url === undefined) return name;
  return `${name} from ${url}${host === undefined ? '' : `, which led to ${host}`}`;
}

function factsText({ upstream, store, size, updated, uploader }: ReviewedFile, now: Date): string {
  const places = store === undefined ? `upstream ${upstream}` : `upstream ${upstream}, store ${store}`;
  const when = updated === undefined ? '' : `, ${ageText(updated, now)} ago`;
  return `${places}, ${bytesText(size)}${when}${uploader === undefined ? '' : ` by ${uploader}`}`;
}
