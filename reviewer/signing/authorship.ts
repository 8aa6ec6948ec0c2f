import type { Identity } from '../../ledger/git/repository.ts';
import type { Reviewer } from './reviewer-key.ts';

/** Who a reviewer's commits say they are by: the user id of their key, as the ledger has it. It proves nothing. */
export function reviewerIdentity({ holder, key }: Reviewer): Identity {
  const [, name = '', email = ''] = /^([^<>]*)<([^<>\s]+)>$/.exec(key.userIds[0] ?? '') ?? [];
  return { name: name.trim() || holder, email: email || `${holder}@localhost` };
}
