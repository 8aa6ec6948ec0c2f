import { PullthroughError } from '../../ledger-schema/error.ts';

/** How Fulcio and Rekor are asked. */
export const REKOR_RETRY = { retries: 3, minTimeout: 500, maxTimeout: 5_000 };
export const REKOR_TIMEOUT_MS = 30_000;

const CODES: Readonly<Record<string, string>> = {
  CA_CREATE_SIGNING_CERTIFICATE_ERROR: 'Fulcio gave no certificate',
  TLOG_CREATE_ENTRY_ERROR: 'Rekor took no entry',
  TLOG_FETCH_ENTRY_ERROR: 'Rekor gave no entry',
};

/** The library's message may contain the token, so it isn't repeated. */
export function signingError(error: unknown, { hint }: { readonly hint: string }): PullthroughError {
  if (error instanceof PullthroughError && error.code === 'E_SIGNING') return error;
  if (error instanceof PullthroughError) {
    return new PullthroughError('E_SIGNING', `what was signed does not verify: ${error.message}`, {
      hint: 'for a Sigstore of your own, add its trusted_root.json: [evidence] trusted-root[] in mirror.ini',
      cause: error,
    });
  }
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return new PullthroughError('E_SIGNING', `signing failed: ${CODES[code] ?? 'the token was refused'}`, {
    hint,
  });
}
