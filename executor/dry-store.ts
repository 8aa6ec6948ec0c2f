import { hashing } from '../io/files/hash.ts';
import { fail } from '../ledger-schema/error.ts';
import type { PutRequest, Store } from '../store/store.ts';

/** A store for --dry-run: every byte is read and checked as by `put`, and none is kept. */
export function dryStore(store: Pick<Store, 'read'>): Pick<Store, 'put' | 'read'> {
  return {
    read: (sha256) => store.read(sha256),
    async put({ name, size, sha256: expected }: PutRequest, body) {
      const hashed = hashing(body, ['sha256']);
      await hashed.body.each(() => {
        if (hashed.size() > size) fail('E_SIZE', `${name} is longer than the ${size} bytes that were declared`);
      });
      if (hashed.size() < size) fail('E_TRUNCATED', `${name} ended after ${hashed.size()} of ${size} bytes`);
      const { sha256 } = hashed.digests();
      if (expected !== undefined && sha256 !== expected) {
        fail('E_DIGEST_MISMATCH', `${name} has the SHA-256 ${sha256}, not ${expected}`);
      }
      return { sha256, repaired: false };
    },
  };
}
