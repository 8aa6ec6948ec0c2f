import { createHash } from 'node:crypto';
import { checkSection } from './check-section.ts';
import { NOTHING, html } from '../pages/html.ts';
import type { Markup } from '../pages/html.ts';
import type { ListedTool, ToolRow } from '../pages/model.ts';
import { TOOLS_A_PAGE, toolsPage } from '../pages/tools-page.ts';
import { dayText, timeText } from '../pages/words.ts';
import type { KnownTool, SiteFile } from './model.ts';
import { linkTo, pageName } from './names.ts';
import { pageContext } from './page-context.ts';
import type { SiteContext } from './site-context.ts';
import { newestOf } from './tool.ts';

/** The list of tools and index.json, written as the tools pass by: only one page is kept in memory. */
export class IndexFiles {
  readonly #site: SiteContext;
  readonly #total: number;
  readonly #put: (file: SiteFile) => void;
  #rows: { readonly row: ToolRow; readonly folder: string; readonly slug: string | undefined }[] = [];
  #number = 1;
  readonly #json: string[] = [];

  constructor(site: SiteContext, total: number, put: (file: SiteFile) => void) {
    this.#site = site;
    this.#total = total;
    this.#put = put;
  }

  add(tool: KnownTool): void {
    const { source, repository, folder, releases } = tool;
    const newest = newestOf(releases);
    const { tag, at, by, digest, slug } = newest ?? { by: [] };
    const row = { tool: { source, repository }, newest: tag === undefined ? undefined : { tag, at, by } };
    this.#rows.push({ row, folder, slug });
    const described = newest === undefined ? null : { tag, at, by, digest: `sha256:${digest ?? ''}` };
    const page = linkTo(`${folder}/index.html`, 0);
    this.#json.push(JSON.stringify({ source, repository, releases: releases.length, newest: described, page }));
    if (this.#rows.length === TOOLS_A_PAGE) this.#flush();
  }

  /** Writes what is left, and index.json. */
  finish(): void {
    if (this.#rows.length > 0 || this.#number === 1) this.#flush();
    const { view, head } = this.#site;
    const { version, sha256, policy, ledger } = view.trust;
    const about = {
      format: 1,
      ledger: { id: ledger, repository: view.label, commit: view.commit },
      policy: { version, sha256, expires: policy.expires, expired: view.trust.expired },
      head: head === undefined ? null : { commit: head.commit, issued: head.issued, expires: head.expires },
    };
    const text = JSON.stringify(about);
    this.#put({ path: 'index.json', content: `${text.slice(0, -1)},"tools":[\n${this.#json.join(',\n')}\n]}\n` });
  }

  #flush(): void {
    const rows = new Map(this.#rows.map((each) => [nameOf(each.row.tool), each]));
    const spot = {
      depth: 0,
      folderOf: (tool: ListedTool) => rows.get(nameOf(tool))?.folder ?? '',
      slugOf: (tool: ListedTool) => rows.get(nameOf(tool))?.slug,
    };
    const { hasCheck, pin } = this.#site;
    const context = pageContext(spot, this.#site);
    const page = toolsPage(
      {
        rows: this.#rows.map(({ row }) => row),
        number: this.#number,
        total: this.#total,
        address: (number) => context.place.home(number),
        // It changes with each commit, so it is on one page only.
        more: html`${hasCheck ? checkSection({ root: '', trust: 'trust.json', pin }) : NOTHING}
        ${this.#number === 1 ? freshness(this.#site) : NOTHING}`,
        jump: hasCheck ? JUMP : undefined,
      },
      context,
    );
    this.#put({ path: pageName(this.#number), content: page });
    this.#number++;
    this.#rows = [];
  }
}

function nameOf({ source, repository }: ListedTool): string {
  return `${source}/${repository}`;
}

/** Leads down to the check, which is below the list; shown with it. */
const JUMP = html`<p class="jump" id="jump" hidden><a href="#check">Check a file of yours</a></p> `;

/** How new this is, and who says so. */
function freshness({ view, head, pin }: SiteContext): Markup {
  const { version, expires } = view.trust.policy;
  const vouched =
    head === undefined
      ? html`nobody: the ledger has no signed head`
      : html`<time datetime="${head.issued}" data-age="${head.issued}">${timeText(head.issued)}</time>, good until
          ${timeText(head.expires)}`;
  return html`<h2 id="ledger">The ledger</h2>
    <dl>
      <dt>Commit</dt>
      <dd><code>${view.commit}</code></dd>
      <dt>Vouched for</dt>
      <dd>${vouched}</dd>
      <dt>Policy</dt>
      <dd>${version}, ${view.trust.expired ? 'expired on' : 'until'} ${dayText(expires)}</dd>
      <dt>Verified from the pin</dt>
      <dd><code>sha256:${pin}</code></dd>
    </dl>`;
}

/** The digest of a text, to compare by. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
