import type { AcknowledgedRecord, Finding, RecordedAsset, Signed } from '../ledger-schema/index.ts';
import type { VerifiedStatement } from '../evidence/entry.ts';
import type { EvidenceEntry } from '../ledger-schema/evidence.ts';
import { toolText } from './tool.ts';
import type { LedgerView } from '../ledger/view/view.ts';

/** The policy behind a verdict. */
export interface PolicyStamp {
  readonly version: number;
  /** Of the policy's bytes, in lower-case hex. */
  readonly sha256: string;
  /** ISO 8601, in UTC. */
  readonly expires: string;
}

/** A release whose record is acknowledged: these bytes are good, and these people say so. Plain data, fit for JSON. */
export interface VerifiedRelease {
  /** `github.com/jqlang/jq` */
  readonly tool: string;
  /** `jq-1.7.1` */
  readonly tag: string;
  /** The forge's own number of the repository. */
  readonly repositoryId: number;
  /** What the tag pointed to, peeled to a commit. */
  readonly commit: string;
  readonly ledger: {
    /** Its URL or folder, without any secret. */
    readonly repository: string;
    readonly commit: string;
    /** The record's directory in it. */
    readonly path: string;
  };
  readonly policy: PolicyStamp;
  readonly signedBy: Signed;
  readonly acks: readonly Signed[];
  readonly assets: readonly RecordedAsset[];
  /** What upstream signed, as the record names it; absent where there is nothing. None of it is verified yet. */
  readonly evidence?: readonly EvidenceEntry[];
  /** The same, verified here: with `verify --evidence`, and where `require` asks for evidence. */
  readonly statements?: readonly VerifiedStatement[];
  /** Signature files in the record that don't count, and why. */
  readonly ignored: readonly Finding[];
}

/** @internal The policy that a view judges by. */
function policyStamp({ trust }: LedgerView): PolicyStamp {
  return { version: trust.version, sha256: trust.sha256, expires: trust.policy.expires };
}

/** @internal What a person or a program is told about an acknowledged record. */
export function toRelease(record: AcknowledgedRecord, view: LedgerView): VerifiedRelease {
  const { checklist, signedBy, acks, assets, ignored, path } = record;
  return {
    tool: toolText(checklist),
    tag: checklist.tag,
    repositoryId: checklist.repositoryId,
    commit: checklist.commit,
    ledger: { repository: view.label, commit: view.commit, path },
    policy: policyStamp(view),
    signedBy,
    acks,
    assets,
    ...(checklist.evidence === undefined ? {} : { evidence: checklist.evidence }),
    ignored,
  };
}

/** @internal `github.com/jqlang/jq@jq-1.7.1`: how a release is named in messages. */
export function releaseOf({ tool, tag }: { readonly tool: string; readonly tag: string }): string {
  return `${tool}@${tag}`;
}
