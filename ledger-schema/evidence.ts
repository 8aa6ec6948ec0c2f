import { z } from 'zod';
import { isSortedUnique } from './bytes.ts';
import { fail } from './error.ts';
import { FINGERPRINT, SHA256 } from './fields.ts';

/** The most bytes of one piece of evidence. */
export const EVIDENCE_BYTES = 1024 * 1024;
/** The most entries of one record. */
export const EVIDENCE_ENTRIES = 64;

const KINDS = ['sigstore', 'minisign', 'openpgp', 'list', 'key'] as const;

/** How a certificate or a log names somebody: printable ASCII without spaces. */
const identity = z.string().regex(/^[\x21-\x7e]{1,1024}$/);

/** @internal */
export const evidenceSchema = z
  .array(
    z.strictObject({
      kind: z.enum(KINDS),
      sha256: z.string().regex(SHA256).describe('of the bytes, which lie in the store'),
      size: z.int().min(1).max(EVIDENCE_BYTES).describe('bytes'),
      signer: identity.optional().describe('who signed, in the form of its kind; left out for a list alone'),
      issuer: identity.optional().describe("who vouched for a certificate's signer; left out where nobody is named"),
    }),
  )
  .min(1)
  .max(EVIDENCE_ENTRIES)
  .describe('what upstream itself signed, sorted by sha256 without duplicates');

/** What upstream itself signed about the recorded files; ledger-format.md, "Evidence". Sizes are bytes. */
export interface EvidenceEntry {
  readonly kind: EvidenceKind;
  /** Of the bytes, which are in the store. */
  readonly sha256: string;
  readonly size: number;
  /** Who signed, named as this kind names its signers; a list has none. */
  readonly signer?: string | undefined;
  /** Who vouched for a certificate's signer. */
  readonly issuer?: string | undefined;
}

export type EvidenceKind = (typeof KINDS)[number];

const PUBLIC_KEY = /^key:[0-9a-f]{64}$/;
/** 42 bytes that begin with `Ed`: their base64 has one spelling. */
const MINISIGN = /^RW[QRST][A-Za-z0-9+/]{53}$/;

/** Is this how an entry of this kind names its signer? */
export function isSigner(kind: Exclude<EvidenceKind, 'list'>, signer: string): boolean {
  switch (kind) {
    case 'sigstore':
      return PUBLIC_KEY.test(signer) || !signer.startsWith('key:');
    case 'minisign':
      return MINISIGN.test(signer);
    case 'openpgp':
      return FINGERPRINT.test(signer);
    case 'key':
      return PUBLIC_KEY.test(signer) || FINGERPRINT.test(signer);
  }
}

function problem({ kind, signer, issuer }: EvidenceEntry): string | undefined {
  if (kind === 'list') {
    return signer === undefined && issuer === undefined ? undefined : 'a list has neither signer nor issuer';
  }
  if (signer === undefined) return `${kind} needs a signer`;
  if (!isSigner(kind, signer)) return `its signer is not as ${kind} names one`;
  const certificate = kind === 'sigstore' && !signer.startsWith('key:');
  if (issuer !== undefined && !certificate) return 'only a certificate has an issuer';
  return undefined;
}

/** Throws `E_CHECKLIST` unless the entries are sorted and each names its signer as its kind does. */
export function checkEvidence(entries: readonly EvidenceEntry[]): void {
  if (!isSortedUnique(entries.map((entry) => entry.sha256))) {
    fail('E_CHECKLIST', "checklist.json's evidence is not sorted by sha256, or names something twice");
  }
  for (const entry of entries) {
    const wrong = problem(entry);
    if (wrong !== undefined) fail('E_CHECKLIST', `checklist.json's evidence ${entry.sha256}: ${wrong}`);
  }
}

/** The entry with the format's order of keys. */
export function orderedEvidence({ kind, sha256, size, signer, issuer }: EvidenceEntry): EvidenceEntry {
  return {
    kind,
    sha256,
    size,
    ...(signer === undefined ? {} : { signer }),
    ...(issuer === undefined ? {} : { issuer }),
  };
}
