import { typed } from '../../io/shell.ts';
import { NOTHING, html } from './html.ts';
import type { Markup } from './html.ts';
import type { ReleaseView } from './model.ts';
import { exactTag } from './tool-page.ts';

/** The lines for a release as a whole. */
export function copyLines({ tag }: ReleaseView, name: string): Markup {
  const wanted = `${name}@${exactTag(tag)}`;
  return html`<section class="copy" aria-labelledby="copy">
    <h2 id="copy">To copy</h2>
    ${line('The file for this machine', typed`pullthrough get ${wanted} --platform auto --executable`)}
    ${line('Who vouches for it', typed`pullthrough verify ${wanted}`)}
    ${line('Into pullthrough.lock', typed`pullthrough lock ${wanted}`)}
  </section>`;
}

/** The lines for one file, folded away. `url`: where it is served. */
export function fileLines({ tag }: ReleaseView, name: string, asset: string, url: string | undefined): Markup {
  const get = typed`pullthrough get ${[`${name}@${exactTag(tag)}`, ...assetWords(asset)]}`;
  return html`<details class="copy">
    <summary aria-label="Lines to copy for ${asset}">Lines to copy</summary>
    ${line(`Get ${asset}`, get)} ${url === undefined ? NOTHING : line(`Get ${asset} with curl`, curlLine(asset, url))}
  </details>`;
}

function line(label: string, command: string): Markup {
  return html`<p class="label">${label}</p>
    <pre tabindex="0" role="group" aria-label="${label}"><code>${command}</code></pre> `;
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
