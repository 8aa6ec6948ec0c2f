import type { Identity } from '../../ledger/git/repository.ts';

/** A merge that nobody's configuration names an author for. */
const NOBODY: Identity = { name: 'pullthrough', email: 'pullthrough@localhost' };

/** `[ledger] author`, or a name that stands for none. */
export function mergeIdentity(configured: Identity | undefined): Identity {
  return configured ?? NOBODY;
}
