import { Readable } from 'node:stream';
import { dispatcher } from './http.ts';
import type { HttpResponse } from './http-response.ts';
import { networkError } from './network-error.ts';
import { get } from './transport.ts';
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
  /** A GET without a body, whose answer may be large: its chunks are blocks, which their reader hands on or drops. */
  readonly large?: boolean | undefined;
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
  const { body, signal, timeoutMs, path, headers } = request;
  if (request.large) {
    const answer = await get(url, { path, headers, signal, stallMs: timeoutMs });
    return { status: answer.status, headers: answer.headers(), body: streamOf(answer) };
  }
  const [through, { default: ask }] = await Promise.all([dispatcher(), import('undici/lib/api/api-request.js')]);
  try {
    const answer = await ask.call(through, {
      origin: request.origin,
      path,
      method: request.method,
      headers,
      // It takes any iterable; its types don't say so.
      body: (body as Readable | undefined) ?? null,
      signal,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    const fields: Record<string, string> = {};
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined) fields[name] = Array.isArray(value) ? value.join(', ') : value;
    }
    return { status: answer.statusCode, headers: fields, body: answer.body };
  } catch (error) {
    if (signal?.aborted) throw error;
    throw networkError(error, shownUrl(url));
  }
}

/** Destroyed, it ends the connection at once, and doesn't wait for what comes next. */
function streamOf(answer: HttpResponse): Readable {
  const chunks = answer.body.chunks[Symbol.asyncIterator]();
  return new Readable({
    objectMode: true,
    highWaterMark: 1,
    read() {
      chunks.next().then(
        ({ done, value }) => this.push(done === true ? null : value),
        (error: unknown) => this.destroy(error as Error),
      );
    },
    destroy(error, callback) {
      answer.abandon();
      callback(error);
    },
  });
}
