import { brief, concatBytes, sha256Hex, utf8 } from './bytes.ts';
import { CHECKLIST_BYTES, parseChecklist } from './checklist.ts';
import type { Checklist } from './checklist.ts';
import { PullthroughError, fail, isRefusal } from './error.ts';
import { REGULAR } from './files.ts';
import type { FileEntry, Finding } from './files.ts';
import { recordFile } from './names/layout.ts';
import { parseRecordPath, recordPath } from './names/path.ts';
import { byHolder, holdersOf } from './holders.ts';
import { checkAck, checkNack, checkSign, requireReviewer } from './record-signatures.ts';
import type { Signed } from './record-signatures.ts';
import { SIGNATURE_BYTES } from './openpgp/signature.ts';
import { parseSums } from './sums.ts';
import type { Sum } from './sums.ts';
import type { Trust } from './trust.ts';

/** One record's directory in the ledger. */
export interface RecordFiles {
  /** `packages/<source>/<owner>/<repo>/<tag>` */
  readonly path: string;
  readonly entries: readonly FileEntry[];
  /** The bytes of a file of the directory, bounded; undefined where it isn't there. */
  read(name: string, limit: number): Promise<Uint8Array | undefined>;
}

export interface RecordedAsset {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
  /** Where it is, when not in the release. */
  readonly url?: string;
}

/** What a record says; its content is checked, its signatures are not yet. */
export interface RecordContent {
  readonly path: string;
  readonly checklist: Checklist;
  readonly sums: readonly Sum[];
  readonly assets: readonly RecordedAsset[];
  /** The bytes of checklist.sha256. */
  readonly sumsBytes: Uint8Array;
}

export type RecordState = 'proposed' | 'acknowledged' | 'withdrawn' | 'invalid';

/** A record with all its signatures judged; ledger-format.md, "The states of a record". */
export interface RecordStatus extends RecordContent {
  readonly state: RecordState;
  readonly signedBy: Signed | undefined;
  /** By distinct keys; {@link ackHolders} counts people. */
  readonly acks: readonly Signed[];
  readonly nacks: readonly Signed[];
  readonly ackHolders: readonly string[];
  /** How many more holders must ack. */
  readonly missing: number;
  /** Signature files that don't count. */
  readonly ignored: readonly Finding[];
}

/**
 * Step 2 of "What a consumer does": the path is canonical, each file parses in its one form, both lists name the same
 * files, source, repository and tag equal the path, and its ledger is `ledger`, the policy's. Throws `E_PATH`, `E_MODE`,
 * `E_RECORD`, `E_SUMS`, `E_CHECKLIST`, `E_ASSET_NAME`, `E_COLLISION`, `E_RECORD_PATH`, `E_OTHER_LEDGER`, `E_TOO_LARGE`.
 */
export async function readRecord(
  record: RecordFiles,
  ledger: string,
  digestOf: (bytes: Uint8Array) => string = sha256Hex,
): Promise<RecordContent> {
  // Consumer 2: the path is canonical
  const id = parseRecordPath(record.path);
  const names = new Set<string>();
  for (const { name } of record.entries) {
    if (names.size === names.add(name).size)
      fail('E_COLLISION', `${record.path}/${brief(name)} is in its folder twice`);
  }
  // Consumer 2: each file parses in its one form
  const sumsBytes = await required(record, 'checklist.sha256');
  const sums = parseSums(sumsBytes);
  const json = await required(record, 'checklist.json');
  // Consumer 2: checklist.json's line matches
  const digests = new Map(sums.map((sum) => [sum.name, sum.sha256]));
  if (digests.get('checklist.json') !== digestOf(json)) {
    fail('E_RECORD', `${record.path}: checklist.json does not have the digest that checklist.sha256 lists`);
  }
  const checklist = parseChecklist(json);
  // Consumer 2: both lists name the same assets
  const assets = checklist.assets.map((asset) => {
    const sha256 = digests.get(asset.name);
    if (sha256 === undefined) fail('E_RECORD', `${record.path}: checklist.sha256 does not list ${asset.name}`);
    return { ...asset, sha256 };
  });
  if (sums.length !== assets.length + 1) {
    fail('E_RECORD', `${record.path}: checklist.sha256 lists files that checklist.json does not`);
  }
  // Consumer 2: source, repository and tag equal the path
  if (checklist.source !== id.source || checklist.repository !== id.repository || checklist.tag !== id.tag) {
    const says = brief(recordPath(checklist));
    fail('E_RECORD_PATH', `${record.path} holds a record that says it is ${says}`);
  }
  // Consumer 2: its ledger is the policy's
  if (checklist.ledger !== ledger) {
    fail('E_OTHER_LEDGER', `${record.path} was made for the ledger ${checklist.ledger}; this one is ${ledger}`);
  }
  return { path: record.path, checklist, sums, assets, sumsBytes };
}

async function required(record: RecordFiles, name: string): Promise<Uint8Array> {
  const entry = record.entries.find((candidate) => candidate.name === name);
  if (entry === undefined) fail('E_RECORD', `${record.path} has no ${name}`);
  if (entry.mode !== REGULAR) fail('E_MODE', `${record.path}/${name} is not a regular file of mode ${REGULAR}`);
  return (await record.read(name, CHECKLIST_BYTES)) ?? fail('E_RECORD', `${record.path} has no ${name}`);
}

/**
 * Reads a record and judges each of its signature files by the policy; steps 2 and 3 of "What a consumer does". A
 * signature file that doesn't count is in `ignored`, whatever it is: nobody can spoil a record by adding one. One that
 * can't be read could be a nack, and stops everything. Throws as
 * {@link readRecord} does; whether the record may be used is what {@link requireAcknowledged} says.
 */
export async function verifyRecord(record: RecordFiles, trust: Trust): Promise<RecordStatus> {
  const content = await readRecord(record, trust.ledger, (bytes) => trust.keyring.sha256Hex(bytes));
  const ignored: Finding[] = [];
  const acks: Signed[] = [];
  const nacks: Signed[] = [];
  let signedBy: Signed | undefined;
  const sign = await readSignature(record, 'checklist.sha256.sign');
  const acked = concatBytes(content.sumsBytes, sign ?? new Uint8Array());

  for (const entry of record.entries) {
    const path = `${record.path}/${entry.name}`;
    const kind = recordFile(record.path, entry.name);
    try {
      if (kind === undefined) fail('E_PATH', `the format has no such path: ${brief(path)}`);
      if (kind.kind === 'checklist' || kind.kind === 'sums') continue;
      // Signatures by a key that no policy lists aren't read, however many there are.
      if (kind.kind === 'ack' || kind.kind === 'nack') requireReviewer(kind.fingerprint, trust);
      const read = kind.kind === 'sign' ? sign : await readSignature(record, entry.name);
      const bytes = read ?? fail('E_MODE', `${path} is not a regular file`);
      // Consumer 3: no valid nack; the sign is by an executor; acks are by reviewers
      if (kind.kind === 'sign') signedBy = await checkSign(bytes, content.sumsBytes, trust);
      if (kind.kind === 'ack') acks.push(await checkAck(bytes, acked, kind.fingerprint, path, trust));
      if (kind.kind === 'nack')
        nacks.push(await checkNack(bytes, nackedBytes(content.sumsBytes), kind.fingerprint, trust));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      ignored.push({ code: error.code, path, message: error.message });
    }
  }
  // Consumer 3: acks are by enough reviewers. Distinct holders first, counted second.
  acks.sort(byHolder);
  nacks.sort(byHolder);
  const ackHolders = holdersOf(acks);
  const missing = Math.max(0, trust.policy.reviewers.threshold - ackHolders.length);
  const state = stateOf({ signed: signedBy !== undefined, missing, nacked: nacks.length > 0 });
  return { ...content, state, signedBy, acks, nacks, ackHolders, missing, ignored };
}

function nackedBytes(sums: Uint8Array): Uint8Array {
  return concatBytes(sums, utf8('nack\n'));
}

async function readSignature(record: RecordFiles, name: string): Promise<Uint8Array | undefined> {
  const entry = record.entries.find((candidate) => candidate.name === name);
  if (entry === undefined || entry.mode !== REGULAR) return undefined;
  try {
    return await record.read(name, SIGNATURE_BYTES);
  } catch (error) {
    if (error instanceof PullthroughError && error.code === 'E_TOO_LARGE') return new Uint8Array();
    throw error;
  }
}

function stateOf(record: { signed: boolean; missing: number; nacked: boolean }): RecordState {
  if (record.nacked) return 'withdrawn';
  if (!record.signed) return 'invalid';
  return record.missing === 0 ? 'acknowledged' : 'proposed';
}

/** A record that consumers may use: only {@link requireAcknowledged} makes one. */
export type AcknowledgedRecord = RecordStatus & { readonly state: 'acknowledged'; readonly signedBy: Signed };

/** Returns the record when consumers may use it. Throws `E_WITHDRAWN`, `E_NO_SIGN`, `E_NOT_ACKNOWLEDGED`. */
export function requireAcknowledged(status: RecordStatus, trust: Trust): AcknowledgedRecord {
  const { path, state, signedBy } = status;
  if (state === 'withdrawn') {
    const by = holdersOf(status.nacks).join(', ');
    fail('E_WITHDRAWN', `${path} was withdrawn by ${by}`, { hint: 'choose another release, or ask them why' });
  }
  if (signedBy === undefined) {
    const reason = status.ignored.find((finding) => finding.path.endsWith('.sign'))?.message ?? 'there is none';
    fail('E_NO_SIGN', `${path} has no valid sign by an executor: ${reason}`);
  }
  if (state !== 'acknowledged') {
    const { threshold, holders } = trust.policy.reviewers;
    const others = holders.filter((holder) => !status.ackHolders.includes(holder));
    fail(
      'E_NOT_ACKNOWLEDGED',
      `${path} has ${status.ackHolders.length} of the ${threshold} acks that the policy asks for`,
      {
        hint: `${others.join(', ')} may still acknowledge it: pullthrough ack`,
      },
    );
  }
  return { ...status, state: 'acknowledged', signedBy };
}
