import { NOTHING, html } from './html.ts';
import type { PageContext } from './model.ts';
import { page } from './page.ts';
import { sentence } from './words.ts';

/** An error as a page: what is wrong, and what to do. */
export function errorPage(title: string, message: string, hint: string | undefined, context: PageContext): string {
  const body = html`<div class="banner bad"><p>${sentence(message)}</p></div>
    ${hint === undefined ? NOTHING : html`<p class="lead">${sentence(hint)}</p>`}`;
  return page(title, [{ text: 'Tools', href: context.place.home(1) }, { text: title }], body, context);
}
