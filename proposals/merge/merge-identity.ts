import type { Identity } from '../../ledger/git/repository.ts';

/** The author of a merge where the configuration names none. */
const NOBODY: Identity = { name: 'pullthrough', email: 'pullthrough@localhost' };

/** `[ledger] author`, or a default where there is none. */
export function mergeIdentity(configured: Identity | undefined): Identity {
  return configured ?? NOBODY;
}
