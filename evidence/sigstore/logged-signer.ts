import { bundleToJSON } from '@sigstore/bundle';
import { DSSEBundleBuilder, RekorWitness } from '@sigstore/sign';
import type { Signer } from '@sigstore/sign';
import { utf8 } from '../../ledger-schema/bytes.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { IN_TOTO } from './statement.ts';

/** How Fulcio and Rekor are asked. */
export const SIGSTORE_CALLS = { retry: { retries: 3, minTimeout: 500, maxTimeout: 5_000 }, timeout: 30_000 };

/** Signs statements, and has a public log say so. */
export interface LoggedSigner {
  /** A bundle with a log entry, as JSON; verified. Throws `E_SIGNING`. */
  sign(statement: Uint8Array): Promise<Uint8Array>;
  /** Does a bundle verify, and is it by this signer? */
  signed(bundle: Uint8Array): boolean;
}

export interface LoggedSignerOptions {
  readonly signer: Signer;
  /** Default: the public-good instance's. */
  readonly rekor?: string | undefined;
  /** Throws for a bundle that doesn't verify, or is by somebody else: nothing is handed out before. */
  readonly check: (bundle: Uint8Array) => void;
  /** What is wrong where neither Fulcio nor Rekor said it, and what to do where signing fails. */
  readonly failure: { readonly otherwise: string; readonly hint: string };
}

export function loggedSigner({ signer, rekor, check, failure }: LoggedSignerOptions): LoggedSigner {
  const witness = new RekorWitness({
    entryType: 'dsse',
    // A key signs the same bytes the same way: what was logged before, or by a try whose answer was lost, is fetched.
    fetchOnConflict: true,
    ...SIGSTORE_CALLS,
    ...(rekor === undefined ? {} : { rekorBaseURL: rekor }),
  });
  const builder = new DSSEBundleBuilder({ signer, witnesses: [witness] });
  return {
    async sign(statement) {
      try {
        const bundle = await builder.create({ data: Buffer.from(statement), type: IN_TOTO });
        const bytes = utf8(JSON.stringify(bundleToJSON(bundle)));
        check(bytes);
        return bytes;
      } catch (error) {
        throw signingError(error, failure);
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

/** For hints: where an instance is; without one, the public-good one's. */
export function hostOf(url: string | undefined, service: 'fulcio' | 'rekor'): string {
  return url === undefined ? `${service}.sigstore.dev` : new URL(url).host;
}

const CODES: Readonly<Record<string, string>> = {
  CA_CREATE_SIGNING_CERTIFICATE_ERROR: 'Fulcio gave no certificate',
  TLOG_CREATE_ENTRY_ERROR: 'Rekor took no entry',
  TLOG_FETCH_ENTRY_ERROR: 'Rekor gave no entry',
};

/** The library's message may contain the token, so it isn't repeated. */
function signingError(error: unknown, { otherwise, hint }: LoggedSignerOptions['failure']): PullthroughError {
  if (error instanceof PullthroughError && error.code === 'E_SIGNING') return error;
  if (error instanceof PullthroughError) {
    return new PullthroughError('E_SIGNING', `what was signed does not verify: ${error.message}`, {
      hint: 'for a Sigstore of your own, add its trusted_root.json: [evidence] trusted-root[] in mirror.ini',
      cause: error,
    });
  }
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return new PullthroughError('E_SIGNING', `signing failed: ${CODES[code] ?? otherwise}`, { hint });
}
