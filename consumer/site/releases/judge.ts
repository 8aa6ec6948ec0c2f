import {
  PullthroughError,
  parseSignatureFile,
  sha256Hex,
  verifyRecord,
  SIGNATURE_BYTES,
} from '../../../ledger-schema/index.ts';
import type { RecordFiles, RecordStatus, Trust } from '../../../ledger-schema/index.ts';
import { holdersOf } from '../../../ledger-schema/holders.ts';
import { recordFiles } from '../../../ledger/files.ts';
import { readAhead } from '../../../ledger/read-ahead.ts';
import type { Snapshot } from '../../../ledger/snapshot.ts';
import { publishedAt } from '../../serve/api/published.ts';
import type { JudgedRecord, KnownRelease } from '../model.ts';

/** A record as far as it can be shown: one that can't be read is only a line. */
export interface ShownRecord {
  readonly known: KnownRelease;
  readonly judged?: JudgedRecord | undefined;
}

export interface JudgeContext {
  readonly snapshot: Snapshot;
  readonly trust: Trust;
  /** What the reviewer who withdrew it wrote; `owner/repo TAG`. */
  readonly reasonOf: (title: string) => Promise<string | undefined>;
  /** Past the policy's expiry: what was acknowledged before. */
  readonly wasAcknowledged: (tag: string) => boolean;
}

/** A record to judge. */
export interface RecordToJudge {
  readonly tag: string;
  readonly path: string;
  readonly tree: string;
  readonly slug: string;
}

/** Records that are judged at a time: as many as node's pool has threads for their signatures. */
const TOGETHER = 4;

/**
 * Judges records of one tool, which are best here already ({@link fetchRecords}), a few at a time, so that little is held;
 * what is wrong with one is in its line. Throws what reading the ledger throws.
 */
export async function* judgeRecords(
  records: readonly RecordToJudge[],
  context: JudgeContext,
): AsyncGenerator<ShownRecord, void, undefined> {
  const directories = await context.snapshot.listMany(records.map(({ path }) => path));
  const here = await readAhead(
    context.snapshot,
    records.map(({ path }) => ({ entries: directories.get(path) ?? [] })),
  );
  for (let from = 0; from < records.length; from += TOGETHER) {
    const judged = records.slice(from, from + TOGETHER).map((record) => {
      const files = recordFiles(here, record.path, directories.get(record.path) ?? []);
      return judgeRecord(record, files, context);
    });
    yield* await Promise.all(judged);
  }
}

async function judgeRecord(record: RecordToJudge, found: RecordFiles, context: JudgeContext): Promise<ShownRecord> {
  const { tag, tree } = record;
  if (found.entries.length === 0)
    return { known: { tag, tree, state: 'invalid', by: [], why: 'it is an empty folder' } };
  const files = remembering(found);
  try {
    const status = await verifyRecord(files, context.trust);
    return { known: await describe(record, files, status, context), judged: { files, status } };
  } catch (error) {
    if (!(error instanceof PullthroughError) || error.exit !== 3) throw error;
    const why = error.message.replace(/^packages\/\S+ /, '');
    return { known: { tag, tree, state: 'invalid', by: [], why } };
  }
}

/** A record's files, each read once: it is judged, dated, and handed on. */
function remembering(files: RecordFiles): RecordFiles {
  const known = new Map<string, Promise<Uint8Array | undefined>>();
  return {
    ...files,
    read(name, limit) {
      const reading = known.get(name) ?? files.read(name, limit);
      known.set(name, reading);
      return reading;
    },
  };
}

async function describe(
  { tag, tree, slug }: RecordToJudge,
  files: RecordFiles,
  status: RecordStatus,
  context: JudgeContext,
): Promise<KnownRelease> {
  const { assets, acks, nacks, sumsBytes, signedBy, state, missing } = status;
  const base = {
    tag,
    tree,
    state,
    by: holdersOf(acks),
    files: assets.length,
    bytes: assets.reduce((sum, { size }) => sum + size, 0),
    digest: sha256Hex(sumsBytes),
    slug,
  };
  if (state === 'withdrawn') {
    const why = await context.reasonOf(`${status.checklist.repository} ${tag}`);
    return { ...base, by: holdersOf(nacks), at: await withdrawnAt(files, status), why };
  }
  if (state === 'proposed') return { ...base, why: neededText(status, context.trust, missing) };
  if (state !== 'acknowledged' || signedBy === undefined) {
    return { ...base, state: 'invalid', by: [], why: 'no executor of the policy signed it' };
  }
  if (context.trust.expired && !context.wasAcknowledged(tag)) {
    return {
      ...base,
      state: 'proposed',
      why: 'the policy has expired: nothing new counts until its successor is signed',
    };
  }
  const at = await publishedAt(files, status, context.trust);
  return { ...base, at: isoText(at) };
}

/** When the first nack that counts was made. */
async function withdrawnAt(files: RecordFiles, { nacks }: RecordStatus): Promise<string | undefined> {
  const dates: number[] = [];
  for (const { fingerprint } of nacks) {
    const bytes = await files.read(`checklist.sha256.${fingerprint}.nack`, SIGNATURE_BYTES);
    if (bytes !== undefined) dates.push(parseSignatureFile(bytes).created);
  }
  return dates.length === 0 ? undefined : isoText(new Date(Math.min(...dates) * 1000));
}

export function isoText(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z');
}

function neededText({ ackHolders }: RecordStatus, trust: Trust, missing: number): string {
  const others = trust.policy.reviewers.holders.filter((holder) => !ackHolders.includes(holder));
  const count = missing === 1 ? 'one more ack' : `${missing} more acks`;
  return `${count} needed, from ${others.join(', ').replace(/, ([^,]*)$/, ' or $1')}`;
}
