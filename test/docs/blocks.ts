import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** Every page whose commands are run. */
export const PAGES = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
);

/** A fenced block of a page. */
export interface Block {
  /** `sh`, `ini`, …; what stands first behind the fence. */
  readonly language: string;
  /** The other words there: who types it, or the file that it is. */
  readonly words: readonly string[];
  readonly text: string;
  /** Of its first line, counted from 1. */
  readonly line: number;
  /** The heading that it stands below. */
  readonly heading: string;
}

export function pageText(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

/** The fenced blocks of a page in order. Throws for one that never ends. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let heading = '';
  let open: { language: string; words: string[]; line: number; lines: string[] } | undefined;
  for (const [index, line] of pageText(page).split('\n').entries()) {
    if (open !== undefined && line === '```') {
      const { lines, ...rest } = open;
      blocks.push({ ...rest, text: lines.map((one) => `${one}\n`).join(''), heading });
      open = undefined;
    } else if (open !== undefined) {
      open.lines.push(line);
    } else if (line.startsWith('```')) {
      const [language = '', ...words] = line.slice(3).split(' ');
      open = { language, words, line: index + 2, lines: [] };
    } else if (/^#+ /.test(line)) {
      heading = line.replace(/^#+ /, '');
    }
  }
  if (open !== undefined) throw new Error(`${page}:${String(open.line)} never ends`);
  return blocks;
}

/** One command, which may go on over several lines. */
export interface Command {
  readonly text: string;
  readonly line: number;
  /** What it must end with: 0, or what a comment behind it says, as in `# exits 3`. */
  readonly status: number;
}

export function commandsOf({ text, line }: Block): Command[] {
  const commands: Command[] = [];
  let begun: { text: string; line: number } | undefined;
  for (const [index, one] of text.split('\n').entries()) {
    if (begun === undefined && (one.trim() === '' || one.startsWith('#'))) continue;
    const { text: before, line: at } = begun ?? { text: '', line: line + index };
    begun = { text: `${before}${one}\n`, line: at };
    if (one.endsWith('\\')) continue;
    const status = Number(/#.*\bexits (\d+)\b/.exec(begun.text)?.[1] ?? 0);
    commands.push({ ...begun, status });
    begun = undefined;
  }
  return commands;
}
