import type { LookupFunction } from 'node:net';
import type { Dispatcher } from 'undici';
import type { HttpResponse, GetOptions } from './http-response.ts';
import { dispatchGet } from './download/response.ts';
import { CONNECT_MS, dispatcher, hasProxy, newDispatcher } from './http.ts';
import { checkBeforeProxy } from './public-only.ts';

let downloads: Promise<Dispatcher> | undefined;

/** One GET, without redirects or retries. Throws `E_NETWORK` and `E_TIMEOUT`. */
export async function get(url: URL, options: GetOptions): Promise<HttpResponse> {
  const { lookup } = options;
  if (lookup === undefined) {
    return dispatchGet(await (hasProxy() ? dispatcher() : (downloads ??= directConnections())), url, options);
  }
  if (hasProxy()) await checkBeforeProxy(url, lookup);
  const own = await (hasProxy() ? newDispatcher(lookup) : directConnections(lookup));
  try {
    const answer = await dispatchGet(own, url, options);
    // It closes when the body has come.
    void own.close();
    return answer;
  } catch (error) {
    void own.destroy();
    throw error;
  }
}

/** Loads what downloads need, so that the first one doesn't wait for it. Asks nobody anything, and never fails. */
export async function loadTransport(): Promise<void> {
  if (!hasProxy()) await (downloads ??= directConnections()).catch(() => undefined);
}

/** Connections without a proxy; behind one, the proxy's connection is the one that costs. */
async function directConnections(lookup?: LookupFunction): Promise<Dispatcher> {
  const [{ default: Agent }, { reusingConnector }] = await Promise.all([
    import('undici/lib/dispatcher/agent.js'),
    import('./download/read-memory.ts'),
  ]);
  return new Agent({ connect: reusingConnector({ timeout: CONNECT_MS, ...(lookup && { lookup }) }) });
}
