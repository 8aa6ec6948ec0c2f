import { generateKeyPairSync, sign } from 'node:crypto';
import { bundleToJSON } from '@sigstore/bundle';
import { DSSEBundleBuilder, FulcioSigner, RekorWitness } from '@sigstore/sign';
import type { Signature, Signer } from '@sigstore/sign';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import type { Root } from '../roots.ts';
import { REKOR_RETRY, REKOR_TIMEOUT_MS, signingError } from './signing-error.ts';
import { verifyBundle } from './sigstore.ts';
import { IN_TOTO } from './statement.ts';
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
export interface KeylessSigner {
  readonly identity: TokenIdentity;
  /** A bundle with a certificate and a log entry, as JSON; verified. Throws `E_SIGNING`. */
  sign(statement: Uint8Array): Promise<Uint8Array>;
  /** Does a bundle verify, and is it by this identity? */
  signed(bundle: Uint8Array): boolean;
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
      retry: REKOR_RETRY,
      timeout: REKOR_TIMEOUT_MS,
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
  const signer = new CertifiedKey(options);
  const { rekor, roots } = options;
  const witness = new RekorWitness({
    entryType: 'dsse',
    retry: REKOR_RETRY,
    timeout: REKOR_TIMEOUT_MS,
    ...(rekor === undefined ? {} : { rekorBaseURL: rekor }),
  });
  const builder = new DSSEBundleBuilder({ signer, witnesses: [witness] });
  const check = (bytes: Uint8Array): void => {
    const { signer: actual, issuer } = verifyBundle(bytes, roots);
    if (actual !== identity.identity || issuer !== identity.issuer) {
      fail('E_SIGNING', `the certificate is of ${actual}, and this job is ${identity.identity}`);
    }
  };
  return {
    identity,
    async sign(statement) {
      try {
        const bundle = await builder.create({ data: Buffer.from(statement), type: IN_TOTO });
        const bytes = new TextEncoder().encode(JSON.stringify(bundleToJSON(bundle)));
        check(bytes);
        return bytes;
      } catch (error) {
        throw signingError(error, {
          hint: 'is fulcio.sigstore.dev and rekor.sigstore.dev reached from here, and does the job have id-token: write?',
        });
      }
    },
    signed(bundle) {
      try {
        check(bundle);
        return true;
      } catch (error) {
        if (error instanceof PullthroughError) return false;
        throw error;
      }
    },
  };
}
