import type { Readable } from 'node:stream';
import { dispatcher } from './http.ts';
import { networkError } from './network-error.ts';
import { requireSafeUrl, shownUrl } from './url.ts';

export interface SendRequest {
  readonly method: string;
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query exactly as they go on the wire: a signature may cover them. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | Readable | AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that the server may take to begin its answer, and between two parts of it. */
  readonly timeoutMs: number;
}

export interface SendAnswer {
  readonly status: number;
  /** By lower-case name; several of one name joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** A node stream; its errors are the system's own. */
  readonly body: Readable;
}

/**
 * One request of any method through the environment's proxy, for libraries that bring their own protocol: no redirects,
 * no retries, no decoding. Throws `E_CONFIG` for a URL that is refused, `E_NETWORK`, `E_TIMEOUT`.
 */
export async function send(request: SendRequest): Promise<SendAnswer> {
  const url = requireSafeUrl(request.origin + request.path);
  const { body, signal, timeoutMs } = request;
  const [through, { default: ask }] = await Promise.all([dispatcher(), import('undici/lib/api/api-request.js')]);
  try {
    const answer = await ask.call(through, {
      origin: request.origin,
      path: request.path,
      method: request.method,
      headers: request.headers,
      // It takes any iterable; its types don't say so.
      body: (body as Readable | undefined) ?? null,
      signal,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
    }
    return { status: answer.statusCode, headers, body: answer.body };
  } catch (error) {
    if (signal?.aborted) throw error;
    throw networkError(error, shownUrl(url));
  }
}
