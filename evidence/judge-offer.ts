import { PullthroughError, fail } from '../ledger-schema/error.ts';
import type { Coverage, KeptList } from './coverage.ts';
import type { Subject } from './entry.ts';
import type { PinnedKeys } from './keys/keys.ts';
import { parseMinisignature } from './keys/minisign.ts';
import { byKey, mentions, parseDetached } from './keys/openpgp.ts';
import type { OfferedStatement } from './offer.ts';
import type { Root } from './roots.ts';
import { SignatureMismatch, isByKey, isMadeBy } from './sigstore/sigstore.ts';
import { ForeignStatement, judgeBundle, judgeMinisign, judgeOpenPgp } from './verify-statement.ts';
import type { Judged, StatementBytes } from './verify-statement.ts';

/** An offered statement that verifies. */
export interface Found extends Judged {
  readonly bytes: Uint8Array;
  /** The key that made it, where that is to be kept with it. */
  readonly key?: Uint8Array | undefined;
}

export interface JudgeInput {
  readonly subject: Subject;
  /** Lists of digests among the release's files that the record doesn't hold. */
  readonly lists: readonly KeptList[];
  readonly keys: PinnedKeys;
  readonly roots: readonly Root[];
  readonly coverage: Coverage;
}

/** Is a statement, by its name, about a recorded file or a list at hand? Statements about others are not ours to judge. */
export function isAbout(
  { about }: { readonly about?: string | undefined },
  { subject, lists }: Pick<JudgeInput, 'subject' | 'lists'>,
): boolean {
  return about !== undefined && [...subject.files, ...lists].some(({ name }) => name === about);
}

/**
 * Verifies one offered statement. `note`: it doesn't count, and why; `unrelated`: it is about nothing that is recorded.
 * Throws `E_EVIDENCE` for one about a recorded file that does not verify.
 */
export async function judgeOffer(
  part: Exclude<OfferedStatement, { kind: 'nothing' }>,
  statement: StatementBytes,
  input: JudgeInput,
): Promise<Found | { note: string } | 'unrelated'> {
  try {
    const { bytes } = statement;
    if (part.kind === 'sigstore') return await judgeSigstore(statement, input);
    if (part.kind === 'minisign') return await judgeMinisigns(statement, input);
    // What nobody pinned counts as nothing, readable or not.
    const mine = input.keys.openpgp.filter((key) => mentions(bytes, key));
    if (mine.length === 0) return { note: unpinned(() => `the OpenPGP key ${issuersOf(bytes)}`) };
    const signatures = parseDetached(bytes);
    const key = mine.find((pinned) => byKey(signatures, pinned).length > 0);
    if (key === undefined) return { note: unpinned(() => `the OpenPGP key ${issuersOf(bytes)}`) };
    return { ...(await judgeOpenPgp(statement, key, input.coverage)), bytes, key: key.bytes };
  } catch (error) {
    if (error instanceof ForeignStatement && !(error.unrelated && isAbout(part, input))) {
      return error.unrelated ? 'unrelated' : { note: error.message };
    }
    if (!(error instanceof PullthroughError) || error.code !== 'E_EVIDENCE') throw error;
    return fail('E_EVIDENCE', `${part.from}: ${error.message}`, {
      hint: 'upstream offers a statement that does not verify: ask upstream why; nothing was recorded',
      cause: error,
    });
  }
}

function unpinned(who: () => string): string {
  try {
    return `it is signed by ${who()}, which is not pinned`;
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    return `it names no key that is pinned, and cannot be read: ${error.message}`;
  }
}

function issuersOf(bytes: Uint8Array): string {
  return [...new Set(parseDetached(bytes).flatMap(({ issuers }) => issuers.at(-1) ?? []))].join(', ');
}

/** Two keys may have one number: it is drawn at random, or copied. */
async function judgeMinisigns(statement: StatementBytes, input: JudgeInput): Promise<Found | { note: string }> {
  const { bytes } = statement;
  const { minisign } = input.keys;
  const said = (): string => `the minisign key ${parseMinisignature(bytes).keyId}`;
  if (minisign.length === 0) return { note: unpinned(said) };
  const { keyId } = parseMinisignature(bytes);
  const mine = minisign.filter((key) => key.keyId === keyId);
  if (mine.length === 0) return { note: unpinned(said) };
  let failure: unknown;
  for (const key of mine) {
    try {
      return { ...(await judgeMinisign(statement, key, input.coverage)), bytes };
    } catch (error) {
      if (!(error instanceof PullthroughError)) throw error;
      failure = error;
    }
  }
  throw failure;
}

async function judgeSigstore(statement: StatementBytes, input: JudgeInput): Promise<Found | { note: string }> {
  const { bytes } = statement;
  if (!isByKey(bytes)) return { ...(await judgeBundle(statement, input)), bytes };
  let failure: PullthroughError | undefined;
  for (const key of input.keys.publicKeys) {
    const made = isMadeBy(bytes, key);
    if (made === false) continue;
    try {
      return { ...(await judgeBundle(statement, { ...input, key })), bytes, key: key.bytes };
    } catch (error) {
      // Whose signature over a file it is only the file tells: another key's, or over nothing that is recorded.
      const foreign = error instanceof SignatureMismatch || error instanceof ForeignStatement;
      if (made === true || !foreign) throw error;
      failure = error;
    }
  }
  const why = failure === undefined ? '' : `: ${failure.message}`;
  return { note: `it is signed by no public key that is pinned${why}` };
}
