import { mapLimit } from '../io/limit.ts';
import { checkRecords } from '../ledger/gate/check-records.ts';
import type { CheckedRecord } from '../ledger/gate/check-records.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import type { ErrorCode } from '../ledger-schema/error.ts';
import { tryLedgerPath } from '../ledger-schema/names/layout.ts';
import type { RecordState } from '../ledger-schema/record.ts';
import { AT_ONCE, listOpenChanges } from '../proposals/list-changes.ts';
import type { OpenChange, Stranger } from '../proposals/list-changes.ts';
import { requireFresh, requireHeadOf } from '../ledger/view/freshness.ts';
import { readSignedHead } from '../ledger/view/signed-head.ts';
import type { WithView } from '../proposals/with-view.ts';
import { judgeChange } from '../proposals/merge/merge.ts';
import { readProposal } from '../proposals/read-proposal.ts';

/** An open proposal: what it is about, and what it still needs. */
export interface ProposalStatus extends OpenChange {
  /** The record's path; undefined where the proposal isn't valid. */
  readonly record?: string | undefined;
  readonly adds?: 'record' | 'ack' | 'nack' | undefined;
  readonly state?: RecordState | undefined;
  readonly acked: readonly string[];
  /** Reviewers who have not acked it. */
  readonly owes: readonly string[];
  readonly missing: number;
  /** Why the gate does not take it. */
  readonly error?: { readonly code: ErrorCode; readonly message: string } | undefined;
}

/** A policy that waits for its signatures, or to be merged. */
export interface ProposedPolicyStatus extends OpenChange {
  /** Why the gate does not take it yet; empty where it can be merged. */
  readonly problems: readonly { readonly code: ErrorCode; readonly message: string }[];
}

export interface LedgerStatus {
  readonly commit: string;
  readonly records: Readonly<Record<RecordState, number>>;
  /** Those that consumers can't use. */
  readonly unusable: readonly Pick<CheckedRecord, 'path' | 'state' | 'missing' | 'nacks' | 'problems' | 'ignored'>[];
  readonly proposals: readonly ProposalStatus[];
  readonly policies: readonly ProposedPolicyStatus[];
  /** Open pull requests from other repositories; they count for nothing. */
  readonly strangers: readonly Stranger[];
  /** The newest signed head; undefined where there is none that an executor signed. */
  readonly head?: { readonly issued: string; readonly expires: string } | undefined;
  /**
   * Why the signed head says nothing of the ledger as it is: it is not an executor's, or of a state that isn't shown; where
   * `maxAge` is asked for, also because it is too old, or missing.
   */
  readonly stale?:
    { readonly code: ErrorCode; readonly message: string; readonly hint?: string | undefined } | undefined;
  readonly policy: {
    readonly version: number;
    readonly sha256: string;
    readonly expires: string;
    /** Whole days until it expires; negative when it has. */
    readonly daysLeft: number;
  };
}

const DAY = 86_400_000;

/**
 * Records and proposals by state, whose acks are missing, days until the policy expires, and how old the signed head is.
 * `maxAge`: how old it may be, in milliseconds; undefined: that is not asked.
 */
export async function ledgerStatus(context: WithView, maxAge?: number): Promise<LedgerStatus> {
  const { snapshot, trust, commit } = context.view;
  const paths: string[] = [];
  for await (const { path } of snapshot.walk('packages')) {
    const parsed = tryLedgerPath(path);
    if (parsed?.kind === 'sums') paths.push(parsed.record);
  }
  const checked = await checkRecords(snapshot, trust, paths);
  const records = { proposed: 0, acknowledged: 0, withdrawn: 0, invalid: 0 };
  for (const record of checked) records[record.state] += 1;
  const { changes, strangers } = await listOpenChanges(context);
  const wanted = changes.filter(({ kind }) => kind !== 'policy');
  const rotations = changes.filter(({ kind }) => kind === 'policy');
  const proposals = await mapLimit(wanted, AT_ONCE, (change) => proposalStatus(context, change));
  const policies = await mapLimit(rotations, AT_ONCE, (change) => policyStatus(context, change));
  const { version, sha256, expires } = trust;
  return {
    commit,
    ...(await headStatus(context, maxAge)),
    records,
    unusable: checked.filter((record) => record.state !== 'acknowledged'),
    proposals: proposals.filter((proposal) => proposal !== undefined),
    policies: policies.filter((policy) => policy !== undefined),
    strangers,
    policy: {
      version,
      sha256,
      expires: trust.policy.expires,
      daysLeft: Math.floor((expires.getTime() - context.now.getTime()) / DAY),
    },
  };
}

async function headStatus(
  { ledger, memory, now, view }: WithView,
  maxAge: number | undefined,
): Promise<Pick<LedgerStatus, 'head' | 'stale'>> {
  let signed: LedgerStatus['head'];
  try {
    const head = (await readSignedHead(ledger, view.trust))?.head;
    signed = head && { issued: head.issued, expires: head.expires };
    const asked = { trust: view.trust, now, follows: (commit: string) => view.descendsFrom(commit) };
    if (maxAge !== undefined) await requireFresh({ ...asked, head, seen: (await memory.read())?.head, maxAge });
    else if (head !== undefined) await requireHeadOf(head, asked);
    return { head: signed };
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.exit !== 3) throw error;
    const { code, message, hint } = error;
    return { head: signed, stale: { code, message, hint } };
  }
}

function proposalStatus(context: WithView, change: OpenChange): Promise<ProposalStatus | undefined> {
  return orRefused<ProposalStatus>(
    async () => {
      const { record, adds } = await readProposal(context, change);
      const owes = context.view.trust.policy.reviewers.holders.filter((holder) => !record.ackHolders.includes(holder));
      const { path, ackHolders, missing } = record;
      return { ...change, record: path, adds, state: record.state, acked: ackHolders, owes, missing };
    },
    (error) => ({ ...change, acked: [], owes: [], missing: 0, error }),
  );
}

function policyStatus(context: WithView, change: OpenChange): Promise<ProposedPolicyStatus | undefined> {
  return orRefused<ProposedPolicyStatus>(
    async () => {
      const { problems } = await judgeChange(context, change);
      return { ...change, problems: problems.map(({ code, message }) => ({ code, message })) };
    },
    (problem) => ({ ...change, problems: [problem] }),
  );
}

/** Undefined for a branch that was merged and not removed yet: it has nothing to say. */
async function orRefused<T>(
  look: () => Promise<T>,
  refused: (problem: { readonly code: ErrorCode; readonly message: string }) => T,
): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    if (error.code === 'E_NO_CHANGE') return undefined;
    if (error.exit !== 3) throw error;
    return refused({ code: error.code, message: error.message });
  }
}
