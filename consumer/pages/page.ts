import { NOTHING, html } from './html.ts';
import type { Markup } from './html.ts';
import type { PageContext } from './model.ts';

export interface Crumb {
  readonly text: string;
  /** Undefined for the page itself. */
  readonly href?: string | undefined;
}

/** A whole page. `crumbs` lead back to the list of tools. */
export function page(title: string, crumbs: readonly Crumb[], body: Markup, context: PageContext): string {
  const { place, alert = NOTHING, head = NOTHING, foot } = context;
  const icon = place.icon === undefined ? NOTHING : html`<link rel="icon" href="${place.icon}" />`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        ${head}
        <title>${title} · pullthrough</title>
        <link rel="stylesheet" href="${place.style}" />
        ${icon}
      </head>
      <body>
        <a class="skip" href="#main">Skip to content</a>
        <header class="top">
          <nav aria-label="Breadcrumb">
            <ol>
              ${crumbs.map(crumb)}
            </ol>
          </nav>
        </header>
        <main id="main">
          <h1>${title}</h1>
          ${alert} ${body}
        </main>
        <footer>${foot}</footer>
      </body>
    </html> `.markup;
}

function crumb({ text, href }: Crumb): Markup {
  return href === undefined ? html`<li aria-current="page">${text}</li>` : html`<li><a href="${href}">${text}</a></li>`;
}

/** What no reader may miss. */
export function alertOf(text: Markup): Markup {
  return html`<div class="banner bad" role="note"><p>${text}</p></div>`;
}

/** Links to the pages of a long list. */
export function pager(address: (number: number) => string, number: number, total: number, size: number): Markup {
  const last = Math.max(1, Math.ceil(total / size));
  if (last === 1) return NOTHING;
  const near = [1, number - 2, number - 1, number, number + 1, number + 2, last];
  const numbers = [...new Set(near)].filter((each) => each >= 1 && each <= last).sort((a, b) => a - b);
  const shown = numbers.map((each, i) => {
    const gap = each - (numbers[i - 1] ?? each - 1) > 1 ? html`<span aria-hidden="true">…</span> ` : NOTHING;
    return each === number
      ? html`${gap}<span aria-current="page">${each}</span> `
      : html`${gap}<a href="${address(each)}" aria-label="Page ${each}">${each}</a> `;
  });
  const step = (to: number, text: string, rel: string): Markup =>
    to < 1 || to > last ? NOTHING : html`<a href="${address(to)}" rel="${rel}">${text}</a> `;
  return html`<nav class="pages" aria-label="Pages">
    ${step(number - 1, 'Previous', 'prev')}${shown}${step(number + 1, 'Next', 'next')}
  </nav>`;
}
