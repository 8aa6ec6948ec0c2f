import type { EvidenceEntry } from '../ledger-schema/evidence.ts';

/** Who says what, without the ref: a workflow signs each release from a different tag. */
export function signerWithoutRef(signer: string): string {
  return /^https:\/\//.test(signer) ? signer.replace(/@[^@]*$/, '') : signer;
}

/**
 * The statements of an earlier record that have no counterpart in a later one: the same kind, by the same signer,
 * without the ref. Lists and keys are not statements. Pure.
 */
export function weakerEvidence(
  before: readonly EvidenceEntry[] | undefined,
  now: readonly EvidenceEntry[] | undefined,
): EvidenceEntry[] {
  const has = new Set((now ?? []).map(identityOf));
  const seen = new Set<string>();
  return (before ?? []).filter((entry) => {
    if (entry.kind === 'list' || entry.kind === 'key') return false;
    const identity = identityOf(entry);
    const lost = !has.has(identity) && !seen.has(identity);
    seen.add(identity);
    return lost;
  });
}

function identityOf({ kind, signer = '', issuer = '' }: EvidenceEntry): string {
  return JSON.stringify([kind, signerWithoutRef(signer), issuer]);
}
