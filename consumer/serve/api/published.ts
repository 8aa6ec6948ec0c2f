import { SIGNATURE_BYTES, parseSignatureFile } from '../../../ledger-schema/index.ts';
import type { RecordFiles, RecordStatus, Trust } from '../../../ledger-schema/index.ts';

/**
 * When a record became acknowledged, by the signatures that count: the last of the sign and of as many acks as the threshold
 * asks for. The ledger's commits would say when it came into the branch; they aren't in a shallow clone, and their makers
 * choose their dates as well.
 */
export async function publishedAt(files: RecordFiles, record: Pick<RecordStatus, 'acks'>, trust: Trust): Promise<Date> {
  const acks: number[] = [];
  for (const { fingerprint } of record.acks) {
    const made = await madeAt(files, `checklist.sha256.${fingerprint}.ack`);
    if (made !== undefined) acks.push(made);
  }
  acks.sort((a, b) => a - b);
  const enough = acks[trust.policy.reviewers.threshold - 1] ?? acks.at(-1) ?? 0;
  return new Date(Math.max(enough, (await madeAt(files, 'checklist.sha256.sign')) ?? 0) * 1000);
}

/** Seconds since 1970; undefined where the file can't be read, though it counted. */
async function madeAt(files: RecordFiles, name: string): Promise<number | undefined> {
  const bytes = await files.read(name, SIGNATURE_BYTES);
  return bytes === undefined ? undefined : parseSignatureFile(bytes).created;
}
