import { parentPort, workerData } from 'node:worker_threads';
import { PullthroughError } from '../../../ledger-schema/error.ts';
import { establishTrust } from '../../../ledger-schema/trust.ts';
import { ledgerFiles } from '../../../ledger/files.ts';
import { openLocalRepository } from '../../../ledger/git/local.ts';
import { THREAD_VERIFIER } from '../../../ledger/signing/node-verifier.ts';
import { SiteFolder } from '../disk/folder.ts';
import { judgeRecords } from './judge.ts';
import type { KnownRelease } from '../model.ts';
import type { WorkerAnswer, WorkerJob, WorkerOrder } from './release-pool.ts';
import { ReleaseWriter } from './release-writer.ts';

// Establishes trust once, then judges each list of records and writes their pages, until it is ended. What fails, and what
// was withdrawn, whose reason only the ledger's history tells, is left to who asked.
const order = workerData as WorkerOrder;
const { directory, commit, pin, now, label } = order;
const repository = await openLocalRepository(directory);
const snapshot = repository.snapshot(commit);
const trust = await establishTrust(ledgerFiles(snapshot), { pin, now, verifier: THREAD_VERIFIER });
const view = { label, commit, snapshot, trust, descendsFrom: async () => true };
const folder = SiteFolder.another(order.root, order.fresh, order.number);
const writer = new ReleaseWriter({ ...order, view }, folder);

let told = 0;
/** Files that were written since this was asked last. */
function newlyWritten(): number {
  const count = folder.written - told;
  told = folder.written;
  return count;
}

async function answer({ id, tool, records, acknowledged }: WorkerJob): Promise<WorkerAnswer> {
  const known = new Set(acknowledged);
  const context = {
    snapshot,
    trust,
    reasonOf: async () => undefined,
    wasAcknowledged: (tag: string) => known.has(tag),
  };
  try {
    const lines: KnownRelease[] = [];
    for await (const shown of judgeRecords(records, context)) {
      if (shown.known.state === 'withdrawn') continue;
      await writer.write(tool, shown);
      lines.push(shown.known);
    }
    return { id, lines, digests: writer.takeDigests(), written: newlyWritten() };
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    // Those of jobs that are worked on meanwhile are among them.
    return { id, lines: [], digests: writer.takeDigests(), written: newlyWritten() };
  }
}

// Thrown in a promise of its own, an error ends this thread, and the pool is told.
parentPort?.on('message', (job: WorkerJob) => void answer(job).then((found) => parentPort?.postMessage(found)));
