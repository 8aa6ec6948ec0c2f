import { escapeTerminal } from '../../../io/escape.ts';

/** Markup that is safe to send: made by {@link html} alone. */
export interface Markup {
  readonly markup: string;
}

type Value = string | number | Markup | readonly Markup[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand in markup and in quoted attributes; what can't be seen is shown as `\u{…}`. */
export function escapeHtml(text: string): string {
  return escapeTerminal(text).replace(/[&<>"']/g, (char) => ENTITIES[char] ?? '');
}

/** A template whose every value is escaped, but for markup that was made by this. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  const shown = values.map((value) => {
    if (typeof value === 'object') {
      return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('');
    }
    return escapeHtml(String(value));
  });
  return { markup: parts.map((part, i) => part + (shown[i] ?? '')).join('') };
}

/** Served at its own address, so that the policy of the pages allows no style in them. */
export const STYLE = `:root { color-scheme: light dark; --line: #8886; --link: #0550ae; --good: #116329; --faint: #57606a; }
@media (prefers-color-scheme: dark) { :root { --link: #6cb6ff; --good: #57ab5a; --faint: #9aa4ae; } }
* { box-sizing: border-box; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1rem; }
a { color: var(--link); }
a:focus-visible, input:focus-visible, button:focus-visible, pre:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
h1 { font-size: 1.6rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin-top: 2rem; }
.skip { position: absolute; left: -99rem; }
.skip:focus { position: static; }
.good { color: var(--good); font-weight: 600; }
.faint { color: var(--faint); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; font-weight: 600; padding: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
.number { text-align: right; white-space: nowrap; }
code, pre { font: .875rem/1.5 ui-monospace, monospace; }
code { overflow-wrap: anywhere; }
pre { border: 1px solid var(--line); border-radius: .3rem; padding: .6rem; overflow-x: auto; user-select: all; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
ul.tools { columns: 22rem; padding-left: 1.2rem; }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; }
input, button { font: inherit; padding: .3rem .6rem; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .5rem; font-size: .875rem; }
`;

/** A whole page. `crumbs` lead back to the list of tools. */
export function page(title: string, crumbs: readonly Markup[], body: Markup, foot: Markup): string {
  const trail = crumbs.length === 0 ? html`` : html`<nav aria-label="Breadcrumb">${join(crumbs, html` / `)}</nav>`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · pullthrough</title>
        <link rel="stylesheet" href="/-/style.css" />
      </head>
      <body>
        <a class="skip" href="#main">Skip to content</a>
        ${trail}
        <main id="main">
          <h1>${title}</h1>
          ${body}
        </main>
        <footer>${foot}</footer>
      </body>
    </html> `.markup;
}

function join(parts: readonly Markup[], between: Markup): Markup {
  return { markup: parts.map(({ markup }) => markup).join(between.markup) };
}
