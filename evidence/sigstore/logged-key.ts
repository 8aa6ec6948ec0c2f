import { bundleToJSON } from '@sigstore/bundle';
import { DSSEBundleBuilder, RekorWitness } from '@sigstore/sign';
import type { Signer } from '@sigstore/sign';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { utf8 } from '../../ledger-schema/bytes.ts';
import type { Root } from '../roots.ts';
import { REKOR_RETRY, REKOR_TIMEOUT_MS, signingError } from './signing-error.ts';
import { readPublicKey } from './public-key.ts';
import { parseBundle, verifyBundle } from './sigstore.ts';
import { IN_TOTO } from './statement.ts';

export interface LoggedKeyOptions {
  /** The public key as DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** What a bundle calls the key. */
  readonly hint: string;
  readonly sign: (bytes: Uint8Array) => Uint8Array;
  /** Default: the public-good instance's. */
  readonly rekor?: string | undefined;
  /** What is signed must verify under one of these before it is handed out. */
  readonly roots: readonly Root[];
}

/** Signs statements with a key, and has a public log say so. */
export interface LoggedKey {
  /** A bundle with a log entry, as JSON; verified. Throws `E_SIGNING`. */
  sign(statement: Uint8Array): Promise<Uint8Array>;
  /** Does a bundle verify by the key, and is it logged? */
  signed(bundle: Uint8Array): boolean;
}

export function openLoggedKey({ spki, hint, sign, rekor, roots }: LoggedKeyOptions): LoggedKey {
  const pem = `-----BEGIN PUBLIC KEY-----\n${Buffer.from(spki).toString('base64')}\n-----END PUBLIC KEY-----\n`;
  const key = readPublicKey(utf8(pem));
  const signer: Signer = {
    sign: (data) =>
      Promise.resolve({ signature: Buffer.from(sign(data)), key: { $case: 'publicKey', publicKey: pem, hint } }),
  };
  const witness = new RekorWitness({
    entryType: 'dsse',
    retry: REKOR_RETRY,
    timeout: REKOR_TIMEOUT_MS,
    ...(rekor === undefined ? {} : { rekorBaseURL: rekor }),
  });
  const builder = new DSSEBundleBuilder({ signer, witnesses: [witness] });
  return {
    async sign(statement) {
      try {
        const bundle = await builder.create({ data: Buffer.from(statement), type: IN_TOTO });
        const bytes = utf8(JSON.stringify(bundleToJSON(bundle)));
        verifyBundle(bytes, roots, key);
        return bytes;
      } catch (error) {
        throw signingError(error, { hint: 'is rekor.sigstore.dev reached from here?' });
      }
    },
    signed(bundle) {
      try {
        verifyBundle(bundle, roots, key);
        return parseBundle(bundle).verificationMaterial.tlogEntries.length > 0;
      } catch (error) {
        if (error instanceof PullthroughError) return false;
        throw error;
      }
    },
  };
}
