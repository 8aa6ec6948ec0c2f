import { countText } from '../../io/size-text.ts';
import { NOTHING, html } from './html.ts';
import type { Markup } from './html.ts';
import { shownName } from './model.ts';
import type { PageContext, ToolRow } from './model.ts';
import { page, pager } from './page.ts';
import { dayMarkup, peopleText } from './words.ts';

export const TOOLS_A_PAGE = 100;

export interface ToolsPage {
  /** Those of this page. */
  readonly rows: readonly ToolRow[];
  readonly number: number;
  /** Of all pages. */
  readonly total: number;
  readonly address: (number: number) => string;
  /** A form to find a tool with. */
  readonly search?: Markup | undefined;
  /** What is said instead of a list without tools. */
  readonly none?: Markup | undefined;
  /** What leads to it. */
  readonly jump?: Markup | undefined;
  /** What follows the list. */
  readonly more?: Markup | undefined;
}

/** All tools with their newest acknowledged releases. */
export function toolsPage(
  { rows, number, total, address, search, none, jump, more }: ToolsPage,
  context: PageContext,
): string {
  const empty = html`<p>${none ?? html`The ledger has no tool yet.`}</p>`;
  const body = html`<p class="lead">
      Release files that were fetched again, compared and signed for by people of this organisation.
    </p>
    ${jump ?? NOTHING} ${search ?? NOTHING} ${total === 0 ? empty : toolTable(rows, total, context)}
    ${pager(address, number, total, TOOLS_A_PAGE)} ${more ?? NOTHING}`;
  return page('Tools', [{ text: 'Release ledger' }], body, context);
}

function toolTable(rows: readonly ToolRow[], total: number, context: PageContext): Markup {
  return html`<table class="tools" role="table">
    <caption>
      ${countText(total, 'tool')}
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        <th scope="col" role="columnheader">Tool</th>
        <th scope="col" role="columnheader">Newest acknowledged</th>
        <th scope="col" role="columnheader">When</th>
        <th scope="col" role="columnheader">By</th>
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map((row) => toolRow(row, context))}
    </tbody>
  </table>`;
}

function toolRow({ tool, newest, unknown }: ToolRow, { place, host }: PageContext): Markup {
  const name = html`<th scope="row" role="rowheader">
    <a href="${place.tool(tool, 1)}">${shownName(tool, host)}</a>
  </th>`;
  if (newest === undefined) {
    return html`<tr role="row">
      ${name}
      <td role="cell" class="faint">${unknown === true ? 'not known at the moment' : 'nothing yet'}</td>
      <td role="cell"></td>
      <td role="cell"></td>
    </tr> `;
  }
  const href = place.release(tool, { ...newest, state: 'acknowledged' });
  return html`<tr role="row">
    ${name}
    <td role="cell">${href === undefined ? newest.tag : html`<a href="${href}">${newest.tag}</a>`}</td>
    <td role="cell" class="when">${newest.at === undefined ? NOTHING : dayMarkup(newest.at)}</td>
    <td role="cell" data-name="by">${peopleText(newest.by)}</td>
  </tr> `;
}
