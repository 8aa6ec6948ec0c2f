import { escapeTerminal } from './escape.ts';

/** What every POSIX shell takes as it stands, wherever in a command it is. */
const BARE = /^[A-Za-z0-9_./:@%+,-][A-Za-z0-9_./:@%+,=-]*$/;

/**
 * One word of a line that is shown to be typed. It stands for the text itself in every POSIX shell, fish among them, and
 * runs nothing; what can't be seen stands as `\u{…}`, as everywhere.
 */
export function shellWord(text: string): string {
  const shown = escapeTerminal(text);
  // Single quotes, where neither a quote nor a backslash stands within them: shells disagree on what these do there.
  return BARE.test(shown) ? shown : `'${shown.replace(/['\\]/g, (special) => `'\\${special}'`)}'`;
}

/**
 * A command that somebody may copy into a shell: typed`pullthrough ack ${branch}`. Whatever is put into it is one word,
 * a list its words. Every command that is shown is made here; `test/typed-commands.test.ts` holds it.
 */
export function typed(parts: TemplateStringsArray, ...words: readonly (string | number | readonly string[])[]): string {
  const quoted = words.map((word) => (typeof word === 'object' ? word : [String(word)]).map(shellWord).join(' '));
  return parts.map((part, i) => part + (quoted[i] ?? '')).join('');
}
