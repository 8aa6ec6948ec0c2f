import { fail } from '../ledger-schema/error.ts';
import type { Trust } from '../ledger-schema/trust.ts';

/**
 * Once the newest policy has expired, consumers resolve nothing new; ledger-format.md, "Trust policy". Throws
 * `E_POLICY_EXPIRED`, which names whom to ask.
 */
export function requireCurrent(trust: Trust, now: Date = trust.now): void {
  if (now.getTime() < trust.expires.getTime()) return;
  const { expires, roots, version } = trust.policy;
  fail('E_POLICY_EXPIRED', `policy ${version} of the ledger expired on ${expires}: nothing new is resolved`, {
    hint:
      `ask ${roots.threshold} of the root holders ${roots.holders.join(', ')} to sign policy ${version + 1}; ` +
      'what a pullthrough.lock already holds can still be fetched by get --locked',
  });
}
