import { codeSpan } from '../../io/escape.ts';
import type { Paint, Tone } from './style.ts';

export type Cell = string | number | { readonly text: string; readonly tone: Tone };

export interface Table {
  /** Above the table in a job summary. */
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Columns of names, which a terminal that is too narrow cuts in front, the last of these first; elsewhere they are whole. */
  readonly names?: readonly number[] | undefined;
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

/** Names differ at their ends, so a long one is cut in front. */
export function cutInFront(text: string, columns: number): string {
  const characters = Array.from(text);
  while (columnsOf(characters.join('')) > columns) characters.shift();
  return characters.join('') === text ? text : `…${characters.slice(1).join('')}`;
}

/** So much of a name is always shown. */
const LEAST_NAME = 12;

/** The cells with their names cut until the table fits, as far as that goes. */
function fitted(table: Table, cells: readonly (readonly string[])[], columns: number): readonly (readonly string[])[] {
  const widthOf = (i: number, rows: readonly (readonly string[])[]): number =>
    Math.max(columnsOf(table.head[i] ?? ''), ...rows.map((row) => columnsOf(row[i] ?? '')));
  let rows = cells;
  for (const at of [...(table.names ?? [])].reverse()) {
    const all = table.head.reduce((sum, _, i) => sum + widthOf(i, rows), 2 * (table.head.length - 1));
    if (all <= columns) return rows;
    const width = Math.max(LEAST_NAME, widthOf(at, rows) - (all - columns));
    rows = rows.map((row) => row.map((text, i) => (i === at ? cutInFront(text, width) : text)));
  }
  return rows;
}

/**
 * Aligned columns under a heading, for a person at a terminal that is so many columns wide; numbers are right-aligned.
 */
export function alignedTable(
  table: Table,
  escape: (text: string) => string,
  paint: Paint,
  columns = Infinity,
): string[] {
  const whole = table.rows.map((row) => row.map((cell) => escape(cellText(cell))));
  const shown = fitted(table, whole, columns);
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
export function plainTable(table: Table, escape: (text: string) => string, paint: Paint): string[] {
  const shown = (cell: Cell): string =>
    paint(escape(cellText(cell)) || '-', typeof cell === 'object' ? cell.tone : undefined);
  return table.rows.map((row) => row.map(shown).join('  '));
}

/** A GitHub table for a job summary; the cells' text comes from outside, so it is put in code spans. */
export function markdownTable(table: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  const rows = table.rows.map((row) =>
    line(row.map((cell) => (cellText(cell) === '' ? '' : codeSpan(cellText(cell))))),
  );
  return line(table.head) + line(table.head.map(() => '---')) + rows.join('');
}
