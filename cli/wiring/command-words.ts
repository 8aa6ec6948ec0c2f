import { fail } from '../../ledger-schema/error.ts';
import type { IniParser } from '../../io/ini.ts';

/** A program and its words: quotes hold a word together, and no shell reads them. `example` is shown in the hint. */
export function commandWords(example: string): IniParser<readonly string[]> {
  return (value) => {
    if (!/^(?:"[^"]*"|'[^']*'|[^"'])*$/.test(value)) {
      fail('E_CONFIG', 'a quote is not closed', {
        hint: `write ${example}, where a pair of quotes holds a word together`,
      });
    }
    const words = Array.from(value.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g), ([word]) =>
      word.replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ''),
    );
    if (words.length === 0 || words[0] === '') fail('E_CONFIG', 'no program is named', { hint: `write ${example}` });
    return words;
  };
}

const words = commandWords('scan[] = clamscan --no-summary {file}');

/** A scanner: one of its words, other than the program, has `{file}` in it. */
export const scanCommand: IniParser<readonly string[]> = (value) => {
  const scanner = words(value);
  if (scanner.slice(1).some((word) => word.includes('{file}'))) return scanner;
  return fail('E_CONFIG', 'no word is {file}, so it would scan nothing', {
    hint: 'write scan[] = clamscan --no-summary {file}',
  });
};
