import { concatBytes, utf8 } from '../../ledger-schema/bytes.ts';
import { CHECKLIST_BYTES } from '../../ledger-schema/checklist.ts';
import { PullthroughError, isRefusal } from '../../ledger-schema/error.ts';
import { REGULAR } from '../../ledger-schema/files.ts';
import type { Finding } from '../../ledger-schema/files.ts';
import { nackPath, tryLedgerPath } from '../../ledger-schema/names/layout.ts';
import { checkNack } from '../../ledger-schema/record-signatures.ts';
import { SIGNATURE_BYTES } from '../../ledger-schema/openpgp/signature.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import { readRecordFiles } from '../files.ts';
import type { Snapshot } from '../snapshot.ts';

interface Nack {
  readonly record: string;
  readonly fingerprint: string;
  /** The bytes of checklist.sha256, which is all that a nack rests on, and of the nack. */
  readonly sums: Uint8Array;
  readonly file: Uint8Array;
}

/** Every nack file of a ledger that lies beside a checklist.sha256, valid or not. */
async function nackFiles(snapshot: Snapshot): Promise<Nack[]> {
  const found: { record: string; fingerprint: string; oid: string }[] = [];
  for await (const { path, mode, oid } of snapshot.walk('packages')) {
    const parsed = mode === REGULAR ? tryLedgerPath(path) : undefined;
    if (parsed?.kind === 'nack') found.push({ record: parsed.record, fingerprint: parsed.fingerprint, oid });
  }
  // In a partial clone, two requests fetch all of them.
  const directories = await snapshot.listMany([...new Set(found.map(({ record }) => record))]);
  const sums = [...directories.values()].flat().filter(({ name }) => name === 'checklist.sha256');
  await snapshot.prefetch([...sums, ...found].map(({ oid }) => oid));
  const nacks: Nack[] = [];
  for (const { record, fingerprint, oid } of found) {
    try {
      const bytes = await (await readRecordFiles(snapshot, record)).read('checklist.sha256', CHECKLIST_BYTES);
      if (bytes === undefined) continue;
      nacks.push({ record, fingerprint, sums: bytes, file: await snapshot.blob(oid, SIGNATURE_BYTES) });
    } catch (error) {
      // Too large to be one.
      if (!(error instanceof PullthroughError) || error.code !== 'E_TOO_LARGE') throw error;
    }
  }
  return nacks;
}

/** Does it count by this trust? It rests on checklist.sha256 alone, whatever happened to checklist.json. */
async function stands({ sums, file, fingerprint }: Nack, trust: Trust): Promise<boolean> {
  try {
    await checkNack(file, concatBytes(sums, utf8('nack\n')), fingerprint, trust);
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

/**
 * The nacks that count by one policy and not by the next, one for each key. A nack that counts must go on counting, so
 * its key must stay listed as a reviewer's, current or former, with a copy that still verifies it.
 */
export async function droppedNacks(
  snapshot: Snapshot,
  before: Trust,
  after: Trust,
  path: string,
): Promise<readonly Finding[]> {
  const problems = new Map<string, Finding>();
  for (const nack of await nackFiles(snapshot)) {
    const { record, fingerprint } = nack;
    if (problems.has(fingerprint) || !(await stands(nack, before)) || (await stands(nack, after))) continue;
    const message =
      `by policy ${after.version} ${nackPath(record, fingerprint)} would no longer count; ` +
      'list that key as a former reviewer, by a copy that holds what signed the nack';
    problems.set(fingerprint, { code: 'E_POLICY_NACK', path, message });
  }
  return [...problems.values()];
}
