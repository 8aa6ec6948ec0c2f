import { generateKeyPairSync, sign } from 'node:crypto';
import { FulcioSigner } from '@sigstore/sign';
import type { Signature, Signer } from '@sigstore/sign';
import { fail } from '../../ledger-schema/error.ts';
import type { Root } from '../roots.ts';
import { SIGSTORE_CALLS, hostOf, loggedSigner } from './logged-signer.ts';
import type { LoggedSigner } from './logged-signer.ts';
import { verifyBundle } from './sigstore.ts';
import { tokenIdentity } from './token-identity.ts';
import type { TokenIdentity } from './token-identity.ts';

export interface KeylessOptions {
  /** Gives an OpenID token for the audience `sigstore`; asked for each certificate. */
  readonly token: () => Promise<string>;
  /** Default: the public-good instance's. */
  readonly fulcio?: string | undefined;
  readonly rekor?: string | undefined;
  /** What is signed must verify under one of these before it is handed out. */
  readonly roots: readonly Root[];
}

/** Signs statements with this job's identity, and logs each. */
export interface KeylessSigner extends LoggedSigner {
  readonly identity: TokenIdentity;
}

/** A certificate is good for ten minutes; one serves several statements. */
const CERTIFICATE_MS = 5 * 60_000;

/** Fulcio's certificate of an ephemeral key, kept for as long as it is certain to be good. */
class CertifiedKey implements Signer {
  readonly #options: KeylessOptions;
  #current: { readonly key: Signer; readonly certificate: Signature['key']; readonly since: number } | undefined;

  constructor(options: KeylessOptions) {
    this.#options = options;
  }

  async sign(data: Buffer): Promise<Signature> {
    const { token, fulcio } = this.#options;
    if (this.#current !== undefined && performance.now() - this.#current.since < CERTIFICATE_MS) {
      const { key, certificate } = this.#current;
      return { signature: (await key.sign(data)).signature, key: certificate };
    }
    const key = ephemeralKey();
    const since = performance.now();
    const signer = new FulcioSigner({
      identityProvider: { getToken: token },
      keyHolder: key,
      ...SIGSTORE_CALLS,
      ...(fulcio === undefined ? {} : { fulcioBaseURL: fulcio }),
    });
    const signature = await signer.sign(data);
    this.#current = { key, certificate: signature.key, since };
    return signature;
  }
}

function ephemeralKey(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
  return {
    sign: (data) =>
      Promise.resolve({ signature: sign('sha256', data, privateKey), key: { $case: 'publicKey', publicKey: pem } }),
  };
}

/**
 * Opens keyless signing: the token says who this is before anything is signed, since a packslip names its signer. Throws
 * `E_SIGNING`.
 */
export async function openKeyless(options: KeylessOptions): Promise<KeylessSigner> {
  const identity = tokenIdentity(await options.token());
  const { rekor, roots } = options;
  const logged = loggedSigner({
    signer: new CertifiedKey(options),
    rekor,
    check(bundle) {
      const { signer: actual, issuer } = verifyBundle(bundle, roots);
      if (actual === identity.identity && issuer === identity.issuer) return;
      fail('E_SIGNING', `the certificate is of ${actual}, and this job is ${identity.identity}`);
    },
    failure: {
      otherwise: 'the token was refused',
      hint: `are ${hostOf(options.fulcio, 'fulcio')} and ${hostOf(rekor, 'rekor')} reached from here, and does the job have id-token: write?`,
    },
  });
  return { identity, ...logged };
}
