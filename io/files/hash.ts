import { createHash } from 'node:crypto';
import { fail } from '../../ledger-schema/error.ts';
import { keep, release } from '../body/blocks.ts';
import { Body } from '../body/body.ts';
import { HashJob } from './hash-thread.ts';

export type HashAlgorithm = 'sha256' | 'sha512' | 'md5';

export interface Hashing<A extends HashAlgorithm = HashAlgorithm> {
  /** The same bytes, to be read once. It ends when the digests are known. */
  readonly body: Body;
  /** Lower-case hex by algorithm, once the body was read to its end. */
  digests(): Record<A, string>;
  /** Bytes that went through so far. */
  size(): number;
}

/** Shorter bodies are hashed here: handing them to a thread would take longer. */
const WORTH_A_THREAD = 1 << 20;

/**
 * Hashes a body while somebody reads it; a long one in other threads, so that it costs the reader almost no time. Only
 * a few MiB of it are held at once.
 */
export function hashing<A extends HashAlgorithm>(
  body: AsyncIterable<Uint8Array>,
  algorithms: readonly A[],
): Hashing<A> {
  let bytes = 0;
  let result: Record<A, string> | undefined;
  async function* through(): AsyncGenerator<Uint8Array, void, undefined> {
    const hasher = new Hasher(algorithms);
    try {
      for await (const chunk of Body.from(body).chunks) {
        bytes += chunk.length;
        await hasher.update(chunk);
        yield chunk;
      }
      const digests = await hasher.digests();
      result = Object.fromEntries(algorithms.map((name, at) => [name, digests[at]])) as Record<A, string>;
    } finally {
      hasher.drop();
    }
  }
  return {
    body: new Body(through()),
    digests: () => result ?? fail('E_INTERNAL', 'digests were asked for before the body was read to its end'),
    size: () => bytes,
  };
}

/** Reads a body to its end, for its digest alone. Lower-case hex. */
export async function digestOf(body: AsyncIterable<Uint8Array>, algorithm: HashAlgorithm = 'sha256'): Promise<string> {
  return (await digestsOf(body, [algorithm]))[algorithm];
}

/**
 * Several digests in one reading; where none is asked for, nothing is read. `onBytes` is told of the bytes as they
 * come, and can end the reading by throwing.
 */
export async function digestsOf<A extends HashAlgorithm>(
  body: AsyncIterable<Uint8Array>,
  algorithms: readonly A[],
  onBytes: (bytes: number) => void = () => undefined,
): Promise<Record<A, string>> {
  if (algorithms.length === 0) return {} as Record<A, string>;
  const hashed = hashing(body, algorithms);
  await hashed.body.each((chunk) => onBytes(chunk.length));
  return hashed.digests();
}

class Hasher {
  readonly #algorithms: readonly HashAlgorithm[];
  /** What came before a thread was worth it. */
  #first: Uint8Array[] = [];
  #firstBytes = 0;
  #jobs: HashJob[] | undefined;

  constructor(algorithms: readonly HashAlgorithm[]) {
    this.#algorithms = algorithms;
  }

  async update(chunk: Uint8Array): Promise<void> {
    if (this.#jobs) {
      for (const job of this.#jobs) await job.update(chunk);
      return;
    }
    keep(chunk);
    this.#first.push(chunk);
    this.#firstBytes += chunk.length;
    if (this.#firstBytes < WORTH_A_THREAD) return;
    this.#jobs = this.#algorithms.map((algorithm) => new HashJob(algorithm));
    for (const early of this.#first) for (const job of this.#jobs) await job.update(early);
    this.#forget();
  }

  async digests(): Promise<string[]> {
    if (this.#jobs) return Promise.all(this.#jobs.splice(0).map((job) => job.digest()));
    return this.#algorithms.map((algorithm) => {
      const hash = createHash(algorithm);
      for (const chunk of this.#first) hash.update(chunk);
      return hash.digest('hex');
    });
  }

  /** Lets go of what it holds, whether or not it came to an end. */
  drop(): void {
    this.#forget();
    for (const job of this.#jobs?.splice(0) ?? []) job.drop();
  }

  #forget(): void {
    for (const chunk of this.#first.splice(0)) release(chunk);
  }
}
