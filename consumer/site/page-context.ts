import { NOTHING, html } from '../pages/html.ts';
import type { ListedTool, PageContext } from '../pages/model.ts';
import { alertOf } from '../pages/page.ts';
import { dayText } from '../pages/words.ts';
import { CONTENT_SECURITY_POLICY } from './check-section.ts';
import { linkTo } from './names.ts';
import { placeOf } from './place.ts';
import type { SlugOf } from './place.ts';
import type { SiteContext } from './site-context.ts';

export interface PageSpot {
  /** How many folders deep the page is. */
  readonly depth: number;
  readonly folderOf: (tool: ListedTool) => string;
  readonly slugOf: SlugOf;
}

/** What a page of the site has. Nothing in it changes with each commit of the ledger: then every page would. */
export function pageContext({ depth, folderOf, slugOf }: PageSpot, site: SiteContext): PageContext {
  const { view, host, hasCheck } = site;
  const { version, expires } = view.trust.policy;
  const { expired } = view.trust;
  const script = hasCheck ? html`<script type="module" src="${linkTo('check.js', depth)}"></script>` : NOTHING;
  const feed = html`<link
    rel="alternate"
    type="application/atom+xml"
    title="Releases"
    href="${linkTo('feed.atom', depth)}"
  />`;
  return {
    place: placeOf(depth, folderOf, slugOf),
    host,
    head: html`<meta http-equiv="Content-Security-Policy" content="${CONTENT_SECURITY_POLICY}" />
      <meta name="referrer" content="no-referrer" />
      ${feed}${script}`,
    alert: expired
      ? alertOf(html`The policy expired on ${dayText(expires)}: nothing new counts until its successor is signed.`)
      : NOTHING,
    foot: html`<p>
      Ledger <code>${view.label}</code>, policy ${version}, ${expired ? 'expired on' : 'until'} ${dayText(expires)}.
      <a href="${linkTo('feed.atom', depth)}">Atom feed</a>, <a href="${linkTo('index.json', depth)}">JSON</a>.
    </p>`,
  };
}
