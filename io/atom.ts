import { brief } from '../ledger-schema/bytes.ts';
import { escapeMarkup } from './escape.ts';

/** Something that happened. Times are ISO 8601. */
export interface AtomEntry {
  /** A permanent URI. */
  readonly id: string;
  readonly title: string;
  readonly updated: string;
  readonly by: string;
  readonly link?: string | undefined;
  readonly content: string;
}

export interface AtomHead {
  readonly id: string;
  readonly title: string;
  readonly updated: string;
  /** Where the feed itself is. */
  readonly self?: string | undefined;
  /** What it is about. */
  readonly link?: string | undefined;
}

/** An Atom feed (RFC 4287). Every text from outside is escaped. Pure. */
export function atomText({ id, title, updated, self, link }: AtomHead, entries: readonly AtomEntry[]): string {
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<feed xmlns="http://www.w3.org/2005/Atom">',
    `  <id>${escapeMarkup(id)}</id>`,
    `  <title>${xml(title)}</title>`,
    `  <updated>${updated}</updated>`,
    ...(self === undefined ? [] : [`  <link rel="self" type="application/atom+xml" href="${escapeMarkup(self)}"/>`]),
    ...(link === undefined ? [] : [`  <link href="${escapeMarkup(link)}"/>`]),
    ...entries.flatMap((entry) => [
      '  <entry>',
      `    <id>${escapeMarkup(entry.id)}</id>`,
      `    <title>${xml(entry.title)}</title>`,
      `    <updated>${entry.updated}</updated>`,
      `    <author><name>${xml(entry.by)}</name></author>`,
      ...(entry.link === undefined ? [] : [`    <link href="${escapeMarkup(entry.link)}"/>`]),
      `    <content type="text">${xml(entry.content)}</content>`,
      '  </entry>',
    ]),
    '</feed>',
    '',
  ].join('\n');
}

/** Text for people, which may be cut short. */
function xml(text: string): string {
  return escapeMarkup(brief(text));
}
