import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Trust } from '../../ledger-schema/trust.ts';
import { checkRecords } from './check-records.ts';
import type { CheckedRecord } from './check-records.ts';
import type { GateRepository } from './gate-report.ts';
import type { Snapshot } from '../snapshot.ts';

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
}

/** Below so many records a worker costs more than it saves. */
const WORTH_A_WORKER = 400;

/** Records that a worker is handed at a time: few enough that none is idle for long at the end. */
const HANDED = 32;
/** A worker reads, judges and forgets; with more room for young objects it would only collect them later. */
const LIMITS = { maxYoungGenerationSizeMb: 8 };

/** Judges many records on all cores; the answers are in the order of `paths`. */
export async function checkInParallel(task: PoolTask, paths: readonly string[]): Promise<CheckedRecord[]> {
  const { directory } = task.repository;
  const count = Math.min(availableParallelism(), Math.floor(paths.length / WORTH_A_WORKER));
  // Compiled code alone runs in a worker; the sources are only ever run by a test runner, which compiles in its own way.
  if (count < 2 || directory === undefined || import.meta.url.endsWith('.ts'))
    return checkRecords(task.snapshot, task.trust, paths);
  const parts = Array.from({ length: Math.ceil(paths.length / HANDED) }, (_, i) =>
    paths.slice(i * HANDED, (i + 1) * HANDED),
  );
  const answers: CheckedRecord[][] = [];
  const left = parts.entries();
  const workers = Array.from({ length: count }, () => startWorker(task, directory));
  try {
    await Promise.all(workers.map((worker) => feed(worker, left, answers)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return answers.flat();
}

function startWorker({ snapshot, trust, pin }: PoolTask, directory: string): Worker {
  const workerData: WorkerOrder = { directory, commit: snapshot.commit, pin, now: trust.now };
  return new Worker(new URL('./check-worker.js', import.meta.url), { workerData, resourceLimits: LIMITS });
}

/** Hands it parts until none is left; the answer to each goes to its place. */
function feed(
  worker: Worker,
  left: IterableIterator<[number, readonly string[]]>,
  answers: CheckedRecord[][],
): Promise<void> {
  return new Promise((resolve, reject) => {
    let place = -1;
    const hand = (): void => {
      const next = left.next();
      if (next.done) return resolve();
      place = next.value[0];
      worker.postMessage(next.value[1]);
    };
    worker.on('message', (checked: CheckedRecord[]) => {
      answers[place] = checked;
      hand();
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a worker ended with ${code}`)));
    hand();
  });
}
