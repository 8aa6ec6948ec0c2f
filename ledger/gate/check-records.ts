import { REGULAR } from '../../ledger-schema/files.ts';
import type { Finding } from '../../ledger-schema/files.ts';
import { toFinding } from '../../ledger-schema/names/change.ts';
import { verifyRecord } from '../../ledger-schema/record.ts';
import type { RecordState } from '../../ledger-schema/record.ts';
import type { Signed } from '../../ledger-schema/record-signatures.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import { recordFiles } from '../files.ts';
import { readAhead } from '../read-ahead.ts';
import type { Snapshot, TreeEntry } from '../snapshot.ts';

/** One record as a check or a status sees it. */
export interface CheckedRecord {
  readonly path: string;
  readonly state: RecordState;
  /** Undefined where its content can't be read. */
  readonly repositoryId: number | undefined;
  readonly signedBy: Signed | undefined;
  readonly acks: readonly Signed[];
  readonly ackHolders: readonly string[];
  readonly nacks: readonly Signed[];
  /** How many more holders must ack. */
  readonly missing: number;
  /** What makes it invalid. */
  readonly problems: readonly Finding[];
  /** Signature files that don't count. */
  readonly ignored: readonly Finding[];
}

/** A record's folder as its tree has it. */
export interface RecordFolder {
  readonly path: string;
  readonly entries: readonly TreeEntry[];
}

/** Records that are read together: in a partial clone, one request fetches everything missing from them. */
const BATCH = 256;
/**
 * Records that are judged together: few enough that little is read ahead, and enough to keep the threads that verify
 * signatures busy.
 */
const AT_ONCE = 64;

/** Judges many records of a snapshot; what is wrong with one is in its result. */
export async function checkRecords(
  snapshot: Snapshot,
  trust: Trust,
  paths: readonly string[],
): Promise<CheckedRecord[]> {
  const checks = new RecordChecks(snapshot, trust);
  for (let start = 0; start < paths.length; start += BATCH) {
    const batch = paths.slice(start, start + BATCH);
    const directories = await snapshot.listMany(batch);
    for (const path of batch) await checks.add({ path, entries: directories.get(path) ?? [] });
  }
  return checks.end();
}

/** Judges records in the order in which they come, many at a time. */
export class RecordChecks {
  readonly #snapshot: Snapshot;
  readonly #trust: Trust;
  readonly #checked: CheckedRecord[] = [];
  #batch: RecordFolder[] = [];

  constructor(snapshot: Snapshot, trust: Trust) {
    this.#snapshot = snapshot;
    this.#trust = trust;
  }

  async add(record: RecordFolder): Promise<void> {
    this.#batch.push(record);
    if (this.#batch.length === BATCH) await this.#judge();
  }

  /** The results of all. */
  async end(): Promise<CheckedRecord[]> {
    await this.#judge();
    return this.#checked;
  }

  async #judge(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    const regular = batch.flatMap(({ entries }) => entries.filter(({ mode }) => mode === REGULAR));
    await this.#snapshot.prefetch(regular.map(({ oid }) => oid));
    const waves = Array.from({ length: Math.ceil(batch.length / AT_ONCE) }, (_, i) =>
      batch.slice(i * AT_ONCE, (i + 1) * AT_ONCE),
    );
    let ahead = readAhead(this.#snapshot, waves[0] ?? []);
    for (const [i, wave] of waves.entries()) {
      const here = await ahead;
      ahead = readAhead(this.#snapshot, waves[i + 1] ?? []);
      const judged = wave.map(({ path, entries }) => checkRecord(here, this.#trust, path, entries));
      this.#checked.push(...(await Promise.all(judged)));
    }
  }
}

export async function checkRecord(
  snapshot: Pick<Snapshot, 'blob'>,
  trust: Trust,
  path: string,
  entries: Parameters<typeof recordFiles>[2],
): Promise<CheckedRecord> {
  try {
    const status = await verifyRecord(recordFiles(snapshot, path, entries), trust);
    const problems: Finding[] = [];
    // A sign that doesn't count was good when it was merged, by a key that has since left: it is reported. No sign at
    // all is refused.
    if (!entries.some((entry) => entry.name === 'checklist.sha256.sign' && entry.mode === REGULAR)) {
      problems.push({ code: 'E_NO_SIGN', path, message: `${path} has no .sign` });
    }
    return {
      path,
      state: problems.length > 0 && status.state !== 'withdrawn' ? 'invalid' : status.state,
      repositoryId: status.checklist.repositoryId,
      signedBy: status.signedBy,
      acks: status.acks,
      ackHolders: status.ackHolders,
      nacks: status.nacks,
      missing: status.missing,
      problems,
      ignored: status.ignored,
    };
  } catch (error) {
    const problems = [toFinding(error, path)];
    const nothing = { repositoryId: undefined, signedBy: undefined, acks: [], ackHolders: [], nacks: [] };
    return { path, state: 'invalid', ...nothing, missing: 0, problems, ignored: [] };
  }
}
