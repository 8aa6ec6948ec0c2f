import { Worker } from 'node:worker_threads';
import { availableParallelism } from 'node:os';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { isBlock, keep, release } from '../body/blocks.ts';
import { Filling } from '../body/filling.ts';

/**
 * Bytes that may wait for one job's thread before anyone who sends them is held back: so many for one, and for several
 * their share of twice as many, but for an order at least. Any of them keeps the thread busy.
 */
const MOST_WAITING = 2 << 20;

/** It holds nothing but the orders that are under way. */
const LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 16 };
/** A program that goes on, such as a gateway, keeps no thread that has had nothing to do for this long; milliseconds. */
const IDLE_MS = 10_000;
/** One hashes a gigabyte a second or more, and takes 7 MiB. The processor that reads is needed for that. */
const MOST_THREADS = availableParallelism() > 2 ? 2 : 1;
/** Bytes of one order: each costs two threads a wake-up, which takes as long as hashing 50 KiB. */
const ORDER = 1 << 20;

interface Order {
  readonly job: number;
  /** In the first order of a job. */
  readonly begin?: string | undefined;
  readonly chunks: readonly Uint8Array[];
  readonly end: boolean;
}

interface Reply {
  readonly job: number;
  /** How many chunks were hashed since the last reply. */
  readonly hashed: number;
  readonly digest?: string | undefined;
}

/**
 * The thread's whole program. It is sent as text, so that it needs no file of its own in a bundle or under a test
 * runner: it must not name anything outside of itself.
 */
function program(): void {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const port = process.getBuiltinModule('node:worker_threads').parentPort;
  const hashes = new Map<number, ReturnType<typeof createHash>>();
  port?.on('message', ({ job, begin, chunks, end }: Order) => {
    if (begin !== undefined) hashes.set(job, createHash(begin));
    const hash = hashes.get(job);
    for (const chunk of chunks) hash?.update(chunk);
    if (end) hashes.delete(job);
    port.postMessage({ job, hashed: chunks.length, digest: end ? hash?.digest('hex') : undefined });
  });
}

interface Thread {
  readonly worker: Worker;
  readonly jobs: Map<number, HashJob>;
  /** Ends it when it has had nothing to do for a while. */
  ending: NodeJS.Timeout | undefined;
}

const threads: Thread[] = [];
let lastJob = 0;

/** The thread with the least to do; a new one while there may be more. */
function pickThread(): Thread {
  const idle = threads.find(({ jobs }) => jobs.size === 0);
  if (idle) return idle;
  if (threads.length < MOST_THREADS) {
    const worker = new Worker(`(${program.toString()})()`, {
      eval: true,
      env: {},
      execArgv: [],
      stdin: false,
      resourceLimits: LIMITS,
    });
    const thread: Thread = { worker, jobs: new Map(), ending: undefined };
    worker.unref();
    worker.on('message', (reply: Reply) => thread.jobs.get(reply.job)?.hear(reply));
    worker.on('error', (error) => {
      forget(thread);
      for (const job of thread.jobs.values()) job.break(error);
    });
    threads.push(thread);
    return thread;
  }
  return threads.reduce((best, next) => (next.jobs.size < best.jobs.size ? next : best));
}

function forget(thread: Thread): void {
  const at = threads.indexOf(thread);
  if (at >= 0) threads.splice(at, 1);
}

/** Each thread has a heap of its own. */
function endLater(thread: Thread): void {
  thread.ending = setTimeout(() => {
    forget(thread);
    void thread.worker.terminate();
  }, IDLE_MS).unref();
}

/** One digest that a thread makes of chunks as they come. End it with `digest` or `drop`. */
export class HashJob {
  readonly #id = ++lastJob;
  readonly #thread = pickThread();
  /** Chunks that the thread has not hashed yet, in order. */
  readonly #sent: Uint8Array[] = [];
  #waiting = 0;
  /** What chunks in other memory are copied into. */
  readonly #filling = new Filling();
  /** Chunks of the next order. */
  #next: Uint8Array[] = [];
  #nextBytes = 0;
  #begin: string | undefined;
  #failure: PullthroughError | undefined;
  #wake: (() => void) | undefined;
  #digest: string | undefined;

  constructor(algorithm: string) {
    this.#begin = algorithm;
    // The process must not end while somebody waits for this job, and must not wait for threads without one.
    if (this.#thread.jobs.size === 0) this.#thread.worker.ref();
    clearTimeout(this.#thread.ending);
    this.#thread.jobs.set(this.#id, this);
  }

  /** Hashes a chunk that must not change before `digest` has returned; a block of ours is kept until it is hashed. */
  async update(chunk: Uint8Array): Promise<void> {
    if (isBlock(chunk)) {
      keep(chunk);
      await this.#send(chunk);
    } else {
      for (let at = 0; at < chunk.length;) {
        const piece = this.#filling.copy(chunk.subarray(at));
        at += piece.length;
        await this.#send(piece);
      }
    }
    if (this.#failure) throw this.#failure;
  }

  /** Lower-case hex. */
  async digest(): Promise<string> {
    this.#order(true);
    while (this.#digest === undefined && !this.#failure) await this.#heard();
    this.#leave();
    if (this.#failure) throw this.#failure;
    return this.#digest ?? '';
  }

  /** Gives the job up. */
  drop(): void {
    if (this.#thread.jobs.get(this.#id) === this && !this.#failure) void this.digest().catch(() => undefined);
  }

  /** The thread says: so many of the oldest chunks are hashed, and here is the digest. */
  hear({ hashed, digest }: Reply): void {
    for (const chunk of this.#sent.splice(0, hashed)) {
      this.#waiting -= chunk.length;
      release(chunk);
    }
    this.#digest = digest;
    this.#wake?.();
  }

  break(error: Error): void {
    this.#failure = new PullthroughError('E_INTERNAL', 'a hashing thread failed', { cause: error });
    this.#wake?.();
  }

  async #send(chunk: Uint8Array): Promise<void> {
    this.#sent.push(chunk);
    this.#waiting += chunk.length;
    this.#next.push(chunk);
    this.#nextBytes += chunk.length;
    if (this.#nextBytes >= ORDER) this.#order(false);
    if (this.#waiting > this.#most) await this.#calm();
  }

  get #most(): number {
    const jobs = threads.reduce((sum, thread) => sum + thread.jobs.size, 0);
    return Math.min(MOST_WAITING, Math.max(ORDER, (2 * MOST_WAITING) / jobs));
  }

  #order(end: boolean): void {
    const order: Order = { job: this.#id, begin: this.#begin, chunks: this.#next, end };
    this.#begin = undefined;
    this.#next = [];
    this.#nextBytes = 0;
    this.#thread.worker.postMessage(order);
  }

  async #calm(): Promise<void> {
    if (this.#next.length > 0) this.#order(false);
    while (this.#waiting > this.#most / 2 && !this.#failure) await this.#heard();
  }

  #heard(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  #leave(): void {
    this.#filling.end();
    this.#thread.jobs.delete(this.#id);
    if (this.#thread.jobs.size > 0) return;
    this.#thread.worker.unref();
    endLater(this.#thread);
  }
}
