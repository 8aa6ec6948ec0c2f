import { escapeTerminal } from './escape.ts';

/** What every POSIX shell takes literally, anywhere in a command. */
const BARE = /^[A-Za-z0-9_./:@%+,-][A-Za-z0-9_./:@%+,=-]*$/;

/**
 * One word of a line that is shown to be typed. Every POSIX shell, and fish too, takes it as the text itself and runs
 * nothing; what can't be seen is written as `\u{…}`, as everywhere.
 */
export function shellWord(text: string): string {
  const shown = escapeTerminal(text);
  // Single quotes, with neither a quote nor a backslash inside: shells disagree on what those do there.
  return BARE.test(shown) ? shown : `'${shown.replace(/['\\]/g, (special) => `'\\${special}'`)}'`;
}

/**
 * A command that somebody may copy into a shell: typed`pullthrough ack ${branch}`. Whatever is put into it is one word,
 * and a list is its words. Every command that is shown is made here; `test/typed-commands.test.ts` enforces it.
 */
export function typed(parts: TemplateStringsArray, ...words: readonly (string | number | readonly string[])[]): string {
  const quoted = words.map((word) => (typeof word === 'object' ? word : [String(word)]).map(shellWord).join(' '));
  return parts.map((part, i) => part + (quoted[i] ?? '')).join('');
}
