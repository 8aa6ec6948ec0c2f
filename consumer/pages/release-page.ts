import { bytesText, countText } from '../../io/size-text.ts';
import type { EvidenceEntry, RecordedAsset, Signed } from '../../ledger-schema/index.ts';
import { copyLines, fileLines } from './copy-lines.ts';
import { NOTHING, html } from './html.ts';
import type { Markup } from './html.ts';
import { shownName } from './model.ts';
import type { PageContext, ReleaseView } from './model.ts';
import { page } from './page.ts';
import { bySentence, stateMarkup, toneOf } from './words.ts';

export interface ReleasePage {
  readonly release: ReleaseView;
  /** How clients reach what serves the files; undefined where nothing here does. */
  readonly origin?: string | undefined;
  /** Where a visitor may check a file. */
  readonly check?: Markup | undefined;
  /** Who says so and by which rules, for the list of the record. */
  readonly policy: Markup;
}

/** One release: is it good, who says so, its files, and the lines to copy. */
export function releasePage({ release, origin, check, policy }: ReleasePage, context: PageContext): string {
  const { tool, tag, state, why } = release;
  const name = shownName(tool, context.host);
  const { place } = context;
  const good = state === 'acknowledged';
  const body = html`<div class="banner ${toneOf(state)}">
      ${stateMarkup(state)}
      <p>${bySentence(release)}</p>
      ${why === undefined ? NOTHING : html`<p>${why}</p>`}
    </div>
    ${good ? copyLines(release, name) : NOTHING} ${check ?? NOTHING} ${filesTable(release, name, origin, context)}
    ${people(release)} ${evidenceTable(release.evidence)}
    <h2 id="record">Record</h2>
    <dl>
      <dt>Upstream commit</dt>
      <dd><code>${release.commit}</code></dd>
      <dt>Record</dt>
      <dd><code>${release.path}</code></dd>
      <dt>Policy</dt>
      <dd>${policy}</dd>
    </dl>`;
  const crumbs = [{ text: 'Tools', href: place.home(1) }, { text: name, href: place.tool(tool, 1) }, { text: tag }];
  return page(`${name} ${tag}`, crumbs, body, context);
}

function filesTable(release: ReleaseView, name: string, origin: string | undefined, context: PageContext): Markup {
  const { assets } = release;
  if (assets.length === 0) return NOTHING;
  const total = assets.reduce((sum, { size }) => sum + size, 0);
  return html`<h2 id="files">Files</h2>
    <table role="table">
      <caption>
        ${countText(assets.length, 'file')}, ${bytesText(total)}
      </caption>
      <thead role="rowgroup">
        <tr role="row">
          <th scope="col" role="columnheader">Name and SHA-256</th>
          <th scope="col" role="columnheader" class="number">Size</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${assets.map((asset) => fileRow(release, asset, name, origin, context))}
      </tbody>
    </table>`;
}

function fileRow(
  release: ReleaseView,
  { name: asset, size, sha256 }: RecordedAsset,
  name: string,
  origin: string | undefined,
  { place }: PageContext,
): Markup {
  const good = release.state === 'acknowledged';
  const href = good ? place.file(release.tool, release.tag, asset) : undefined;
  const url = origin === undefined || href === undefined ? undefined : origin + href;
  return html`<tr role="row">
    <th scope="row" role="rowheader">
      ${href === undefined ? asset : html`<a href="${href}">${asset}</a>`}<br /><code class="hash">${sha256}</code>
      ${good ? fileLines(release, name, asset, url) : NOTHING}
    </th>
    <td role="cell" class="number" data-name="size">
      <span title="${size.toLocaleString('en')} bytes">${bytesText(size)}</span>
    </td>
  </tr> `;
}

function people({ signedBy, acks, nacks }: ReleaseView): Markup {
  const rows = [
    ...nacks.map((each) => ['Withdrawn by', each] as const),
    ...acks.map((each) => ['Acknowledged by', each] as const),
    ...(signedBy === undefined ? [] : [['Signed by', signedBy] as const]),
  ];
  if (rows.length === 0) return NOTHING;
  return html`<h2 id="people">People</h2>
    <dl>
      ${rows.map(
        ([what, who]) =>
          html`<dt>${what}</dt>
            <dd>${signer(who)}</dd> `,
      )}
    </dl>`;
}

function signer({ holder, fingerprint, former }: Signed): Markup {
  const who = holder === fingerprint ? NOTHING : html`<strong>${holder}</strong>, `;
  return html`${who}<code>${fingerprint}</code>${former ? ' (a former key)' : ''}`;
}

const KINDS: Readonly<Record<EvidenceEntry['kind'], string>> = {
  sigstore: 'Sigstore bundle',
  minisign: 'minisign signature',
  openpgp: 'OpenPGP signature',
  list: 'list of digests',
  key: 'public key',
};

function evidenceTable(evidence: readonly EvidenceEntry[]): Markup {
  if (evidence.length === 0) return NOTHING;
  return html`<h2 id="evidence">Evidence</h2>
    <p class="faint">What upstream itself signed, as the record names it.</p>
    <table role="table">
      <caption>
        ${evidence.length === 1 ? '1 piece' : `${evidence.length} pieces`}
      </caption>
      <thead role="rowgroup">
        <tr role="row">
          <th scope="col" role="columnheader">Kind</th>
          <th scope="col" role="columnheader">Signer and SHA-256</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${evidence.map(
          ({ kind, sha256, signer: by, issuer }) =>
            html`<tr role="row">
              <th scope="row" role="rowheader">${KINDS[kind]}</th>
              <td role="cell">
                ${by ?? 'not signed'}${issuer === undefined ? NOTHING : html`<span class="why">${issuer}</span>`}<br /><code
                  class="hash"
                  >${sha256}</code
                >
              </td>
            </tr> `,
        )}
      </tbody>
    </table>`;
}
