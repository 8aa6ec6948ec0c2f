import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { RecordToJudge } from './judge.ts';
import type { PageDigests } from '../machine/digest-files.ts';
import type { KnownRelease } from '../model.ts';
import type { PlacedTool } from './release-writer.ts';
import type { SiteContext } from '../site-context.ts';

/** What a worker is told first; it establishes trust for itself, from the same commit, pin and time. */
export interface WorkerOrder extends Omit<SiteContext, 'view'> {
  /** The clone of the ledger. */
  readonly directory: string;
  readonly label: string;
  readonly commit: string;
  readonly now: Date;
  /** The site's folder, and whether it had nothing. */
  readonly root: string;
  readonly fresh: boolean;
  readonly number: number;
}

/** Records of one tool, which are here and whose files were announced. */
export interface WorkerJob {
  /** Said again in the answer. */
  readonly id: number;
  readonly tool: PlacedTool;
  readonly records: readonly RecordToJudge[];
  readonly acknowledged: readonly string[];
}

export type JudgingJob = Omit<WorkerJob, 'id'>;

/** Lines of the records whose pages are written; those that the worker leaves to others are not among them. */
export interface WorkerAnswer {
  readonly id: number;
  readonly lines: readonly KnownRelease[];
  readonly digests: readonly PageDigests[];
  readonly written: number;
}

/** Below this many records a worker costs more than it saves. */
const WORTH_A_WORKER = 400;
/** Records that a worker is handed at a time: few enough that none is idle for long at the end. */
const HANDED = 32;
/** Lists that a worker has at a time: while git looks for the objects of one, another is judged and written. */
const AT_ONCE = 2;
/** A worker reads, judges, writes and forgets: what it has at a time is small, and every worker has this once more. */
const LIMITS = { maxYoungGenerationSizeMb: 12 };
/**
 * MiB, half of the room for young objects that a thread of this process begins with, from then on. V8 begins with 1, and
 * where the program's own room is large enough no other grows any more (`cli/wiring/spare-engine.ts`): a worker would
 * collect after each megabyte.
 */
const YOUNG_HALF = 4;

export type PoolOrder = Omit<WorkerOrder, 'number'>;

type Take = (job: JudgingJob, lines: readonly KnownRelease[], digests: readonly PageDigests[]) => void;

/** Judges records and writes their pages on all cores. Close it when done. */
export class ReleasePool implements AsyncDisposable {
  readonly #order: PoolOrder | undefined;
  #workers: Worker[] = [];
  /** Files that its workers wrote. */
  written = 0;

  /** Without an order, as where nothing lies in a folder, nobody is helped. */
  constructor(order: PoolOrder | undefined) {
    this.#order = order;
  }

  /** Gives each job's lines and digests to `take`; a job that fails, or that isn't worth it, is left to the caller. */
  async run(jobs: readonly JudgingJob[], take: Take): Promise<void> {
    const order = this.#order;
    const count = jobs.reduce((sum, { records }) => sum + records.length, 0);
    // Only compiled code runs in a worker; the sources are only ever run by a test runner, which compiles in its own way.
    const isWorthIt = count >= WORTH_A_WORKER || (this.#workers.length > 0 && count > 0);
    if (order === undefined || !isWorthIt || import.meta.url.endsWith('.ts')) return;
    if (this.#workers.length === 0) {
      setFlagsFromString(`--min-semi-space-size=${YOUNG_HALF}`);
      this.#workers = Array.from({ length: Math.min(8, availableParallelism()) }, (_, number) =>
        startWorker({ ...order, number }),
      );
    }
    const left = inParts(jobs).values();
    await Promise.all(this.#workers.map((worker) => this.#feed(worker, left, take)));
  }

  #feed(worker: Worker, left: Iterator<WorkerJob>, take: Take) {
    return new Promise<void>((resolve, reject) => {
      const open = new Map<number, WorkerJob>();
      const failed = (cause: unknown): void =>
        reject(cause instanceof Error ? cause : new Error(`a worker ended: ${String(cause)}`));
      const done = (): void => {
        for (const name of ['message', 'error', 'exit']) worker.removeAllListeners(name);
        resolve();
      };
      const hand = (): void => {
        while (open.size < AT_ONCE) {
          const next = left.next();
          if (next.done === true) break;
          open.set(next.value.id, next.value);
          worker.postMessage(next.value);
        }
        if (open.size === 0) done();
      };
      worker.on('message', ({ id, lines, digests, written }: WorkerAnswer) => {
        this.written += written;
        const job = open.get(id);
        open.delete(id);
        if (job !== undefined) take(job, lines, digests);
        hand();
      });
      worker.once('error', failed);
      worker.once('exit', failed);
      hand();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

function startWorker(workerData: WorkerOrder): Worker {
  return new Worker(new URL('./release-worker.js', import.meta.url), { workerData, resourceLimits: LIMITS });
}

function inParts(jobs: readonly JudgingJob[]): WorkerJob[] {
  const parts = jobs.flatMap((job) =>
    Array.from({ length: Math.ceil(job.records.length / HANDED) }, (_, i) => ({
      ...job,
      records: job.records.slice(i * HANDED, (i + 1) * HANDED),
    })),
  );
  return parts.map((part, id) => ({ ...part, id }));
}
