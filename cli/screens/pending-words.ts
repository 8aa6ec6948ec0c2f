import type { Pending } from '../../proposals/pending.ts';
import { typed } from '../../io/shell.ts';
import { neededText } from './needed-text.ts';

/** What an open change waits for, in the words that `pending`, `ledger status` and the others share. */
export function awaitedText({
  awaits,
  missing,
  from,
  reason,
}: Pick<Pending, 'awaits' | 'missing' | 'from' | 'reason'>): string {
  switch (awaits) {
    case 'ack':
      return neededText(missing, from);
    case 'sign':
      return neededText(missing, from, 'root signature');
    case 'merge':
      return 'ready to be merged';
    case 'close':
      return `to be closed: ${reason ?? 'it was nacked'}`;
    case 'fix':
      return `refused: ${reason ?? ''}`;
    case 'take':
      return reason === undefined ? 'requested' : `requested: ${reason}`;
  }
}

/** The command line for the next step; undefined where there is none. */
export function nextStep({ awaits, tool, tag, branch, pull }: Pending): string | undefined {
  const change = pull === undefined ? branch : String(pull.number);
  switch (awaits) {
    case 'ack':
      return change === undefined ? undefined : typed`pullthrough ack ${change}`;
    case 'sign':
      return typed`pullthrough trust sign`;
    case 'merge':
      return change === undefined ? undefined : typed`pullthrough ledger merge ${change}`;
    case 'close':
      return change === undefined ? undefined : typed`pullthrough ledger close ${change}`;
    case 'take':
      return tag === undefined && tool !== undefined
        ? typed`pullthrough add ${tool}`
        : typed`pullthrough mirror --requested`;
    case 'fix':
      return undefined;
  }
}
