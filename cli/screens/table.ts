import { codeSpan } from '../../io/escape.ts';
import type { Paint, Tone } from './style.ts';

export type Cell = string | number | { readonly text: string; readonly tone: Tone };

export interface Table {
  /** Above the table in a job summary. */
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

function cellText(cell: Cell): string {
  return typeof cell === 'object' ? cell.text : String(cell);
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u;

/** The columns that a terminal gives the text; near enough to align a table. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += /\p{M}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return columns;
}

/** Aligned columns under a heading, for a person at a terminal; numbers are right-aligned. */
export function alignedTable(table: Table, escape: (text: string) => string, paint: Paint): string[] {
  const shown = table.rows.map((row) => row.map((cell) => escape(cellText(cell))));
  const widths = table.head.map((title, i) =>
    Math.max(columnsOf(title), ...shown.map((row) => columnsOf(row[i] ?? ''))),
  );
  const pad = (text: string, i: number, right: boolean): string => {
    const blanks = ' '.repeat(Math.max(0, (widths[i] ?? 0) - columnsOf(text)));
    return right ? blanks + text : text + blanks;
  };
  const isNumber = table.head.map((_, i) => table.rows.every((row) => typeof row[i] === 'number'));
  const heading = table.head.map((title, i) => pad(title, i, isNumber[i] === true)).join('  ');
  const body = table.rows.map((row, r) =>
    row
      .map((cell, i) => {
        const text = pad(shown[r]?.[i] ?? '', i, isNumber[i] === true);
        return typeof cell === 'object' ? paint(text, cell.tone) : text;
      })
      .join('  ')
      .trimEnd(),
  );
  return [paint(heading.trimEnd(), 'strong'), ...body];
}

/** One line per row, for a program: two spaces between cells, no heading, no padding. An empty cell is a dash. */
export function plainTable(table: Table, escape: (text: string) => string): string[] {
  return table.rows.map((row) => row.map((cell) => escape(cellText(cell)) || '-').join('  '));
}

/** A GitHub table for a job summary; the cells' text comes from outside, so it is put in code spans. */
export function markdownTable(table: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  const rows = table.rows.map((row) =>
    line(row.map((cell) => (cellText(cell) === '' ? '' : codeSpan(cellText(cell))))),
  );
  return line(table.head) + line(table.head.map(() => '---')) + rows.join('');
}
