import { recordFiles } from '../../ledger/files.ts';
import type { Snapshot, TreeEntry } from '../../ledger/snapshot.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { verifyRecord } from '../../ledger-schema/record.ts';
import type { Trust } from '../../ledger-schema/trust.ts';

/** Records whose blobs are read at once. */
const BATCH = 512;
const RECORD_FILE = /^(packages\/([^/]+\/[^/]+\/[^/]+)\/[^/]+)\/([^/]+)$/;

interface RecordFolder {
  readonly path: string;
  readonly entries: TreeEntry[];
}

/**
 * Size in bytes by sha256 of every file and every piece of evidence of the acknowledged records of a commit; of `tools`
 * (`HOST/OWNER/REPO` as paths have them, in any case) alone where some are named.
 */
export async function acknowledgedObjects(
  snapshot: Snapshot,
  trust: Trust,
  tools: readonly string[] = [],
): Promise<Map<string, number>> {
  const wanted = new Set(tools.map((tool) => tool.toLowerCase()));
  const objects = new Map<string, number>();
  for await (const batch of folders(snapshot, wanted)) {
    await snapshot.prefetch(batch.flatMap(({ entries }) => entries.map(({ oid }) => oid)));
    for (const { path, entries } of batch) {
      for (const { sha256, size } of await objectsOf(snapshot, trust, path, entries)) objects.set(sha256, size);
    }
  }
  return objects;
}

/** Throws `E_NOT_FOUND` for a tool that the commit has no record of. */
export async function requireTools(snapshot: Snapshot, tools: readonly string[]): Promise<void> {
  for (const tool of tools) {
    let folder = 'packages';
    for (const part of tool.split('/')) {
      const name = (await snapshot.list(folder)).find((entry) => entry.name.toLowerCase() === part.toLowerCase())?.name;
      if (name === undefined) {
        fail('E_NOT_FOUND', `the ledger has nothing of ${tool}`, {
          hint: 'look at its spelling; pullthrough list shows every tool',
        });
      }
      folder = `${folder}/${name}`;
    }
  }
}

async function objectsOf(snapshot: Snapshot, trust: Trust, path: string, entries: readonly TreeEntry[]) {
  try {
    const { state, assets, checklist } = await verifyRecord(recordFiles(snapshot, path, entries), trust);
    return state === 'acknowledged' ? [...assets, ...(checklist.evidence ?? [])] : [];
  } catch (error) {
    // What breaks the format is nobody's to use, here as elsewhere.
    if (!(error instanceof PullthroughError) || error.exit !== 3) throw error;
    return [];
  }
}

async function* folders(snapshot: Snapshot, wanted: ReadonlySet<string>): AsyncGenerator<RecordFolder[]> {
  let batch: RecordFolder[] = [];
  for await (const { path, name, mode, oid } of snapshot.walk('packages')) {
    const [, folder, tool = ''] = RECORD_FILE.exec(path) ?? [];
    if (folder === undefined || (wanted.size > 0 && !wanted.has(tool.toLowerCase()))) continue;
    if (batch.at(-1)?.path !== folder) {
      if (batch.length >= BATCH) {
        yield batch;
        batch = [];
      }
      batch.push({ path: folder, entries: [] });
    }
    batch.at(-1)?.entries.push({ name, mode, oid });
  }
  if (batch.length > 0) yield batch;
}
