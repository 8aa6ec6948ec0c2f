import { roleKeys } from '../../../ledger/policy/role-keys.ts';
import type { OpenedReviewer } from '../../wiring/reviewer-context.ts';
import { openView } from '../../../ledger/view/view.ts';

/** The keys whose acks and nacks the ledger takes. */
export async function currentReviewers(reviewer: OpenedReviewer['reviewer']): Promise<string[]> {
  return roleKeys([(await openView(reviewer)).trust.policy], 'reviewers');
}
