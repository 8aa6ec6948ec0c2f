/**
 * What a name or a message from outside could do to its reader: control and C1 characters, bidirectional and other
 * format characters, line separators, lone surrogates, private and unassigned code points, everything that is
 * invisible, and spaces that aren't the space.
 */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}|[\u2800\u3164\uFFA0]/gu;

function codePoint(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** One line that shows what is there and does nothing: what can't be seen is written as `\u{…}`, line ends included. */
export function escapeTerminal(text: string): string {
  return text.replace(UNSEEN, codePoint);
}

/**
 * {@link escapeTerminal} for a line in a GitHub Actions log, where the runner takes `::command::` at a line's beginning
 * and `##[command]` anywhere for commands.
 */
export function escapeLog(text: string): string {
  return escapeTerminal(text)
    .replace(/:(?=:)/g, '\\u{3a}')
    .replace(/##(?=\[)/g, '#\\u{23}');
}

/**
 * The lines of a message in which GitHub or git said several: each escaped on its own, and every line but the first
 * indented, so that none of them looks like a line of ours.
 */
export function escapeLines(
  text: string,
  escape: (line: string) => string,
): readonly [first: string, ...more: string[]] {
  const [first = '', ...more] = text.split('\n');
  return [escape(first), ...more.filter((line) => line.trim() !== '').map((line) => `  ${escape(line.trimStart())}`)];
}

/** A message of several lines where there is room for one. */
export function inOneLine(text: string): string {
  return text.replaceAll('\n', '; ');
}

export type AnnotationKind = 'error' | 'warning' | 'notice' | 'group';

/**
 * A workflow command of GitHub Actions: `::error title=…::message`, of one line in the log, whatever lines it has. Its data
 * and properties are escaped as the runner unescapes them (https://github.com/actions/toolkit, packages/core/src/command.ts).
 */
export function annotation(kind: AnnotationKind, message: string, title?: string): string {
  const data = escapeLines(message, escapeTerminal)
    .map((line) => line.replace(/%/g, '%25'))
    .join('%0A');
  const property = escapeTerminal(title ?? '')
    .replace(/%/g, '%25')
    .replace(/:/g, '%3A')
    .replace(/,/g, '%2C');
  return property === '' ? `::${kind}::${data}` : `::${kind} title=${property}::${data}`;
}

/**
 * A Markdown code span that its text can't leave, also in a cell of a GitHub table: the fence is longer than any run of
 * backticks in it. A pipe is written as `\u{7c}`: GitHub's tables split at one even after an escaped backslash.
 */
export function codeSpan(text: string): string {
  const shown = escapeTerminal(text).replace(/\|/g, '\\u{7c}');
  if (shown.trim() === '') return '` `';
  const longest = Math.max(0, ...Array.from(shown.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = /^[` ]|[` ]$/.test(shown) ? ' ' : '';
  return `${fence}${pad}${shown}${pad}${fence}`;
}

/**
 * JSON that a terminal and an Actions log can show: what {@link escapeLog} would change is written as JSON's own
 * `\uXXXX`, so that a parser reads the very same value.
 */
export function safeJson(value: unknown): string {
  return JSON.stringify(value, null, 2)
    .replace(UNSEEN, (character) => (character === '\n' ? character : jsonUnits(character)))
    .replace(/:(?=:)/g, '\\u003a')
    .replace(/##(?=\[)/g, '#\\u0023');
}

/** JSON in one line for a client that may print it as it is: what can't be seen is written as JSON's own `\uXXXX`. */
export function plainJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSEEN, jsonUnits);
}

function jsonUnits(text: string): string {
  return Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join(
    '',
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Most text has nothing to escape, and there is much of it. */
const HARMLESS = /^[A-Za-z0-9 _.,:;/@+=()%#!*~-]*$/;

/** Text as it may stand in HTML and XML and in quoted attributes of them; what can't be seen is shown as `\u{…}`. */
export function escapeMarkup(text: string): string {
  if (HARMLESS.test(text)) return text;
  return escapeTerminal(text).replace(/[&<>"']/g, (char) => ENTITIES[char] ?? '');
}
