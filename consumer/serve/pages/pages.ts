import { holdersOf } from '../../../ledger-schema/holders.ts';
import type { Signed } from '../../../ledger-schema/index.ts';
import { groupTags } from '../../choose.ts';
import { urlPath } from '../api/api.ts';
import type { Links } from '../api/api.ts';
import type { ListedTool } from '../catalog.ts';
import { html, page } from './html.ts';
import type { Markup } from './html.ts';
import type { VerifiedRelease } from '../../release.ts';
import type { LedgerView } from '../../../ledger/view/view.ts';
import { typed } from '../../../io/shell.ts';

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

const TOOLS_A_PAGE = 500;
const RELEASES_A_PAGE = 50;
const HOME = html`<a href="/">All tools</a>`;

/** `/OWNER/REPO`, with the source before it where it isn't the usual one. */
export function toolPath(tool: { readonly source: string; readonly repository: string }, host: string): string {
  const name = tool.repository.split('/');
  return `/${urlPath(...(tool.source === host ? name : [tool.source, ...name]))}`;
}

function shownName({ source, repository }: ListedTool, host: string): string {
  return source === host ? repository : `${source}/${repository}`;
}

/** The list of tools, those whose name holds `query`. */
export function toolsPage(tools: readonly ListedTool[], query: string, number: number, context: PageContext): string {
  const wanted = query.trim().toLowerCase();
  const found = tools.filter((tool) => shownName(tool, context.host).toLowerCase().includes(wanted));
  const shown = found.slice((number - 1) * TOOLS_A_PAGE, number * TOOLS_A_PAGE);
  const count = found.length === 1 ? '1 tool' : `${found.length} tools`;
  const body = html`<p>
      Release files that were fetched again, compared and signed for by people of this organisation.
    </p>
    <form role="search" action="/" method="get">
      <label>Find a tool<br /><input type="search" name="q" value="${query}" autocomplete="off" /></label>
      <button>Find</button>
    </form>
    <h2>${count}</h2>
    <ul class="tools">
      ${shown.map((tool) => html`<li><a href="${toolPath(tool, context.host)}">${shownName(tool, context.host)}</a></li> `)}
    </ul>
    ${pager(`/?q=${encodeURIComponent(query)}&page=`, number, found.length, TOOLS_A_PAGE)}`;
  return page('Tools', [], body, foot(context));
}

/** A tool's acknowledged releases. */
export function releasesPage(
  tool: ListedTool,
  releases: readonly VerifiedRelease[],
  number: number,
  context: PageContext,
): string {
  const path = toolPath(tool, context.host);
  const shown = releases.slice((number - 1) * RELEASES_A_PAGE, number * RELEASES_A_PAGE);
  const rows = shown.map(
    (release) =>
      html`<tr>
        <th scope="row"><a href="${path}/releases/tag/${urlPath(release.tag)}">${release.tag}</a></th>
        <td class="number">${release.assets.length}</td>
        <td>${holdersOf(release.acks).join(', ')}</td>
        <td>${release.signedBy.holder}</td>
      </tr> `,
  );
  const body =
    releases.length === 0
      ? html`<p>No release of this tool is acknowledged.</p>`
      : html`${newest(tool, releases, context)}
          <div class="scroll">
            <table>
              <caption>
                Acknowledged releases
              </caption>
              <thead>
                <tr>
                  <th scope="col">Tag</th>
                  <th scope="col" class="number">Files</th>
                  <th scope="col">Acknowledged by</th>
                  <th scope="col">Signed by</th>
                </tr>
              </thead>
              <tbody>
                ${rows}
              </tbody>
            </table>
          </div>
          ${pager(`${path}?page=`, number, releases.length, RELEASES_A_PAGE)}`;
  return page(shownName(tool, context.host), [HOME], body, foot(context));
}

/** `@latest` means something where all tags begin alike. */
function newest(tool: ListedTool, releases: readonly VerifiedRelease[], { host }: PageContext): Markup {
  if (groupTags(releases.map(({ tag }) => tag)).length !== 1) return html``;
  return html`<h2>The newest acknowledged release</h2>
    <pre
      tabindex="0"
    ><code>${typed`pullthrough get ${`${shownName(tool, host)}@latest`} --platform auto`}</code></pre>`;
}

/** One release: who says that it is good, and its files. */
export function releasePage(tool: ListedTool, release: VerifiedRelease, context: PageContext): string {
  const name = shownName(tool, context.host);
  const path = toolPath(tool, context.host);
  const href = (asset: string) => `${path}/releases/download/${urlPath(release.tag, asset)}`;
  const rows = release.assets.map(
    ({ name: asset, size, sha256 }) =>
      html`<tr>
        <th scope="row"><a href="${href(asset)}">${asset}</a></th>
        <td class="number">${size.toLocaleString('en')}</td>
        <td><code>${sha256}</code></td>
      </tr> `,
  );
  const commands = release.assets.map(
    ({ name: asset }) =>
      html`<h3>${asset}</h3>
        <pre
          tabindex="0"
        ><code>${typed`pullthrough get ${[`${name}@${exact(release.tag)}`, ...assetWords(asset)]}`}</code></pre>
        <pre tabindex="0"><code>${curlLine(asset, context.links.web + href(asset))}</code></pre> `,
  );
  const body = html`<p class="good">Acknowledged</p>
    <dl>
      <dt>Signed by</dt>
      <dd>${signer(release.signedBy)}</dd>
      ${release.acks.map(
        (ack) =>
          html`<dt>Acknowledged by</dt>
            <dd>${signer(ack)}</dd> `,
      )}
      <dt>Upstream commit</dt>
      <dd><code>${release.commit}</code></dd>
      <dt>Record</dt>
      <dd><code>${release.ledger.path}</code></dd>
    </dl>
    <div class="scroll">
      <table>
        <caption>
          Files
        </caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" class="number">Bytes</th>
            <th scope="col">SHA-256</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
    <h2>To copy</h2>
    ${commands}`;
  return page(`${name} ${release.tag}`, [HOME, html`<a href="${path}">${name}</a>`], body, foot(context));
}

/** An error as a page: what is wrong, and what to do. */
export function errorPage(title: string, message: string, hint: string | undefined, context: PageContext): string {
  const advice = hint === undefined ? html`` : html`<p>${hint}</p>`;
  return page(
    title,
    [HOME],
    html`<p>${message}</p>
      ${advice}`,
    foot(context),
  );
}

/** A tag that would be read as a choice is named as one. */
function exact(tag: string): string {
  return /^[A-Za-z][A-Za-z0-9._+-]*$/.test(tag) && tag !== 'latest' ? tag : `tag:${tag}`;
}

/** A name that begins with a hyphen is not an option. */
function assetWords(name: string): readonly string[] {
  return name.startsWith('-') ? ['--', name] : [name];
}

function fileWord(name: string): string {
  return name.startsWith('-') ? `./${name}` : name;
}

/** `curl -O` writes a name as it is encoded in the address. */
function curlLine(name: string, url: string): string {
  const target = encodeURIComponent(name) === name ? ['-fLO'] : ['-fL', '-o', fileWord(name)];
  return typed`curl ${[...target, url]}`;
}

function signer({ holder, fingerprint, former }: Signed): Markup {
  const who = holder === fingerprint ? html`` : html`${holder}, `;
  return html`${who}<code>${fingerprint}</code>${former ? ' (a former key)' : ''}`;
}

function pager(address: string, number: number, total: number, size: number): Markup {
  const last = Math.max(1, Math.ceil(total / size));
  if (last === 1) return html``;
  const link = (to: number, text: string) =>
    to < 1 || to > last ? html`` : html`<a href="${address}${to}">${text}</a> `;
  return html`<nav aria-label="Pages">
    ${link(number - 1, 'Previous')}page ${number} of ${last} ${link(number + 1, 'Next')}
  </nav>`;
}

const STALE = html` <strong>The ledger is held back: nobody vouched lately for a newer state of it.</strong>`;

function foot({ view, expired, stale }: PageContext): Markup {
  const { version, expires } = view.trust.policy;
  const until = expired ? html`<strong>which expired on ${expires}</strong>` : html`until ${expires}`;
  return html`Ledger commit <code>${view.commit}</code>, policy ${version}, ${until}.${stale ? STALE : ''}`;
}
