import type { Plugin } from 'rolldown';

/** A character that would be escaped twice, or whose escape would be read as it stands. */
const NOT_SAFE = /\\[^\x00-\x7f]|String\.raw`[^`]*[^\x00-\x7f]/;

/**
 * Writes what isn't ASCII as `\uXXXX`, which means the same in strings, templates, patterns and names. V8 keeps a file's text
 * as long as its functions live, with two bytes a character as soon as one of them needs two. Throws where an escape
 * would mean something else.
 */
export function escapeNonAscii(code: string): string {
  const unsafe = NOT_SAFE.exec(code);
  if (unsafe !== null) throw new Error(`cannot be written in ASCII: ${unsafe[0].slice(0, 80)}`);
  return code.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The same for each file of a bundle, once nothing writes it again. */
export function oneByteText(): Plugin {
  return {
    name: 'one-byte-text',
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) if (file.type === 'chunk') file.code = escapeNonAscii(file.code);
    },
  };
}
