import { escapeMarkup } from '../../io/escape.ts';

/** Markup that is safe to send: made by {@link html} alone. */
export interface Markup {
  readonly markup: string;
}

type Value = string | number | Markup | readonly Markup[];

/** White space between tags, which is only there to lay out the source. */
const LAYOUT = /\s*\n\s*/g;
const laidOut = new WeakMap<TemplateStringsArray, readonly string[]>();

/** The fixed parts of a template, with each line break and the space around it as one newline. */
function fixedParts(parts: TemplateStringsArray): readonly string[] {
  const known = laidOut.get(parts) ?? parts.map((part) => part.replace(LAYOUT, '\n'));
  laidOut.set(parts, known);
  return known;
}

/** A template whose every value is escaped, but for markup that was made by this. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  let markup = '';
  for (const [i, part] of fixedParts(parts).entries()) {
    const value = values[i];
    if (value === undefined) markup += part;
    else if (typeof value !== 'object') markup += part + escapeMarkup(String(value));
    else markup += part + ('markup' in value ? value.markup : value.map((each) => each.markup).join(''));
  }
  return { markup };
}

/** Nothing. */
export const NOTHING: Markup = { markup: '' };

export function join(parts: readonly Markup[], between: Markup): Markup {
  return { markup: parts.map(({ markup }) => markup).join(between.markup) };
}
