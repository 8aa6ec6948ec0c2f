import { fail } from '../ledger-schema/error.ts';
import { Body } from '../io/body/body.ts';
import type { PutRequest } from './store.ts';

/** The body, held to its size: `E_SIZE` before a byte too many is passed on, `E_TRUNCATED` where some are missing. */
export function exactly(body: AsyncIterable<Uint8Array>, request: PutRequest): Body {
  return new Body(held(Body.from(body).chunks, request));
}

async function* held(
  body: AsyncIterable<Uint8Array>,
  { name, size }: PutRequest,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > size) {
      fail('E_SIZE', `${name} is longer than the ${size} bytes that were declared`, {
        hint: 'upstream replaced the file, or something else answers in its place',
      });
    }
    yield chunk;
  }
  if (bytes < size) {
    fail('E_TRUNCATED', `${name} ended after ${bytes} of ${size} bytes`, { hint: 'try again later' });
  }
}

/** Throws `E_DIGEST_MISMATCH` where the digest was known and the bytes have a different one. */
export function checkDigest({ name, sha256 }: PutRequest, seen: string): void {
  if (sha256 === undefined || sha256 === seen) return;
  fail('E_DIGEST_MISMATCH', `${name} has the SHA-256 ${seen}, not ${sha256}`, {
    hint: 'the bytes are not those that were promised: nothing was stored',
  });
}
