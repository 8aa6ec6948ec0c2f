import { PullthroughError } from '../../ledger-schema/error.ts';
import { systemCode } from '../io-error.ts';

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
]);
/** 401 is what tinyproxy answers to a wrong password. */
const PROXY_REFUSES = /Proxy (?:response \(40[137]\)|Authentication Required)/;
const NEVER_THERE = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN']);
/** What a clock that is wrong makes of a good certificate. */
const BY_CLOCK = /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/;
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

/** A certificate that isn't trusted, or a proxy that says no: trying again does not help. */
export function isFinal(error: unknown): boolean {
  const cause = error instanceof PullthroughError ? error.cause : error;
  const code = withCode(cause)?.code;
  return (code !== undefined && CERTIFICATE.test(code)) || PROXY_REFUSES.test(messages(cause));
}

/** What a failed connection means to a person. `where` is a URL that may be shown. Errors of ours pass through. */
export function networkError(error: unknown, where: string): PullthroughError {
  if (error instanceof PullthroughError) return error;
  const code = withCode(error)?.code;
  if (code !== undefined && TIMEOUTS.has(code)) {
    return new PullthroughError('E_TIMEOUT', `${where} stopped sending, or never began`, {
      hint: 'try again; if it keeps failing, check the network and the proxy',
      cause: error,
    });
  }
  if (code !== undefined && CERTIFICATE.test(code)) {
    const clock = `this machine's clock says ${new Date().toISOString().slice(0, 16)}Z: set it right, or tell who runs the host`;
    return new PullthroughError('E_NETWORK', `the certificate of ${originOf(where)} is not trusted (${code})`, {
      hint: BY_CLOCK.test(code)
        ? clock
        : 'behind a proxy with its own certificates, name its CA in NODE_EXTRA_CA_CERTS',
      cause: error,
    });
  }
  const said = messages(error);
  if (/Proxy (response|Authentication)/.test(said)) {
    const status = /Proxy response \((\d{3})\)/.exec(said)?.[1] ?? (/Authentication/.test(said) ? 407 : undefined);
    return proxyError(where, status === undefined ? undefined : Number(status), error);
  }
  return new PullthroughError(
    'E_NETWORK',
    `the connection to ${code !== undefined && NEVER_THERE.has(code) ? originOf(where) : where} failed${code === undefined ? '' : ` (${code})`}`,
    { hint: 'check the network, the proxy and the host name', cause: error },
  );
}

/**
 * A proxy's refusal, with its status where it has one. 407, or 401 from some: it wants a user and password, or
 * different ones.
 */
export function proxyError(where: string, status: number | undefined, cause?: unknown): PullthroughError {
  if (status === 407 || status === 401) {
    return new PullthroughError(
      'E_NETWORK',
      `the proxy on the way to ${originOf(where)} asks for a user and password (${status})`,
      {
        hint: 'put them into the variable that names it, as HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT, or check those there',
        cause,
      },
    );
  }
  const said = status === undefined ? '' : ` (${status})`;
  return new PullthroughError('E_NETWORK', `the proxy does not let us reach ${originOf(where)}${said}`, {
    hint: 'check HTTPS_PROXY, HTTP_PROXY and NO_PROXY',
    cause,
  });
}

/** What no host was reached for is about the host, not about a path of it: so it is one error for all that lies there. */
function originOf(where: string): string {
  return URL.canParse(where) ? new URL(where).origin : where;
}

/** All that an error and its causes say. */
function messages(error: unknown): string {
  let all = '';
  for (let at: unknown = error, depth = 0; depth < 8 && at instanceof Error; depth++, at = at.cause) all += at.message;
  return all;
}
