import { SIGNATURE_BYTES, parseSignatureFile } from '../../ledger-schema/index.ts';
import type { RecordFiles, RecordStatus, Trust } from '../../ledger-schema/index.ts';
import { namedComponent } from '../../ledger-schema/openpgp/openpgp.ts';
import type { Signed } from '../../ledger-schema/record-signatures.ts';

/**
 * When an acknowledged record stops being one because keys expire, should nothing be merged meanwhile: then the sign, or too
 * many of its acks, no longer count. Undefined: never.
 */
export async function goodUntil(
  files: RecordFiles,
  { signedBy, acks }: Pick<RecordStatus, 'signedBy' | 'acks'>,
  trust: Trust,
): Promise<Date | undefined> {
  const sign = signedBy === undefined ? Infinity : await endOf(files, 'checklist.sha256.sign', signedBy, trust);
  const holders = new Map<string, number>();
  for (const ack of acks) {
    const end = await endOf(files, `checklist.sha256.${ack.fingerprint}.ack`, ack, trust);
    holders.set(ack.holder, Math.max(end, holders.get(ack.holder) ?? 0));
  }
  // As many people as are asked for, those whose keys live longest.
  const ends = [...holders.values()].sort((a, b) => b - a);
  const end = Math.min(sign, ends[trust.policy.reviewers.threshold - 1] ?? Infinity);
  return Number.isFinite(end) ? new Date(end * 1000) : undefined;
}

/** Seconds since 1970: when the key that made a signature expires, or its primary key; of former keys nobody asks. */
async function endOf(files: RecordFiles, name: string, signed: Signed, trust: Trust): Promise<number> {
  const listed = trust.listing(signed.fingerprint);
  const bytes = await files.read(name, SIGNATURE_BYTES);
  if (signed.former || listed === undefined || bytes === undefined) return Infinity;
  const key = await trust.keyring.key(listed.key);
  const parts = [key.primary, namedComponent(key, parseSignatureFile(bytes))];
  return Math.min(...parts.map((part) => part?.binding.expires ?? Infinity));
}
