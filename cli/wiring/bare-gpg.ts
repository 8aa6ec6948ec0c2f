import { COMMANDS } from '../spec/index.ts';

/** The command that a line begins with, if there is one: `store` or `store check`. */
export function namedCommand(argv: readonly string[]): string | undefined {
  const words = argv.filter((word) => !word.startsWith('-'));
  const names = COMMANDS.flatMap(({ name }) => [name, name.split(' ')[0] ?? name]);
  return [words.slice(0, 2).join(' '), words[0]].find((name) => name !== undefined && names.includes(name));
}

/** How many words of a line are neither an option nor an option's value, not counting the one after each `--gpg`. */
function countArguments(argv: readonly string[], command: string | undefined): number {
  const spec = COMMANDS.find(({ name }) => name === command)?.spec;
  let count = 0;
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    if (word === '--gpg') i++;
    else if (word.startsWith('-')) {
      const kind = spec?.options[word.slice(2)]?.kind;
      if (kind !== undefined && kind !== 'flag' && kind !== 'optional') i++;
    } else count++;
  }
  return count - (command?.split(' ').length ?? 0);
}

/**
 * `--gpg [KEY]` comes before an argument as often as not. What looks like a key (a fingerprint, key id, mail address or
 * `=NAME`) is one; a change or a release is a number or has a slash; a folder may have any name, so any other word is a key
 * where the folder is named elsewhere.
 */
export function moveBareGpg(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  const options = end < 0 ? [...argv] : argv.slice(0, end);
  const rest = end < 0 ? [] : argv.slice(end);
  const at = options.indexOf('--gpg');
  const next = options[at + 1];
  if (at < 0 || next === undefined || next.startsWith('-')) return [...argv];
  const isKey = /^(?:0x)?[0-9A-Fa-f]{8,64}!?$/.test(next) || /^[^/\s]*@[^/]*$|<.*@.*>|^=/.test(next);
  const command = namedCommand(argv);
  const isOther = command === 'ledger init' ? countArguments(argv, command) < 1 : /^#?[0-9]+$|\//.test(next);
  if (isKey || !isOther) return [...argv];
  options.splice(at, 1);
  return [...options, '--gpg', ...rest];
}
