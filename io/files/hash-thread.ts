import { Worker } from 'node:worker_threads';
import { availableParallelism } from 'node:os';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { BLOCK, keep, release, takeBlock } from '../body/blocks.ts';

/** Bytes that may wait for one job's thread before anyone who sends them is held back. */
const MOST_WAITING = 8 * BLOCK;

type Order =
  | { readonly job: number; readonly begin: string }
  | { readonly job: number; readonly chunk: Uint8Array }
  | { readonly job: number; readonly end: true };
type Reply = { readonly job: number; readonly digest?: string };

/**
 * The thread's whole program. It is sent as text, so that it needs no file of its own in a bundle or under a test
 * runner: it must not name anything outside of itself.
 */
function program(): void {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const port = process.getBuiltinModule('node:worker_threads').parentPort;
  const hashes = new Map<number, ReturnType<typeof createHash>>();
  port?.on('message', (order: Order) => {
    if ('begin' in order) {
      hashes.set(order.job, createHash(order.begin));
      return;
    }
    const hash = hashes.get(order.job);
    if ('chunk' in order) {
      hash?.update(order.chunk);
      port.postMessage({ job: order.job });
      return;
    }
    hashes.delete(order.job);
    port.postMessage({ job: order.job, digest: hash?.digest('hex') });
  });
}

interface Thread {
  readonly worker: Worker;
  readonly jobs: Map<number, HashJob>;
}

const threads: Thread[] = [];
let lastJob = 0;

/** The thread with the least to do; a new one while there are fewer threads than processors to spare. */
function pickThread(): Thread {
  const idle = threads.find(({ jobs }) => jobs.size === 0);
  if (idle) return idle;
  if (threads.length < Math.min(4, availableParallelism())) {
    const worker = new Worker(`(${program.toString()})()`, { eval: true, env: {}, execArgv: [], stdin: false });
    const thread: Thread = { worker, jobs: new Map() };
    worker.unref();
    worker.on('message', (reply: Reply) => thread.jobs.get(reply.job)?.hear(reply.digest));
    worker.on('error', (error) => {
      threads.splice(threads.indexOf(thread), 1);
      for (const job of thread.jobs.values()) job.break(error);
    });
    threads.push(thread);
    return thread;
  }
  return threads.reduce((best, next) => (next.jobs.size < best.jobs.size ? next : best));
}

/** One digest that a thread makes of chunks as they come. End it with `digest` or `drop`. */
export class HashJob {
  readonly #id = ++lastJob;
  readonly #thread = pickThread();
  /** Chunks that the thread has not hashed yet, in order. */
  readonly #sent: Uint8Array[] = [];
  #waiting = 0;
  #failure: PullthroughError | undefined;
  #wake: (() => void) | undefined;
  #digest: string | undefined;

  constructor(algorithm: string) {
    // The process must not end while somebody waits for this job, and must not wait for threads without one.
    if (this.#thread.jobs.size === 0) this.#thread.worker.ref();
    this.#thread.jobs.set(this.#id, this);
    this.#post({ job: this.#id, begin: algorithm });
  }

  /** Hashes a chunk that must not change before `digest` has returned; a block of ours is kept until it is hashed. */
  async update(chunk: Uint8Array): Promise<void> {
    if (chunk.buffer instanceof SharedArrayBuffer) {
      keep(chunk);
      this.#send(chunk);
    } else {
      for (let at = 0; at < chunk.length; at += BLOCK) {
        const part = chunk.subarray(at, at + BLOCK);
        const block = takeBlock().subarray(0, part.length);
        block.set(part);
        this.#send(block);
        if (this.#waiting > MOST_WAITING) await this.#calm();
      }
    }
    if (this.#waiting > MOST_WAITING) await this.#calm();
    if (this.#failure) throw this.#failure;
  }

  /** Lower-case hex. */
  async digest(): Promise<string> {
    this.#post({ job: this.#id, end: true });
    while (this.#digest === undefined && !this.#failure) await this.#heard();
    this.#leave();
    if (this.#failure) throw this.#failure;
    return this.#digest ?? '';
  }

  /** Gives the job up. */
  drop(): void {
    if (this.#thread.jobs.get(this.#id) === this && !this.#failure) void this.digest().catch(() => undefined);
  }

  /** The thread says: the oldest chunk is hashed, or here is the digest. */
  hear(digest: string | undefined): void {
    if (digest === undefined) {
      const chunk = this.#sent.shift();
      if (chunk) {
        this.#waiting -= chunk.length;
        release(chunk);
      }
    }
    this.#digest = digest;
    this.#wake?.();
  }

  break(error: Error): void {
    this.#failure = new PullthroughError('E_INTERNAL', 'a hashing thread failed', { cause: error });
    this.#wake?.();
  }

  #send(chunk: Uint8Array): void {
    this.#sent.push(chunk);
    this.#waiting += chunk.length;
    this.#post({ job: this.#id, chunk });
  }

  #post(order: Order): void {
    this.#thread.worker.postMessage(order);
  }

  async #calm(): Promise<void> {
    while (this.#waiting > MOST_WAITING / 2 && !this.#failure) await this.#heard();
  }

  #heard(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  #leave(): void {
    this.#thread.jobs.delete(this.#id);
    if (this.#thread.jobs.size === 0) this.#thread.worker.unref();
  }
}
