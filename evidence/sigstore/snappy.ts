import snappy from 'snappyjs';
import { fail } from '../../ledger-schema/error.ts';

/**
 * Decodes raw snappy, as GitHub's storage has bundles. The declared length is checked before anything is allocated.
 * Throws `E_EVIDENCE`.
 */
export function unsnappy(bytes: Uint8Array, limit: number): Uint8Array {
  const declared = declaredLength(bytes) ?? fail('E_EVIDENCE', 'the compressed bundle declares no length');
  if (declared > limit) {
    fail('E_EVIDENCE', `the compressed bundle declares ${declared} bytes, more than the ${limit} that are allowed`);
  }
  try {
    return snappy.uncompress(bytes, limit);
  } catch (cause) {
    return fail('E_EVIDENCE', 'the compressed bundle is not snappy', { cause });
  }
}

/** The varint that raw snappy begins with. */
function declaredLength(bytes: Uint8Array): number | undefined {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[i];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return length;
  }
  return undefined;
}
