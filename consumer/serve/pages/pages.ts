import { urlPath } from '../api/api.ts';
import type { Links } from '../api/api.ts';
import { errorPage as errorTemplate } from '../../pages/error-page.ts';
import { NOTHING, html } from '../../pages/html.ts';
import type { Markup } from '../../pages/html.ts';
import { shownName } from '../../pages/model.ts';
import type {
  ListedTool,
  PageContext as Template,
  PageLinks,
  ReleaseRow,
  ReleaseView,
  ToolRow,
} from '../../pages/model.ts';
import { alertOf } from '../../pages/page.ts';
import { releasePage as releaseTemplate } from '../../pages/release-page.ts';
import { RELEASES_A_PAGE, toolPage } from '../../pages/tool-page.ts';
import { TOOLS_A_PAGE, toolsPage as toolsTemplate } from '../../pages/tools-page.ts';
import { dayText, timeText } from '../../pages/words.ts';
import type { LedgerView } from '../../../ledger/view/view.ts';

/** What every page says of itself. */
export interface PageContext {
  readonly links: Links;
  readonly view: LedgerView;
  /** The source whose tools are named without a host. */
  readonly host: string;
  /** Has the policy run out? */
  readonly expired: boolean;
  /** Is the ledger held back: is the newest state of it older than `[trust] max-age` allows? */
  readonly stale: boolean;
}

/** `/OWNER/REPO`, with the source before it where it isn't the usual one. */
export function toolPath(tool: ListedTool, host: string): string {
  const name = tool.repository.split('/');
  return `/${urlPath(...(tool.source === host ? name : [tool.source, ...name]))}`;
}

/** The tools whose name holds `query`. */
export function foundTools(tools: readonly ListedTool[], query: string, host: string): readonly ListedTool[] {
  const wanted = query.trim().toLowerCase();
  return tools.filter((tool) => shownName(tool, host).toLowerCase().includes(wanted));
}

/** Those of a list that a page of it shows. */
export function toolsOfPage<T>(tools: readonly T[], number: number): readonly T[] {
  return tools.slice((number - 1) * TOOLS_A_PAGE, number * TOOLS_A_PAGE);
}

/** The list of tools: a page of it, of so many that `query` found. */
export function toolsPage(
  rows: readonly ToolRow[],
  query: string,
  number: number,
  context: PageContext,
  total = rows.length,
): string {
  const search = html`<form role="search" action="/" method="get">
    <label>Find a tool<input type="search" name="q" value="${query}" autocomplete="off" /></label>
    <button>Find</button>
  </form>`;
  const address = (to: number): string => `/?q=${encodeURIComponent(query)}&page=${to}`;
  const none = query === '' ? undefined : html`No tool of this ledger has <strong>${query}</strong> in its name.`;
  return toolsTemplate({ rows, number, total, address, search, none }, template(context));
}

/** A tool's releases, in any state. */
export function releasesPage(
  tool: ListedTool,
  rows: readonly ReleaseRow[],
  number: number,
  context: PageContext,
): string {
  const good = rows.filter(({ state }) => state === 'acknowledged');
  const shown = rows.slice((number - 1) * RELEASES_A_PAGE, number * RELEASES_A_PAGE);
  const tags = good.map(({ tag }) => tag);
  return toolPage({ tool, rows: shown, number, total: rows.length, newest: good[0], tags }, template(context));
}

/** One release: who says that it is good, and its files. */
export function releasePage(release: ReleaseView, context: PageContext): string {
  const { version, expires } = context.view.trust.policy;
  const policy = html`number ${version}, until ${dayText(expires)}`;
  return releaseTemplate({ release, origin: context.links.web, policy }, template(context));
}

/** An error as a page: what is wrong, and what to do. */
export function errorPage(title: string, message: string, hint: string | undefined, context: PageContext): string {
  return errorTemplate(title, message, hint, template(context));
}

function template(context: PageContext): Template {
  return { place: placeOf(context), host: context.host, alert: alert(context), foot: foot(context) };
}

function placeOf({ host }: PageContext): PageLinks {
  const path = (tool: ListedTool): string => toolPath(tool, host);
  return {
    style: '/-/style.css',
    home: () => '/',
    tool: (tool, number) => path(tool) + (number === 1 ? '' : `?page=${number}`),
    release: (tool, { tag, state }) =>
      state === 'acknowledged' ? `${path(tool)}/releases/tag/${urlPath(tag)}` : undefined,
    file: (tool, tag, asset) => `${path(tool)}/releases/download/${urlPath(tag, asset)}`,
  };
}

function alert({ view, expired, stale }: PageContext): Markup {
  const { expires } = view.trust.policy;
  const gone = expired
    ? alertOf(html`The policy expired on ${dayText(expires)}: nothing new is served until its successor is signed.`)
    : NOTHING;
  const held = stale
    ? alertOf(html`The ledger is held back: no executor signed lately where it is, so nothing new is served.`)
    : NOTHING;
  return html`${gone}${held}`;
}

function foot({ view, expired }: PageContext): Markup {
  const { version, expires } = view.trust.policy;
  const until = expired ? html`<strong>which expired on ${dayText(expires)}</strong>` : html`until ${dayText(expires)}`;
  const head = view.head === undefined ? NOTHING : html` An executor vouched for it on ${timeText(view.head.issued)}.`;
  return html`<p>Ledger commit <code>${view.commit}</code>, policy ${version}, ${until}.${head}</p>`;
}
