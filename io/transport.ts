import { request } from 'undici';
import { getDirect } from './direct.ts';
import { dispatcher, hasProxy } from './http.ts';
import { networkError } from './network-error.ts';
import { shownUrl } from './url.ts';

/** An answer whose body is still on its way. */
export interface Answer {
  readonly status: number;
  /** A header's value by its lower-case name; several of one name are joined by commas. */
  header(name: string): string | undefined;
  /** The body's bytes as they are on the wire. Throws `E_NETWORK` and `E_TIMEOUT`; leaving the loop closes it. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives the body up. */
  abandon(): void;
}

export interface GetOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly stallMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The body's size in bytes, where it is expected to be something. */
  readonly size?: number | undefined;
}

/** From this size on the direct way is worth a connection of its own. */
const LARGE = 8 << 20;

/** One GET, without redirects or retries. Throws `E_NETWORK` and `E_TIMEOUT`. */
export async function get(url: URL, options: GetOptions): Promise<Answer> {
  const direct = (options.size ?? 0) >= LARGE && !hasProxy() ? await getDirect(url, options) : undefined;
  return direct ?? getPooled(url, options);
}

async function getPooled(url: URL, options: GetOptions): Promise<Answer> {
  const where = shownUrl(url);
  const { stallMs, signal } = options;
  try {
    const answer = await request(url, {
      dispatcher: dispatcher(),
      headers: options.headers,
      headersTimeout: stallMs,
      bodyTimeout: stallMs,
      signal,
    });
    return {
      status: answer.statusCode,
      header(name) {
        const value = answer.headers[name];
        return Array.isArray(value) ? value.join(', ') : value;
      },
      body: mapped(answer.body, where, signal),
      abandon: () => {
        // Without a listener the error of closing would be an uncaught one.
        answer.body.on('error', () => undefined).destroy();
      },
    };
  } catch (error) {
    if (signal?.aborted) throw error;
    throw networkError(error, where);
  }
}

async function* mapped(body: AsyncIterable<Uint8Array>, where: string, signal: AbortSignal | undefined) {
  try {
    yield* body;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw networkError(error, where);
  }
}
