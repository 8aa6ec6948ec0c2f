import { NOTHING, html } from './html.ts';
import type { PageContext } from './model.ts';
import { page } from './page.ts';

/** An error as a page: what is wrong, and what to do. */
export function errorPage(title: string, message: string, hint: string | undefined, context: PageContext): string {
  const body = html`<p>${message}</p>
    ${hint === undefined ? NOTHING : html`<p class="lead">${hint}</p>`}`;
  return page(title, [{ text: 'Tools', href: context.place.home(1) }, { text: title }], body, context);
}
