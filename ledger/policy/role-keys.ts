import type { Policy } from '../../ledger-schema/policy.ts';
import type { Role } from '../../ledger-schema/trust.ts';

/** The primary keys' fingerprints that policies list for a role now. */
export function roleKeys(policies: readonly Policy[], role: Role): string[] {
  return policies.flatMap((policy) =>
    policy[role].holders.flatMap((holder) => (policy.holders[holder] ?? []).map(({ fingerprint }) => fingerprint)),
  );
}
