import { roleKeys } from '../../../ledger/policy/role-keys.ts';
import { readLedger } from '../../../proposals/ledger-state.ts';
import type { OpenedReviewer } from '../../wiring/reviewer-context.ts';

/** The keys whose acks and nacks the ledger takes. */
export async function currentReviewers(reviewer: OpenedReviewer['reviewer']): Promise<string[]> {
  return roleKeys([(await readLedger(reviewer)).trust.policy], 'reviewers');
}
