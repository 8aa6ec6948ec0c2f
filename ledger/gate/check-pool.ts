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
/** Records that are handed over at a time: few enough that nobody is idle for long at the end. */
const HANDED = 32;
/** A worker has the next ones already when it answers: this thread, which judges too, may not hear it at once. */
const AHEAD = 3;
/** A worker reads, judges and forgets; with more room for young objects it would only collect them later. */
const LIMITS = { maxYoungGenerationSizeMb: 8 };

type Parts = IterableIterator<[number, readonly string[]]>;

/** Judges many records on all cores, this thread's among them; the answers are in the order of `paths`. */
export async function checkInParallel(task: PoolTask, paths: readonly string[]): Promise<CheckedRecord[]> {
  const { directory } = task.repository;
  const others = Math.min(availableParallelism() - 1, Math.floor(paths.length / WORTH_A_WORKER));
  // Compiled code alone runs in a worker; the sources are only ever run by a test runner, which compiles in its own way.
  if (others < 1 || directory === undefined || import.meta.url.endsWith('.ts'))
    return checkRecords(task.snapshot, task.trust, paths);
  const parts: Parts = Array.from({ length: Math.ceil(paths.length / HANDED) }, (_, i) =>
    paths.slice(i * HANDED, (i + 1) * HANDED),
  ).entries();
  const answers: CheckedRecord[][] = [];
  const workers = Array.from({ length: others }, () => startWorker(task, directory));
  try {
    await Promise.all([...workers.map((worker) => feed(worker, parts, answers)), judgeHere(task, parts, answers)]);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return answers.flat();
}

async function judgeHere({ snapshot, trust }: PoolTask, parts: Parts, answers: CheckedRecord[][]): Promise<void> {
  for (const [place, paths] of parts) answers[place] = await checkRecords(snapshot, trust, paths);
}

function startWorker({ snapshot, trust, pin }: PoolTask, directory: string): Worker {
  const workerData: WorkerOrder = { directory, commit: snapshot.commit, pin, now: trust.now };
  return new Worker(new URL('./check-worker.js', import.meta.url), { workerData, resourceLimits: LIMITS });
}

/** Hands it parts until none is left; it answers in their order, and each answer goes to its place. */
function feed(worker: Worker, parts: Parts, answers: CheckedRecord[][]): Promise<void> {
  return new Promise((resolve, reject) => {
    const handed: number[] = [];
    const hand = (): void => {
      while (handed.length < AHEAD) {
        const next = parts.next();
        if (next.done) break;
        handed.push(next.value[0]);
        worker.postMessage(next.value[1]);
      }
      if (handed.length === 0) resolve();
    };
    worker.on('message', (checked: CheckedRecord[]) => {
      const place = handed.shift();
      if (place !== undefined) answers[place] = checked;
      hand();
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a worker ended with ${code}`)));
    hand();
  });
}
