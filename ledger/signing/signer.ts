import { readSecretKey, signDetached } from '../../ledger-schema/openpgp/openpgp-sign.ts';
import { signatureFile } from './signature-output.ts';
import type { SigningPurpose } from '../../ledger-schema/openpgp/openpgp.ts';
import type { Signer } from './signature-output.ts';
import { NODE_VERIFIER } from './node-verifier.ts';

export type { Signer } from './signature-output.ts';
export type { NewKey } from './keys.ts';
export { gpgSigner } from './gpg.ts';
export { newKey } from './keys.ts';

/**
 * Signs with a secret key that the caller has, armoured or binary, by the newest component that can sign now; for a nack
 * also by one that has expired or is revoked. Throws `E_SIGNING_KEY` where it can't be read or unlocked, or where the
 * format doesn't allow it.
 */
export async function fileSigner(request: {
  key: Uint8Array;
  passphrase?: string | undefined;
  purpose?: SigningPurpose;
}): Promise<Signer> {
  const { key: file, passphrase, purpose } = request;
  const signing = await readSecretKey({ file, passphrase, now: new Date(), purpose, verifier: NODE_VERIFIER });
  return {
    fingerprint: signing.key.fingerprint,
    publicKey: () => Promise.resolve(signing.publicFile),
    sign: async (data) => {
      const now = new Date();
      return signatureFile(await signDetached(signing, data, now), data, signing.key, now, purpose);
    },
  };
}
