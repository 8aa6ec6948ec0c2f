import type { HttpResponse, GetOptions } from './http-response.ts';
import { getDirect } from './download/direct.ts';
import { dispatcher, hasProxy, newDispatcher } from './http.ts';
import { networkError } from './network-error.ts';
import { checkBeforeProxy } from './public-only.ts';
import { shownUrl } from './url.ts';

/** From this size on the direct way is worth a connection of its own. */
const LARGE = 8 << 20;

/** One GET, without redirects or retries. Throws `E_NETWORK` and `E_TIMEOUT`. */
export async function get(url: URL, options: GetOptions): Promise<HttpResponse> {
  const direct = (options.size ?? 0) >= LARGE && !hasProxy() ? await getDirect(url, options) : undefined;
  return direct ?? getPooled(url, options);
}

async function getPooled(url: URL, options: GetOptions): Promise<HttpResponse> {
  const where = shownUrl(url);
  const { stallMs, signal, lookup } = options;
  if (lookup && hasProxy()) await checkBeforeProxy(url, lookup);
  const own = lookup && (await newDispatcher(lookup));
  const through = own ?? (await dispatcher());
  const { request } = await import('undici');
  try {
    const answer = await request(url, {
      dispatcher: through,
      headers: options.headers,
      headersTimeout: stallMs,
      bodyTimeout: stallMs,
      signal,
    });
    // It closes when the body has come.
    void own?.close();
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
    void own?.destroy();
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
