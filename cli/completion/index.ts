import { fail } from '../../ledger-schema/error.ts';
import { nearest } from '../../io/nearest.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { zshCompletion } from './zsh.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** The completion script for a shell, made from the command table. Throws `E_USAGE`. */
export function completionScript(name: string): string {
  const shell = SHELLS.find((known) => known === name);
  switch (shell) {
    case 'bash':
      return bashCompletion();
    case 'zsh':
      return zshCompletion();
    case 'fish':
      return fishCompletion();
    case undefined: {
      const near = nearest(name, SHELLS);
      const hint = near === undefined ? 'name bash, zsh or fish' : `did you mean ${near}?`;
      return fail('E_USAGE', `there is no completion for ${name}`, { hint });
    }
  }
}
