import { PullthroughError } from '../../ledger-schema/index.ts';
import type { ErrorCode } from '../../ledger-schema/index.ts';

/** What isn't acknowledged isn't there; what is withdrawn was. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  E_NOT_FOUND: 404,
  E_NOT_ACKNOWLEDGED: 404,
  E_NO_SIGN: 404,
  E_EVIDENCE: 404,
  E_USAGE: 404,
  E_WITHDRAWN: 410,
  E_INTERNAL: 500,
  E_IO: 500,
  E_BUSY: 503,
  E_POLICY_EXPIRED: 503,
  E_STALE: 503,
  E_TIMEOUT: 504,
  E_TOO_LARGE: 507,
};

/** The status that an error is answered with: a record that breaks the format, or a store that fails, is 502. */
export function statusOf(error: PullthroughError): number {
  return STATUS[error.code] ?? 502;
}

/** Any exception as one of ours. Fastify's own errors keep their status. */
export function asFailure(error: unknown): { readonly error: PullthroughError; readonly status: number } {
  if (error instanceof PullthroughError) return { error, status: statusOf(error) };
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500) {
    return { error: new PullthroughError('E_USAGE', 'the request cannot be read', { cause: error }), status };
  }
  return { error: new PullthroughError('E_INTERNAL', 'something unexpected happened', { cause: error }), status: 500 };
}
