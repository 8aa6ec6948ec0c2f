import type { Signer } from '@sigstore/sign';
import { utf8 } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';
import type { Root } from '../roots.ts';
import { hostOf, loggedSigner } from './logged-signer.ts';
import type { LoggedSigner } from './logged-signer.ts';
import { readPublicKey } from './public-key.ts';
import { parseBundle, verifyBundle } from './sigstore.ts';

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

/** Signs statements with a key, and has a public log say so; a bundle that isn't in the log isn't its own. */
export function openLoggedKey({ spki, hint, sign, rekor, roots }: LoggedKeyOptions): LoggedSigner {
  const pem = `-----BEGIN PUBLIC KEY-----\n${Buffer.from(spki).toString('base64')}\n-----END PUBLIC KEY-----\n`;
  const key = readPublicKey(utf8(pem));
  const signer: Signer = {
    sign: (data) =>
      Promise.resolve({ signature: Buffer.from(sign(data)), key: { $case: 'publicKey', publicKey: pem, hint } }),
  };
  return loggedSigner({
    signer,
    rekor,
    check(bundle) {
      verifyBundle(bundle, roots, key);
      if (parseBundle(bundle).verificationMaterial.tlogEntries.length > 0) return;
      fail('E_SIGNING', 'what the key signed is in no log');
    },
    failure: { otherwise: 'the log was not asked', hint: `is ${hostOf(rekor, 'rekor')} reached from here?` },
  });
}
