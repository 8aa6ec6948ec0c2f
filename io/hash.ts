import { createHash } from 'node:crypto';
import { fail } from '../ledger-schema/error.ts';

export type HashAlgorithm = 'sha256' | 'sha512' | 'md5';

export interface Hashing<A extends HashAlgorithm = HashAlgorithm> {
  /** The same bytes, to be read once. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Lower-case hex by algorithm, once the body was read to its end. */
  digests(): Record<A, string>;
  /** Bytes that went through so far. */
  size(): number;
}

/** Hashes a body while somebody reads it. */
export function hashing<A extends HashAlgorithm>(
  body: AsyncIterable<Uint8Array>,
  algorithms: readonly A[],
): Hashing<A> {
  const hashes = algorithms.map((algorithm) => ({ algorithm, hash: createHash(algorithm) }));
  let bytes = 0;
  let result: Record<A, string> | undefined;
  async function* through(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of body) {
      bytes += chunk.length;
      for (const { hash } of hashes) hash.update(chunk);
      yield chunk;
    }
    result = Object.fromEntries(hashes.map(({ algorithm, hash }) => [algorithm, hash.digest('hex')])) as Record<
      A,
      string
    >;
  }
  return {
    body: through(),
    digests: () => result ?? fail('E_INTERNAL', 'digests were asked for before the body was read to its end'),
    size: () => bytes,
  };
}
