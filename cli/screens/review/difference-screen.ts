import { differenceLines } from '../../../inspect/show-difference.ts';
import type { Inspected } from '../../../reviewer/inside/inspect-files.ts';
import type { Review } from '../../../reviewer/review.ts';
import { typed } from '../../../io/shell.ts';
import type { Output } from '../output.ts';

/** Per file, where several are shown at a question. */
const SHOWN_LINES = 60;

/** `--diff NAME`: one file's change in full. */
export function showDifference({ inspected }: Pick<Review, 'inspected'>, name: string, output: Output): void {
  const seen = inspected?.get(name);
  if (seen === undefined)
    return output.warn(`${name} was not looked into: it is not of the record, or did not compare equal`);
  const lines = differenceLines(seen.contents, seen.changes);
  output.line(`${name}, ${againstText(seen)}:`, 'strong');
  for (const line of lines) output.line(line);
  if (lines.length === 0) output.line('  nothing changed in it');
  output.results({ difference: { file: name, lines } });
}

/** What changed in every file that was compared with an earlier one; the beginning of each. */
export function showDifferences({ inspected, proposal }: Pick<Review, 'inspected' | 'proposal'>, output: Output): void {
  const compared = [...(inspected ?? [])].filter(([, { changes }]) => changes !== undefined);
  if (compared.length === 0) return output.line('no file could be compared with one of an earlier release');
  for (const [name, seen] of compared) {
    const lines = differenceLines(seen.contents, seen.changes);
    output.line(`${name}, ${againstText(seen)}:${lines.length === 0 ? ' nothing changed in it' : ''}`, 'strong');
    for (const line of lines.slice(0, SHOWN_LINES)) output.line(line);
    const more = lines.length - SHOWN_LINES;
    if (more > 0)
      output.line(`  and ${more} lines more; in full: ${typed`pullthrough review ${proposal.branch} --diff ${name}`}`);
  }
}

function againstText({ previous }: Inspected): string {
  return previous === undefined ? 'there is nothing to compare it with' : `against ${previous.name} of ${previous.tag}`;
}
