import { PullthroughError } from '../ledger-schema/error.ts';
import { systemCode } from './io-error.ts';

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
]);
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|HOSTNAME_MISMATCH|^UND_ERR_PRX_TLS$/;

/** The innermost error that carries a code: fetch wraps the real one. */
function withCode(error: unknown): { code: string; error: unknown } | undefined {
  for (let at: unknown = error, depth = 0; depth < 8 && at instanceof Error; depth++) {
    if (at instanceof AggregateError && at.errors.length > 0) at = at.errors[0];
    const code = systemCode(at);
    if (code !== undefined && code !== 'UND_ERR_ABORTED') return { code, error: at };
    at = at instanceof Error ? at.cause : undefined;
  }
  return undefined;
}

/** Is this error about the certificate that a server showed? Trying again does not help. */
export function isCertificateError(error: unknown): boolean {
  const code = withCode(error instanceof PullthroughError ? error.cause : error)?.code;
  return code !== undefined && CERTIFICATE.test(code);
}

/** What a failed connection means to a person. `where` is a URL that may be shown. Errors of ours pass through. */
export function networkError(error: unknown, where: string): PullthroughError {
  if (error instanceof PullthroughError) return error;
  const code = withCode(error)?.code;
  if (code !== undefined && TIMEOUTS.has(code)) {
    return new PullthroughError('E_TIMEOUT', `${where} stopped sending, or never began`, {
      hint: 'try again; if it stays so, check the network and the proxy',
      cause: error,
    });
  }
  if (code !== undefined && CERTIFICATE.test(code)) {
    return new PullthroughError('E_NETWORK', `the certificate of ${where} is not trusted (${code})`, {
      hint: 'behind a proxy with its own certificates, name its CA in NODE_EXTRA_CA_CERTS',
      cause: error,
    });
  }
  const proxy = error instanceof Error && /Proxy (response|Authentication)/.test(messages(error));
  return new PullthroughError(
    'E_NETWORK',
    proxy
      ? `the proxy does not let us reach ${where}`
      : `the connection to ${where} failed${code === undefined ? '' : ` (${code})`}`,
    {
      hint: proxy ? 'check HTTPS_PROXY, HTTP_PROXY and NO_PROXY' : 'check the network, the proxy and the host name',
      cause: error,
    },
  );
}

function messages(error: unknown): string {
  let all = '';
  for (let at: unknown = error, depth = 0; depth < 8 && at instanceof Error; depth++, at = at.cause) all += at.message;
  return all;
}
