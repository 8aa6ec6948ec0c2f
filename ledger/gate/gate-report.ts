import type { Finding } from '../../ledger-schema/files.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import type { CheckedRecord } from './check-records.ts';
import type { DiffScope, Difference } from '../git/objects/diff.ts';
import type { Snapshot } from '../snapshot.ts';

/**
 * The most files of one change. A release has a handful; anyone who withdraws or moves thousands makes several changes, so that
 * none holds up the others for long.
 */
export const CHANGE_FILES = 5000;

/** What the gate needs of a repository; a local repository and a clone both have it. */
export interface GateRepository {
  /** Where git finds it, for workers; undefined where only this process reads it. */
  readonly directory?: string | undefined;
  snapshot(commit: string): Snapshot;
  mergeBases(a: string, b: string): Promise<readonly string[]>;
  diff(a: string, b: string, scope: DiffScope): Promise<readonly Difference[]>;
}

export interface GateOptions {
  /** The commit that is checked. */
  readonly head: string;
  /** The commit that it would be merged into: only what differs from their merge base is checked. */
  readonly base?: string | undefined;
  /** 64 hex digits; without it trust starts at policy 1. */
  readonly pin?: string | undefined;
  readonly now: Date;
  /** Fail until every record that the change adds, or every record, has enough acks. */
  readonly requireAcknowledged?: boolean | undefined;
  /** The most files of one change, where it was merged elsewhere already; {@link CHANGE_FILES} by default. */
  readonly mostFiles?: number | undefined;
}

export interface GateReport {
  /** `all`: the whole ledger; `none`: the change touches neither `packages/` nor `trust/`. */
  readonly scope: 'all' | 'records' | 'trust' | 'none';
  readonly problems: readonly Finding[];
  readonly warnings: readonly Finding[];
  /** The records that were judged: all, or those that the change touches. */
  readonly records: readonly CheckedRecord[];
  /** Those of them that the change adds. */
  readonly added: readonly string[];
  /** The policy that judged; undefined where there is none. */
  readonly policy: { readonly version: number; readonly sha256: string; readonly expires: string } | undefined;
}

export function policyOf(trust: Trust | undefined): GateReport['policy'] {
  if (trust === undefined) return undefined;
  return { version: trust.version, sha256: trust.sha256, expires: trust.policy.expires };
}

/** A finding for each record that doesn't have enough acks; withdrawn ones are skipped, unless the change adds them. */
export function unacknowledged(records: readonly CheckedRecord[], added: ReadonlySet<string> | 'all'): Finding[] {
  return records.flatMap(({ path, state, missing }): Finding[] => {
    if (state === 'acknowledged' || (added !== 'all' && !added.has(path))) return [];
    if (state === 'withdrawn') {
      if (added === 'all') return [];
      return [{ code: 'E_WITHDRAWN', path, message: `${path} is withdrawn by a nack` }];
    }
    if (state === 'invalid')
      return [{ code: 'E_NO_SIGN', path, message: `${path} has no valid sign, so no ack counts` }];
    return [
      { code: 'E_NOT_ACKNOWLEDGED', path, message: `${path} needs ${missing} more ack${missing === 1 ? '' : 's'}` },
    ];
  });
}

/** The policy's expiry as a warning: past it the gate only warns, or the rotation could not be merged. */
export function expiryWarning(trust: Trust): Finding[] {
  if (!trust.expired) return [];
  const message = `policy ${trust.version} expired at ${trust.policy.expires}: consumers resolve nothing new until it is rotated`;
  return [{ code: 'E_POLICY_EXPIRED', path: `trust/${trust.version}.policy.json`, message }];
}
