import { foldAscii } from '../../ledger-schema/names/path.ts';
import { fail } from '../../ledger-schema/error.ts';
import { LOCK_FILE } from '../lock/lock-name.ts';

/** What this program reads in a folder to learn whom to trust and what to fetch. */
const OWN = new Set(['mirror.ini', 'tool.ini', LOCK_FILE]);

/**
 * A release could bring a file of a name that this program reads, and with it another pin: none is ever written, in any
 * folder and in any case, whatever was asked for. Throws `E_EXISTS`.
 */
export function requireNotOwn(name: string): void {
  if (!OWN.has(foldAscii(name))) return;
  fail('E_EXISTS', `pullthrough itself reads a file named ${name}: no other is ever written under that name`, {
    hint: 'get it under another name with --as, or name the other files',
  });
}
