import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Trust } from '../ledger-schema/trust.ts';
import { checkRecords } from './check-records.ts';
import type { CheckedRecord } from './check-records.ts';
import type { GateRepository } from './gate-report.ts';
import type { Snapshot } from './snapshot.ts';

export interface PoolTask {
  readonly repository: Pick<GateRepository, 'directory'>;
  readonly snapshot: Snapshot;
  readonly trust: Trust;
  readonly pin: string | undefined;
}

/** What a worker is told; it establishes trust for itself, from the same commit, pin and time. */
export interface WorkerOrder {
  readonly directory: string;
  readonly commit: string;
  readonly pin: string | undefined;
  readonly now: Date;
  readonly paths: readonly string[];
}

/** Below so many records a worker costs more than it saves. */
const WORTH_A_WORKER = 400;

/** Judges many records on all cores. */
export async function checkInParallel(task: PoolTask, paths: readonly string[]): Promise<CheckedRecord[]> {
  const { directory } = task.repository;
  const count = Math.min(availableParallelism(), Math.floor(paths.length / WORTH_A_WORKER));
  // Compiled code alone runs in a worker; the sources are only ever run by a test runner, which compiles in its own way.
  if (count < 2 || directory === undefined || import.meta.url.endsWith('.ts'))
    return checkRecords(task.snapshot, task.trust, paths);
  const share = Math.ceil(paths.length / count);
  const shares = Array.from({ length: count }, (_, i) => paths.slice(i * share, (i + 1) * share));
  return (await Promise.all(shares.map((part) => runWorker(task, directory, part)))).flat();
}

function runWorker(
  { snapshot, trust, pin }: PoolTask,
  directory: string,
  paths: readonly string[],
): Promise<CheckedRecord[]> {
  const order: WorkerOrder = {
    directory,
    commit: snapshot.commit,
    pin,
    now: trust.now,
    paths,
  };
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./check-worker.js', import.meta.url), { workerData: order });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a worker ended with ${code}`)));
  });
}
