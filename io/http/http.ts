import type { LookupFunction } from 'node:net';
import type { buildConnector, Dispatcher, EnvHttpProxyAgent, RequestInit, Response } from 'undici';
import { fail, PullthroughError } from '../../ledger-schema/error.ts';
import { endingUnpaused } from './end-unpaused.ts';
import { networkError } from './network-error.ts';
import { STALL_MS } from './retry.ts';
import { requireSafeUrl, shownUrl } from './url.ts';

export const CONNECT_MS = 30_000;

const PROXY_VARIABLES = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'] as const;
const dispatchers = new Map<string, Promise<Dispatcher>>();

/** The proxy that the environment names for URLs of this scheme: lower case goes before upper case, as in curl. */
function proxyVariable(scheme: 'http' | 'https'): string | undefined {
  const lower = `${scheme}_proxy`;
  const upper = lower.toUpperCase();
  const name = process.env[lower] ? lower : upper;
  const value = process.env[name];
  if (!value) return undefined;
  const url = value.includes('://') ? value : `http://${value}`;
  // The value may hold a password: the variable is named, not shown.
  if (!URL.canParse(url)) fail('E_CONFIG', `${name} is not a URL`, { hint: `set ${name} to http://HOST:PORT` });
  return url;
}

/** Does the environment name any proxy? */
export function hasProxy(): boolean {
  return PROXY_VARIABLES.some((name) => process.env[name]);
}

/**
 * The connections that everything here goes through: HTTPS_PROXY, HTTP_PROXY and NO_PROXY as the environment has them,
 * certificates by Node's own list and NODE_EXTRA_CA_CERTS. Throws `E_CONFIG` for a proxy variable that is not a URL.
 */
export async function dispatcher(): Promise<Dispatcher> {
  const httpProxy = proxyVariable('http');
  const httpsProxy = proxyVariable('https');
  const key = JSON.stringify([httpProxy, httpsProxy]);
  let found = dispatchers.get(key);
  if (!found) {
    found = connections(httpProxy, httpsProxy);
    dispatchers.set(key, found);
  }
  return found;
}

/** Connections for one look-up alone, to be closed by the caller: others would have been made without it. */
export async function newDispatcher(lookup: LookupFunction): Promise<Dispatcher> {
  return connections(proxyVariable('http'), proxyVariable('https'), lookup);
}

async function connections(
  httpProxy: string | undefined,
  httpsProxy: string | undefined,
  lookup?: LookupFunction,
): Promise<Dispatcher> {
  const { newAgent, Pool, buildConnector } = await loadUndici(httpProxy ?? httpsProxy);
  const direct = buildConnector({ timeout: CONNECT_MS, ...(lookup && { lookup }) });
  return newAgent({
    httpProxy,
    httpsProxy,
    connect: direct,
    // Behind a proxy, `connect` is the one that asks the proxy for a tunnel.
    factory: (origin, { connect, ...options }: { connect: buildConnector.connector }) =>
      new Pool(origin, { ...options, connect: endingUnpaused(connect) }),
    headersTimeout: STALL_MS,
    bodyTimeout: STALL_MS,
  });
}

/** What connections are made of: it takes longer to load than most of what is done without it, and the whole twice as long. */
async function loadUndici(proxy: string | undefined) {
  if (proxy !== undefined) {
    // What speaks to a proxy calls methods that the whole alone gives to dispatchers.
    const { EnvHttpProxyAgent, Pool, buildConnector } = await import('undici');
    return { newAgent: (options: EnvHttpProxyAgent.Options) => new EnvHttpProxyAgent(options), Pool, buildConnector };
  }
  const [{ default: Agent }, { default: Pool }, { default: buildConnector }] = await Promise.all([
    import('undici/lib/dispatcher/agent.js'),
    import('undici/lib/dispatcher/pool.js'),
    import('undici/lib/core/connect.js'),
  ]);
  return { newAgent: (options: EnvHttpProxyAgent.Options) => new Agent(options), Pool, buildConnector };
}

export type { Response as HttpResponse } from 'undici';

/**
 * `fetch` through the environment's proxy, never following a redirect, giving up after 60 s without a byte. `http://`
 * is refused except for loopback (`E_CONFIG`); `E_NETWORK`, `E_TIMEOUT`. Its body is not bounded: see
 * {@link readBounded}.
 */
export async function httpFetch(url: string | URL, init: RequestInit = {}): Promise<Response> {
  const safe = requireSafeUrl(url);
  const through = init.dispatcher ?? (await dispatcher());
  const { fetch } = await import('undici/lib/web/fetch/index.js');
  try {
    return await fetch(safe, { ...init, redirect: 'manual', dispatcher: through });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw networkError(error, shownUrl(safe));
  }
}

/** The body of an answer, of at most `limit` bytes. Throws `E_UPSTREAM_ANSWER` for more, `E_NETWORK`, `E_TIMEOUT`. */
export async function readBounded(response: Response, limit: number): Promise<Uint8Array> {
  const where = response.url === '' ? 'the server' : shownUrl(response.url);
  const parts: Uint8Array[] = [];
  let total = 0;
  try {
    for await (const part of response.body ?? []) {
      const bytes = part as Uint8Array;
      total += bytes.length;
      if (total > limit) fail('E_UPSTREAM_ANSWER', `${where} answered with more than ${limit} bytes`);
      parts.push(bytes);
    }
  } catch (error) {
    throw error instanceof PullthroughError ? error : networkError(error, where);
  }
  return Buffer.concat(parts);
}
