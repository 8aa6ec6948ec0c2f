import { createHash, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { fromUtf8 } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';

/** A public key for Sigstore bundles without a certificate. */
export interface PublicKey {
  /** Of its SubjectPublicKeyInfo, in lower-case hex: what `key:` names. */
  readonly sha256: string;
  readonly key: KeyObject;
  /** The file, PEM. */
  readonly bytes: Uint8Array;
}

/** The most bytes of a PEM file. */
const PEM_BYTES = 16 * 1024;

/** What Fulcio and cosign sign with. */
const CURVES = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
const LEAST_RSA = 2048;
const MOST_RSA = 8192;

/** Reads a PEM file with one public key, as cosign writes it. Throws `E_EVIDENCE`. */
export function readPublicKey(bytes: Uint8Array): PublicKey {
  const text = bytes.length > PEM_BYTES ? undefined : fromUtf8(bytes);
  if (
    text === undefined ||
    !/^-----BEGIN PUBLIC KEY-----\r?\n[A-Za-z0-9+/=\r\n]+-----END PUBLIC KEY-----\s*$/.test(text)
  ) {
    fail('E_EVIDENCE', 'it is not a PEM file of one public key');
  }
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch (cause) {
    return fail('E_EVIDENCE', 'it is not a public key that can be read', { cause });
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const bits = details?.modulusLength ?? 0;
  const curve = type === 'ec' && CURVES.has(details?.namedCurve ?? '');
  if (type !== 'ed25519' && !curve && !(type === 'rsa' && bits >= LEAST_RSA && bits <= MOST_RSA)) {
    const size = details?.namedCurve ?? (bits > 0 ? `${bits} bits` : '');
    const kind = [type, size].filter((part) => part !== undefined && part !== '').join(' of ');
    fail(
      'E_EVIDENCE',
      `the key is ${kind}, not ECDSA over P-256, P-384 or P-521, Ed25519, or RSA of ${LEAST_RSA} bits`,
    );
  }
  const spki = key.export({ format: 'der', type: 'spki' });
  return { sha256: createHash('sha256').update(spki).digest('hex'), key, bytes };
}
