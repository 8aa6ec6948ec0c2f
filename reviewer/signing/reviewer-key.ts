import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { requireUsable } from '../../ledger-schema/openpgp/openpgp.ts';
import type { KeyFile } from '../../ledger-schema/openpgp/openpgp.ts';
import type { Trust } from '../../ledger-schema/trust.ts';

/** A key that the policy lists as a current reviewer's. */
export interface Reviewer {
  readonly holder: string;
  readonly fingerprint: string;
  /** The ledger's own copy of the key. */
  readonly key: KeyFile;
}

const HINT = "'pullthrough trust show' tells who may ack; 'pullthrough trust propose' makes the next policy";

/**
 * The reviewer whose key this is, before anything is downloaded or signed. For a nack neither expiry nor revocation is
 * looked at; ledger-format.md, "The states of a record". Throws `E_NOT_REVIEWER`.
 */
export async function requireReviewer(trust: Trust, fingerprint: string, purpose: 'ack' | 'nack'): Promise<Reviewer> {
  const holder = trust.holderOf('reviewers', fingerprint);
  const listing = trust.listing(fingerprint);
  if (holder === undefined || listing === undefined) {
    const role = roleOf(trust, fingerprint);
    fail('E_NOT_REVIEWER', `the key ${fingerprint} is not a current reviewer's in policy ${trust.version}${role}`, {
      hint: HINT,
    });
  }
  try {
    const key = await trust.keyring.key(listing.key);
    if (purpose === 'ack') requireUsable(key, { now: trust.now, revocation: true, expiry: true });
    return { holder, fingerprint, key };
  } catch (cause) {
    if (!(cause instanceof PullthroughError) || cause.exit !== 3) throw cause;
    return fail('E_NOT_REVIEWER', `no ${purpose} by ${holder}'s key ${fingerprint} would count: ${cause.message}`, {
      hint: HINT,
      cause,
    });
  }
}

function roleOf(trust: Trust, fingerprint: string): string {
  const listing = trust.listing(fingerprint);
  if (listing === undefined) return '; it is in no role';
  if (listing.former !== undefined) return '; it is listed as a former key';
  const roles = (['executors', 'roots'] as const).filter((role) => trust.holderOf(role, fingerprint) !== undefined);
  return roles.length === 0 ? '' : `; it is one of its ${roles.join(' and ')}`;
}
