import { bytesText, countText } from '../../io/size-text.ts';
import { typed } from '../../io/shell.ts';
import { groupTags } from '../choose-tag.ts';
import { NOTHING, html } from './html.ts';
import type { Markup } from './html.ts';
import { shownName } from './model.ts';
import type { ListedTool, PageContext, ReleaseRow } from './model.ts';
import { page, pager } from './page.ts';
import { bySentence, dayMarkup, peopleText, stateMarkup } from './words.ts';

export const RELEASES_A_PAGE = 50;

export interface ToolPage {
  readonly tool: ListedTool;
  /** Those of this page. */
  readonly rows: readonly ReleaseRow[];
  readonly number: number;
  /** Of all pages. */
  readonly total: number;
  readonly newest: Pick<ReleaseRow, 'tag' | 'at' | 'by'> | undefined;
  /** The tags of all acknowledged releases: does `@latest` mean something here? */
  readonly tags: readonly string[];
}

/** A tool's releases, in any state. */
export function toolPage({ tool, rows, number, total, newest, tags }: ToolPage, context: PageContext): string {
  const { place, host } = context;
  const name = shownName(tool, host);
  const list = html`<h2 id="releases">Releases</h2>
    <table class="releases" role="table">
      <caption>
        ${countText(total, 'release')}, the newest version first
      </caption>
      <thead role="rowgroup">
        <tr role="row">
          <th scope="col" role="columnheader">Tag</th>
          <th scope="col" role="columnheader">State</th>
          <th scope="col" role="columnheader">When</th>
          <th scope="col" role="columnheader">By</th>
          <th scope="col" role="columnheader" class="number">Files</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map((row) => releaseRow(tool, row, context))}
      </tbody>
    </table>
    ${pager((to) => place.tool(tool, to), number, total, RELEASES_A_PAGE)}`;
  const body = html`${newestMarkup(tool, newest, tags, context)} ${total === 0 ? NOTHING : list}`;
  return page(name, [{ text: 'Tools', href: place.home(1) }, { text: name }], body, context);
}

function newestMarkup(
  tool: ListedTool,
  newest: ToolPage['newest'],
  tags: readonly string[],
  { place, host }: PageContext,
): Markup {
  if (newest === undefined) return html`<p class="lead">No release of this tool is acknowledged.</p>`;
  const row: ReleaseRow = { ...newest, state: 'acknowledged' };
  const href = place.release(tool, row);
  const tag = href === undefined ? html`${newest.tag}` : html`<a href="${href}">${newest.tag}</a>`;
  // `@latest` means something where all tags begin alike.
  const wanted = groupTags(tags).length === 1 ? 'latest' : exactTag(newest.tag);
  return html`<p class="lead">Newest acknowledged: <strong>${tag}</strong>. ${bySentence(row)}</p>
    <pre
      tabindex="0"
      role="group"
      aria-label="Command"
    ><code>${typed`pullthrough get ${`${shownName(tool, host)}@${wanted}`} --platform auto`}</code></pre>`;
}

function releaseRow(tool: ListedTool, row: ReleaseRow, { place }: PageContext): Markup {
  const { tag, state, at, by, files, bytes, why } = row;
  const href = place.release(tool, row);
  const reason = why === undefined ? NOTHING : html`<span class="why">${why}</span>`;
  const size = bytes === undefined || files === undefined ? NOTHING : html`${files} · ${bytesText(bytes)}`;
  return html`<tr role="row">
    <th scope="row" role="rowheader">${href === undefined ? tag : html`<a href="${href}">${tag}</a>`}</th>
    <td role="cell">${stateMarkup(state)}${reason}</td>
    <td role="cell" class="when">${at === undefined ? NOTHING : dayMarkup(at)}</td>
    ${by.length === 0 ? html`<td role="cell"></td>` : html`<td role="cell" data-name="by">${peopleText(by)}</td>`}
    ${
      files === undefined
        ? html`<td role="cell" class="number"></td>`
        : html`<td role="cell" class="number" data-name="files">${size}</td>`
    }
  </tr> `;
}

/** A tag that would be read as a choice is named as one. */
export function exactTag(tag: string): string {
  return /^[A-Za-z][A-Za-z0-9._+-]*$/.test(tag) && tag !== 'latest' ? tag : `tag:${tag}`;
}
