import { branchKind } from '../../ledger-schema/names/branches.ts';
import { recordFiles } from '../../ledger/files.ts';
import type { LedgerRepository } from '../../ledger/git/repository.ts';
import type { Snapshot, TreeEntry } from '../../ledger/snapshot.ts';
import { CHECKLIST_BYTES } from '../../ledger-schema/checklist.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { verifyRecord } from '../../ledger-schema/record.ts';
import type { RecordStatus, RecordedAsset } from '../../ledger-schema/record.ts';
import type { Trust } from '../../ledger-schema/trust.ts';

/** How many records' blobs are fetched at once. */
const BATCH = 1024;
const RECORD_FILE = /^(packages\/[^/]+\/[^/]+\/[^/]+\/[^/]+)\/([^/]+)$/;

/** A directory of the ledger's branch or of a proposal's that could be a record. */
interface Directory {
  readonly snapshot: Snapshot;
  readonly path: string;
  readonly entries: readonly TreeEntry[];
  readonly proposed: boolean;
}

/** Every record's directory: those of the branch, and what each open proposal adds to it or changes. */
async function* directories(ledger: LedgerRepository, head: string): AsyncGenerator<Directory[]> {
  const snapshot = ledger.snapshot(head);
  const batched = new Batches();
  let open: { path: string; entries: TreeEntry[] } | undefined;
  const close = () => (open === undefined ? [] : batched.add({ snapshot, ...open, proposed: false }));
  for await (const { path, name, mode, oid } of snapshot.walk('packages')) {
    const directory = RECORD_FILE.exec(path)?.[1];
    if (directory === undefined) continue;
    if (open?.path !== directory) {
      yield* close();
      open = { path: directory, entries: [] };
    }
    open.entries.push({ name, mode, oid });
  }
  yield* close();
  for (const [branch, commit] of ledger.branches()) {
    if (branchKind(branch) !== 'proposal') continue;
    const proposal = ledger.snapshot(commit);
    const changed = await ledger.diff(head, commit);
    const touched = changed.flatMap(({ path, newOid }) =>
      newOid === undefined ? [] : (RECORD_FILE.exec(path)?.[1] ?? []),
    );
    for (const path of new Set(touched)) {
      yield* batched.add({ snapshot: proposal, path, entries: await proposal.list(path), proposed: true });
    }
  }
  yield* batched.rest();
}

class Batches {
  #open: Directory[] = [];

  *add(directory: Directory): Generator<Directory[]> {
    this.#open.push(directory);
    if (this.#open.length >= BATCH) yield* this.rest();
  }

  *rest(): Generator<Directory[]> {
    const full = this.#open;
    this.#open = [];
    if (full.length > 0) yield full;
  }
}

async function* prefetched(ledger: LedgerRepository, head: string, names: RegExp): AsyncGenerator<Directory> {
  for await (const batch of directories(ledger, head)) {
    const wanted = batch.flatMap(({ entries }) => entries.filter(({ name }) => names.test(name)));
    await ledger.snapshot(head).prefetch(wanted.map(({ oid }) => oid));
    yield* batch;
  }
}

/**
 * Every digest that any record or open proposal names, whether or not it is valid: what nobody may take for garbage.
 */
export async function namedDigests(ledger: LedgerRepository, head: string): Promise<Set<string>> {
  const digests = new Set<string>();
  // Files stand in the one, evidence in the other.
  const names = /^checklist\.(?:sha256|json)$/;
  for await (const { snapshot, entries } of prefetched(ledger, head, names)) {
    for (const { oid } of entries.filter(({ name, mode }) => names.test(name) && mode !== '160000')) {
      const bytes = await snapshot.blob(oid, CHECKLIST_BYTES).catch((error: unknown) => {
        // No record is that large; somebody's branch may be.
        if (error instanceof PullthroughError && error.code === 'E_TOO_LARGE') return new Uint8Array();
        throw error;
      });
      const text = Buffer.from(bytes).toString('latin1');
      for (const [digest] of text.matchAll(/[0-9a-f]{64}/g)) digests.add(digest);
    }
  }
  return digests;
}

/** What in the store belongs to a record: its files, and the evidence about them. */
export function objectsOf({ assets, checklist }: Pick<RecordStatus, 'assets' | 'checklist'>): RecordedAsset[] {
  const evidence = (checklist.evidence ?? []).map(({ kind, sha256, size }) => ({
    name: `evidence ${kind}`,
    sha256,
    size,
  }));
  return [...assets, ...evidence];
}

/**
 * The files and the evidence of every record and open proposal with a valid sign that nobody withdrew: what a store must hold. A record
 * that breaks the format is reported to `ignored`.
 */
export async function* expectedObjects(
  ledger: LedgerRepository,
  head: string,
  trust: Trust,
  ignored: (path: string, error: PullthroughError) => void,
): AsyncGenerator<RecordedAsset> {
  for await (const { snapshot, path, entries, proposed } of prefetched(ledger, head, /^checklist\./)) {
    try {
      const record = await verifyRecord(recordFiles(snapshot, path, entries), trust);
      if (record.signedBy !== undefined && record.state !== 'withdrawn') yield* objectsOf(record);
    } catch (error) {
      if (!(error instanceof PullthroughError) || error.exit !== 3) throw error;
      if (!proposed) ignored(path, error);
    }
  }
}
