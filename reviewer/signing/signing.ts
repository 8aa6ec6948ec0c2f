import { checkAck, checkNack } from '../../ledger-schema/record-signatures.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { concatBytes, utf8 } from '../../ledger-schema/bytes.ts';
import { REGULAR } from '../../ledger-schema/files.ts';
import { ackPath, nackPath } from '../../ledger-schema/names/layout.ts';
import type { RecordContent } from '../../ledger-schema/record.ts';
import { SIGNATURE_BYTES } from '../../ledger-schema/openpgp/signature.ts';
import type { Signer } from '../../ledger/signing/signer.ts';
import type { Snapshot } from '../../ledger/snapshot.ts';
import type { Reviewer } from './reviewer-key.ts';
import type { Trust } from '../../ledger-schema/trust.ts';

/** A signature file that the gate will take, and where it belongs. */
export interface SignatureFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A reviewer's key at hand, which the policy lists. */
export interface ReviewerSigning {
  readonly signer: Signer;
  readonly reviewer: Reviewer;
}

/** The bytes of a record's .sign, as they lie in the branch. Throws `E_NO_SIGN`, `E_TOO_LARGE`. */
export async function readSign(snapshot: Snapshot, record: string): Promise<Uint8Array> {
  const entries = await snapshot.list(record);
  const entry = entries.find(({ name, mode }) => name === 'checklist.sha256.sign' && mode === REGULAR);
  if (entry === undefined) fail('E_NO_SIGN', `${record} has no sign that could be acknowledged`);
  return snapshot.blob(entry.oid, SIGNATURE_BYTES);
}

/**
 * A reviewer's signature over checklist.sha256 followed by the sign, both to the byte as they lie in the branch; checked
 * by the ledger's own copy of the key before anybody sees it. Throws `E_NOT_REVIEWER` where it wouldn't count, and what
 * the signer throws.
 */
export async function signAck(
  { signer, reviewer }: ReviewerSigning,
  record: RecordContent,
  sign: Uint8Array,
  trust: Trust,
): Promise<SignatureFile> {
  const path = ackPath(record.path, reviewer.fingerprint);
  const data = concatBytes(record.sumsBytes, sign);
  const bytes = await signer.sign(data);
  await counts(reviewer, () => checkAck(bytes, data, reviewer.fingerprint, path, trust));
  return { path, bytes };
}

/** A reviewer's signature over checklist.sha256 followed by `nack\n`, checked as that of {@link signAck} is. */
export async function signNack(
  { signer, reviewer }: ReviewerSigning,
  record: RecordContent,
  trust: Trust,
): Promise<SignatureFile> {
  const data = concatBytes(record.sumsBytes, utf8('nack\n'));
  const bytes = await signer.sign(data);
  await counts(reviewer, () => checkNack(bytes, data, reviewer.fingerprint, trust));
  return { path: nackPath(record.path, reviewer.fingerprint), bytes };
}

async function counts({ holder, fingerprint }: Reviewer, check: () => Promise<unknown>): Promise<void> {
  try {
    await check();
  } catch (cause) {
    if (!(cause instanceof PullthroughError)) throw cause;
    fail('E_NOT_REVIEWER', `the signature by ${holder}'s key ${fingerprint} would not count: ${cause.message}`, {
      hint: "if the ledger has an older copy of the key, 'pullthrough trust propose' brings the newer one in",
      cause,
    });
  }
}
