import type { EvidenceEntry } from '../ledger-schema/evidence.ts';

/** A statement as its record names it, and what it says. */
export interface ComparedEntry extends EvidenceEntry {
  /** The in-toto predicate's type, empty for a signature over a file; undefined where its bytes were not read. */
  readonly predicate?: string | undefined;
}

/** Who says what, without the ref: a workflow signs each release from a different tag. */
export function signerWithoutRef(signer: string): string {
  return /^https:\/\//.test(signer) ? signer.replace(/@(?:refs\/.*|[0-9a-f]{40}|[0-9a-f]{64})$/, '') : signer;
}

/** Without its version: upstream may go to the next one. */
function predicateFamily(predicate: string): string {
  return predicate.replace(/\/v?[0-9]+(?:\.[0-9]+)*$/, '');
}

/**
 * The statements of an earlier record that have no counterpart in a later one: the same kind, by the same signer,
 * without the ref, of the same predicate where both are known. Lists and keys are not statements. Pure.
 */
export function weakerEvidence(
  before: readonly ComparedEntry[] | undefined,
  now: readonly ComparedEntry[] | undefined,
): ComparedEntry[] {
  const has = now ?? [];
  const seen = new Set<string>();
  return (before ?? []).filter((entry) => {
    if (entry.kind === 'list' || entry.kind === 'key') return false;
    const says = `${bySameSigner(entry)} ${entry.predicate === undefined ? '' : predicateFamily(entry.predicate)}`;
    const lost = !has.some((later) => isLike(entry, later)) && !seen.has(says);
    seen.add(says);
    return lost;
  });
}

function isLike(before: ComparedEntry, now: ComparedEntry): boolean {
  if (bySameSigner(before) !== bySameSigner(now)) return false;
  if (before.predicate === undefined || now.predicate === undefined) return true;
  return predicateFamily(before.predicate) === predicateFamily(now.predicate);
}

function bySameSigner({ kind, signer = '', issuer = '' }: EvidenceEntry): string {
  return JSON.stringify([kind, signerWithoutRef(signer), issuer]);
}
