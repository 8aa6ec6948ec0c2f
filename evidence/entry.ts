export type { EvidenceEntry, EvidenceKind } from '../ledger-schema/evidence.ts';

/** A recorded file that statements may be about. */
export interface SubjectFile {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

/** The release that statements are held against: what its record says. */
export interface Subject {
  /** The forge's host name. */
  readonly source: string;
  /** `owner/repo` */
  readonly repository: string;
  readonly repositoryId: number;
  readonly tag: string;
  readonly commit: string;
  readonly files: readonly SubjectFile[];
}

/** What a statement says, after it was verified. */
export interface VerifiedStatement {
  readonly kind: 'sigstore' | 'minisign' | 'openpgp';
  readonly sha256: string;
  readonly size: number;
  /** The in-toto predicate's type; undefined for a signature over a file. */
  readonly predicate?: string | undefined;
  readonly signer: string;
  readonly issuer?: string | undefined;
  /** ISO 8601, in UTC: by the log or the timestamp authority; for minisign and OpenPGP by the signer's own word. */
  readonly signedAt?: string | undefined;
  /** As the certificate says it. */
  readonly sourceRepository?: string | undefined;
  readonly commit?: string | undefined;
  /** The one file that a signature is over; its name is empty for a list that is kept beside the files. */
  readonly over?: { readonly name: string; readonly sha256: string } | undefined;
  /** Names of the recorded files that it covers, sorted. */
  readonly files: readonly string[];
}
