import { concatBytes, sha256Hex } from '../../ledger-schema/bytes.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { REGULAR } from '../../ledger-schema/files.ts';
import { tryLedgerPath } from '../../ledger-schema/names/layout.ts';
import { verifySignature } from '../../ledger-schema/openpgp/openpgp.ts';
import type { KeyFile } from '../../ledger-schema/openpgp/openpgp.ts';
import { readRecord } from '../../ledger-schema/record.ts';
import { SIGNATURE_BYTES, parseSignatureFile } from '../../ledger-schema/openpgp/signature.ts';
import type { Sum } from '../../ledger-schema/sums.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import { readRecordFiles } from '../files.ts';
import type { Snapshot } from '../snapshot.ts';

/** What an ack covers, and what must be read to know whether something is a record. */
const SIGNED: ReadonlySet<string> = new Set(['checklist.json', 'checklist.sha256', 'checklist.sha256.sign']);

/**
 * Every ack that a reviewer's key made of the ledger's records: what its seal will list. Whether the key has expired or is
 * revoked by now changes nothing, as for every former key: the gate took each ack while it could sign. Undefined for a key
 * that is not a reviewer's.
 */
export async function acksToSeal(
  snapshot: Snapshot,
  trust: Trust,
  fingerprint: string,
): Promise<readonly Sum[] | undefined> {
  const listing = trust.listing(fingerprint);
  if (listing === undefined || trust.holderOf('reviewers', fingerprint) === undefined) return undefined;
  const key = await trust.keyring.key(listing.key);
  const found: { path: string; oid: string; record: string }[] = [];
  for await (const { path, oid, mode } of snapshot.walk('packages')) {
    const parsed = mode === REGULAR ? tryLedgerPath(path) : undefined;
    if (parsed?.kind === 'ack' && parsed.fingerprint === fingerprint) found.push({ path, oid, record: parsed.record });
  }
  // In a partial clone, one request fetches all of them.
  const directories = await snapshot.listMany(found.map(({ record }) => record));
  const signed = [...directories.values()].flat().filter(({ name }) => SIGNED.has(name));
  await snapshot.prefetch([...signed, ...found].map(({ oid }) => oid));
  const acks: Sum[] = [];
  for (const { path, oid, record } of found) {
    const ack = await snapshot.blob(oid, SIGNATURE_BYTES);
    if (await isAckOf(ack, snapshot, record, key, trust)) acks.push({ name: path, sha256: sha256Hex(ack) });
  }
  return acks;
}

async function isAckOf(
  ack: Uint8Array,
  snapshot: Snapshot,
  record: string,
  key: KeyFile,
  trust: Trust,
): Promise<boolean> {
  try {
    const files = await readRecordFiles(snapshot, record);
    const { sumsBytes } = await readRecord(files, trust.ledger);
    const sign = (await files.read('checklist.sha256.sign', SIGNATURE_BYTES)) ?? new Uint8Array();
    const judgement = { now: trust.now, revocation: false, expiry: false };
    await verifySignature(parseSignatureFile(ack), concatBytes(sumsBytes, sign), key, judgement);
    return true;
  } catch (error) {
    if (error instanceof PullthroughError && error.exit === 3) return false;
    throw error;
  }
}
