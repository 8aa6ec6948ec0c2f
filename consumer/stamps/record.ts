import type { RecordedAsset } from '../../ledger-schema/index.ts';
import type { EvidenceEntry } from '../../ledger-schema/evidence.ts';

/** A record that is acknowledged or withdrawn: what a stamp is made of. */
export interface StampRecord {
  readonly source: string;
  /** `owner/repo` */
  readonly repository: string;
  readonly repositoryId: number;
  readonly tag: string;
  readonly commit: string;
  /** The record's directory in the ledger. */
  readonly path: string;
  /** SHA-256 of checklist.sha256. */
  readonly checklist: string;
  readonly state: 'acknowledged' | 'withdrawn';
  /** When it became acknowledged, by its signatures. */
  readonly published: Date;
  /** Who acknowledged it: holders. */
  readonly acks: readonly string[];
  /** Who withdrew it. */
  readonly nacks: readonly string[];
  /** Why, in their words, where they are known. */
  readonly reason?: string | undefined;
  readonly assets: readonly RecordedAsset[];
  readonly evidence: readonly EvidenceEntry[];
  /** When its acks stop counting because keys expire; undefined: never. */
  readonly goodUntil?: Date | undefined;
}

/** A vendor's own packslip that was kept as evidence, and that verifies. */
export interface VendorPackslip {
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly publishedAt: string;
  /** Does it mention files that the record doesn't have? Then it would let in files that nobody looked at. */
  readonly beyond: boolean;
}
