const WORDS = ['no', 'one', 'two', 'three', 'four'];

/** `one more ack needed, from ada or linus`; `two more acks needed, from ada and linus` where each of them has to. */
export function neededText(missing: number, from: readonly string[], noun = 'ack'): string {
  const count = WORDS[missing] ?? String(missing);
  const last = from.at(-1) ?? '';
  const word = missing < from.length ? 'or' : 'and';
  const names = from.length < 2 || from.length > 8 ? listed(from) : `${from.slice(0, -1).join(', ')} ${word} ${last}`;
  return `${count} more ${noun}${missing === 1 ? '' : 's'} needed, from ${names}`;
}

/** `a, b, c and 12 more`. */
function listed(names: readonly string[]): string {
  if (names.length === 0) return 'nobody known';
  return names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');
}
