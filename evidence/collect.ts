import { compareBytes, sha256Hex } from '../ledger-schema/bytes.ts';
import { fail } from '../ledger-schema/error.ts';
import { EVIDENCE_BYTES, EVIDENCE_ENTRIES } from '../ledger-schema/evidence.ts';
import { Coverage } from './coverage.ts';
import type { KeptList } from './coverage.ts';
import type { EvidenceEntry, VerifiedStatement } from './entry.ts';
import type { ReadFile } from './file-bytes.ts';
import { isAbout, judgeOffer } from './judge-offer.ts';
import type { Found, JudgeInput } from './judge-offer.ts';
import type { Offer } from './offer.ts';
import { splitOffer } from './offer.ts';
import { answers, isSigned, requireEvidence } from './require.ts';
import type { Requirement } from './require.ts';

/** `[evidence] keep`: which of the evidence that verifies is recorded. */
export type Keep = 'all' | 'required' | 'none';

export interface CollectInput extends Omit<JudgeInput, 'coverage'> {
  /** What upstream offers, from its API and among the release's files. */
  readonly offers: readonly Offer[];
  readonly requirements: readonly Requirement[];
  readonly keep: Keep;
  readonly read: ReadFile;
}

/** Evidence to be recorded. */
export interface Collected {
  /** As checklist.json has them: sorted by digest. */
  readonly entries: readonly EvidenceEntry[];
  /** By SHA-256. */
  readonly bytes: ReadonlyMap<string, Uint8Array>;
  readonly statements: readonly VerifiedStatement[];
  /** What was offered but doesn't count, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Verifies what upstream offers of a release, and checks it against what is required. An offered statement about a
 * recorded file that does not verify refuses the release, whatever is required; one by a key that nobody pinned, about
 * another repository or of an unknown kind doesn't count, and a note says so. Throws `E_EVIDENCE`.
 */
export async function collectEvidence(input: CollectInput): Promise<Collected> {
  const { subject, requirements, keep } = input;
  const notes: string[] = [];
  const found = new Map<string, Found>();
  const coverage = new Coverage(subject, input.lists, input.read);
  for (const offer of input.offers) {
    for (const part of splitOffer(offer)) {
      if (part.kind === 'nothing') {
        notes.push(`${part.from} counts as nothing: ${part.why}`);
        continue;
      }
      if (part.kind !== 'sigstore' && !isAbout(part, input)) continue;
      const sha256 = sha256Hex(part.bytes);
      if (found.has(sha256)) continue;
      const judged = await judgeOffer(part, { sha256, bytes: part.bytes, about: part.about }, { ...input, coverage });
      if (judged === 'unrelated') continue;
      if ('note' in judged) notes.push(`${part.from} counts as nothing: ${judged.note}`);
      else found.set(sha256, judged);
    }
  }
  const all = [...found.values()];
  const statements = all.map(({ statement }) => statement);
  requireEvidence(requirements, statements, subject, notes);
  const wanted = requirements.filter(isSigned);
  const isRequired = ({ statement }: Found): boolean =>
    wanted.some((requirement) => answers(statement, requirement, subject.source));
  const kept = keep === 'none' ? [] : keep === 'required' ? all.filter(isRequired) : all;
  return { ...entriesOf(kept, isRequired, input, notes), notes };
}

function entriesOf(
  found: readonly Found[],
  isRequired: (one: Found) => boolean,
  { lists }: CollectInput,
  notes: string[],
): Pick<Collected, 'entries' | 'bytes' | 'statements'> {
  const entries = new Map<string, EvidenceEntry>();
  const bytes = new Map<string, Uint8Array>();
  const statements: VerifiedStatement[] = [];
  const ranked = [...found].sort((a, b) => Number(isRequired(b)) - Number(isRequired(a)));
  let left = 0;
  for (const one of ranked) {
    const additions = additionsOf(one, lists).filter(({ entry }) => !entries.has(entry.sha256));
    if (entries.size + additions.length > EVIDENCE_ENTRIES) {
      left += 1;
      continue;
    }
    for (const addition of additions) {
      entries.set(addition.entry.sha256, addition.entry);
      bytes.set(addition.entry.sha256, addition.bytes);
    }
    statements.push(one.statement);
  }
  if (left > 0) notes.push(`${left} more statements verify; a record holds at most ${EVIDENCE_ENTRIES} entries`);
  return { entries: [...entries.values()].sort((a, b) => compareBytes(a.sha256, b.sha256)), bytes, statements };
}

/** A statement's entry, and those of the lists and the key that it needs. */
function additionsOf({ statement, bytes, lists: covered, key }: Found, lists: readonly KeptList[]) {
  const { kind, sha256, size, signer, issuer } = statement;
  const own: EvidenceEntry = { kind, sha256, size, signer, ...(issuer === undefined ? {} : { issuer }) };
  const additions: { entry: EvidenceEntry; bytes: Uint8Array }[] = [{ entry: own, bytes }];
  for (const list of lists.filter((each) => covered.has(each.sha256))) {
    if (list.bytes.length > EVIDENCE_BYTES) {
      fail(
        'E_EVIDENCE',
        `${list.name ?? 'the signed list'} has more than ${EVIDENCE_BYTES} bytes, too many to be kept`,
      );
    }
    additions.push({ entry: { kind: 'list', sha256: list.sha256, size: list.bytes.length }, bytes: list.bytes });
  }
  if (key !== undefined) {
    additions.push({ entry: { kind: 'key', sha256: sha256Hex(key), size: key.length, signer }, bytes: key });
  }
  return additions;
}
