import { atomText } from '../../../io/atom.ts';
import { escapeTerminal } from '../../../io/escape.ts';
import type { SiteEvent } from './events.ts';
import type { SiteFile } from '../model.ts';
import type { SiteContext } from '../site-context.ts';

const TITLE = 'Releases that were acknowledged, withdrawn, or are expiring';

/** `feed.atom` and `feed.json`: the same events, for programs of either kind. */
export function feeds(events: readonly SiteEvent[], { view, baseUrl }: SiteContext): SiteFile[] {
  const id = `urn:pullthrough:${view.trust.ledger}:site`;
  const idOf = ({ kind, name }: SiteEvent): string => `${id}:${kind}:${name}`;
  const at = (path: string): string | undefined =>
    baseUrl === undefined ? undefined : `${baseUrl}/${path.split('/').map(encodeURIComponent).join('/')}`;
  const atom = atomText(
    {
      id,
      title: TITLE,
      updated: events[0]?.at ?? '1970-01-01T00:00:00Z',
      self: at('feed.atom'),
      link: at('index.html'),
    },
    events.map((event) => ({
      id: idOf(event),
      title: event.title,
      updated: event.at,
      by: event.by,
      link: at(event.page),
      content: event.text,
    })),
  );
  const json = {
    version: 'https://jsonfeed.org/version/1.1',
    title: TITLE,
    home_page_url: at('index.html'),
    feed_url: at('feed.json'),
    language: 'en',
    items: events.map((event) => ({
      id: idOf(event),
      url: at(event.page),
      title: escapeTerminal(event.title),
      content_text: escapeTerminal(event.text),
      date_published: event.at,
      authors: [{ name: escapeTerminal(event.by) }],
      tags: [event.kind],
    })),
  };
  return [
    { path: 'feed.atom', content: atom },
    { path: 'feed.json', content: `${JSON.stringify(json, null, 2)}\n` },
  ];
}
