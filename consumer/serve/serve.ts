import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fail } from '../../ledger-schema/index.ts';
import { PullthroughError } from '../../ledger-schema/index.ts';
import { SILENT } from '../../io/progress.ts';
import type { Progress } from '../../io/progress.ts';
import type { Mirror } from '../download/fetch-file.ts';
import { FileCache } from './cache.ts';
import { asFailure } from './errors.ts';
import { FileSender } from './files.ts';
import { Follower } from './follow.ts';
import type { FollowOptions } from './follow.ts';
import { STYLE } from './html.ts';
import { LIMITS } from './limits.ts';
import type { Limits } from './limits.ts';
import { linksOf } from './links.ts';
import { Metrics } from './metrics.ts';
import { errorPage } from './pages.ts';
import { addRoutes, sendPage } from './routes.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route in the metrics. */
    name?: string;
  }
}

export interface ServeOptions {
  readonly look: FollowOptions['look'];
  readonly mirrors: readonly Mirror[];
  /** The folder of verified files. */
  readonly cacheDir: string;
  /** Bytes of it; 10 GiB unless told. */
  readonly cacheBytes?: number | undefined;
  /** Bytes of small files (2 MiB at most) that are kept in memory; 64 MiB unless told. */
  readonly memoryBytes?: number | undefined;
  /** The source of a tool that is named without a host. */
  readonly host: string;
  readonly baseUrl?: string | undefined;
  readonly listen: { readonly host: string; readonly port: number };
  readonly progress?: Progress | undefined;
  /** Milliseconds between two looks at the ledger; a minute unless told. */
  readonly interval?: number | undefined;
  readonly now?: (() => number) | undefined;
  /** How long it waits for whom. */
  readonly timeouts?: Partial<Limits> | undefined;
}

export interface Gateway {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** Looks at the ledger now. */
  look(): Promise<void>;
  /** Takes no new request, lets those that are being answered end, and then closes what is left. */
  stop(): Promise<void>;
}

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const MOST_CONNECTIONS = 4096;
const EVERY_ANSWER = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };

/**
 * An HTTP gateway with GitHub's own paths, for acknowledged bytes alone. Throws what establishing trust throws, `E_IO`
 * for a cache that can't be used or an address that is taken.
 */
export async function serve(options: ServeOptions): Promise<Gateway> {
  const { progress = SILENT, now = Date.now } = options;
  const limits: Limits = { ...LIMITS, ...options.timeouts };
  const cache = await FileCache.open({
    folder: join(options.cacheDir, 'files'),
    maxBytes: options.cacheBytes ?? 10 * GIB,
    mirrors: options.mirrors,
    progress,
    pace: limits.pace,
  });
  const follower = await Follower.start({ look: options.look, progress, interval: options.interval ?? 60_000, now });
  const files = new FileSender({
    cache,
    memoryBytes: options.memoryBytes ?? 64 * MIB,
    smallBytes: 2 * MIB,
    limits,
    stores: options.mirrors.length,
  });
  const metrics = new Metrics();
  const answer = failureAnswer(options, follower, progress);
  const app = newApp(limits, answer);
  watch(app, metrics, limits);
  answerFailures(app, answer);
  addRoutes(app, { catalog: () => follower.catalog, files, limits, host: options.host, baseUrl: options.baseUrl });
  addOperations(app, { follower, cache, files, metrics });
  try {
    await app.listen(options.listen);
  } catch (cause) {
    await follower.stop();
    const { host, port } = options.listen;
    fail('E_IO', `cannot listen on ${host}:${port}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      hint: 'choose another address by --listen',
      cause,
    });
  }
  const { address, port, family } = app.server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    look: () => follower.look(),
    async stop() {
      // Without clients nobody waits for a fetch, and it ends.
      const end = () => app.server.closeAllConnections();
      const deadline = setTimeout(end, limits.stop);
      // A connection whose last response has ended would be kept for a next request.
      const idle = setInterval(() => app.server.closeIdleConnections(), 50);
      await app.close();
      clearInterval(idle);
      clearTimeout(deadline);
      end();
      await follower.stop();
      await cache.close();
    },
  };
}

function newApp({ headers }: Limits, answer: FailureAnswer): FastifyInstance {
  const app = fastify({
    // Sends headers and a body that is none within this time, or goes.
    http: { headersTimeout: headers, connectionsCheckingInterval: Math.min(5000, headers) },
    requestTimeout: headers,
    keepAliveTimeout: 30_000,
    bodyLimit: 1024,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    // What the router itself refuses, as an address that can't be decoded, comes past every hook.
    frameworkErrors: (error, request, reply) => {
      reply.headers(EVERY_ANSWER);
      void answer(asFailure(error), request, reply);
    },
    routerOptions: { maxParamLength: 2048, ignoreTrailingSlash: true },
  });
  app.server.maxConnections = MOST_CONNECTIONS;
  return app;
}

function watch(app: FastifyInstance, metrics: Metrics, { idle }: Limits): void {
  // From here on the socket must move; a next request on it begins without.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    reply.raw.socket?.setTimeout(idle);
    done();
  });
  app.addHook('onRequest', async (request, reply) => {
    metrics.began();
    reply.headers(EVERY_ANSWER);
    // Unlike Fastify's own hook this also sees responses that their client broke off.
    reply.raw.once('close', () => {
      const length = Number(reply.getHeader('content-length') ?? 0);
      const bytes = request.method === 'HEAD' || !reply.raw.writableFinished ? 0 : length;
      metrics.ended(request.routeOptions.config.name ?? 'none', reply.statusCode, bytes);
    });
  });
}

type FailureAnswer = (
  failure: { readonly error: PullthroughError; readonly status: number },
  request: FastifyRequest,
  reply: FastifyReply,
) => FastifyReply;

/** An error in the form that its reader expects: JSON for the API, a page for a browser, else a line of text. */
function failureAnswer(options: ServeOptions, follower: Follower, progress: Progress): FailureAnswer {
  return (failure, request, reply) => {
    const { error, status } = failure;
    if (status >= 500 && !reply.raw.destroyed)
      progress.warn(`${request.method} ${request.url}: ${error.message} [${error.code}]`);
    for (const name of [
      'etag',
      'accept-ranges',
      'content-disposition',
      'repr-digest',
      'content-range',
      'content-length',
    ]) {
      reply.removeHeader(name);
    }
    reply.status(status).header('cache-control', 'no-store');
    if (status === 503) reply.header('retry-after', '60');
    if (/^\/(?:api\/v3\/|repos\/)/.test(request.url)) {
      const body = {
        message: status === 404 ? 'Not Found' : error.message,
        code: error.code,
        reason: error.message,
        status: String(status),
      };
      return reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(body));
    }
    const { catalog } = follower;
    if (request.headers.accept?.includes('text/html') === true) {
      const links = linksOf(request, options.baseUrl);
      const context = { links, view: catalog.view, host: options.host, expired: catalog.expired };
      return sendPage(
        reply,
        errorPage(status === 404 ? 'Not acknowledged' : `Error ${status}`, error.message, error.hint, context),
      );
    }
    const hint = error.hint === undefined ? '' : `hint: ${error.hint}\n`;
    return reply.header('content-type', 'text/plain; charset=utf-8').send(`${error.message} [${error.code}]\n${hint}`);
  };
}

function answerFailures(app: FastifyInstance, answer: FailureAnswer): void {
  app.setErrorHandler((error, request, reply) => answer(asFailure(error), request, reply));
  app.setNotFoundHandler((request, reply) => {
    const error = new PullthroughError('E_NOT_FOUND', 'there is nothing at this address', {
      hint: 'release files are at /OWNER/REPO/releases/download/TAG/FILE, as on GitHub',
    });
    return answer({ error, status: 404 }, request, reply);
  });
}

interface Operations {
  readonly follower: Follower;
  readonly cache: FileCache;
  readonly files: FileSender;
  readonly metrics: Metrics;
}

function addOperations(app: FastifyInstance, { follower, cache, files, metrics }: Operations): void {
  const config = { name: 'operations' };
  app.get('/-/style.css', { config }, async (_, reply) =>
    reply.headers({ 'content-type': 'text/css; charset=utf-8', 'cache-control': 'public, max-age=3600' }).send(STYLE),
  );
  // A ledger that is down is no reason to take away a gateway that serves what it verified.
  app.get('/healthz', { config }, async (_, reply) => {
    const { seen, failure } = follower.state;
    const { view, expired } = follower.catalog;
    const state = {
      status: 'ok',
      ledger: {
        commit: view.commit,
        seen: seen === undefined ? null : new Date(seen).toISOString(),
        failure: failure?.code ?? null,
      },
      policy: { version: view.trust.version, expires: view.trust.policy.expires, expired },
    };
    return reply
      .headers({ 'content-type': 'application/json', 'cache-control': 'no-store' })
      .send(JSON.stringify(state));
  });
  app.get('/metrics', { config }, async (_, reply) => {
    const { hits, misses, failures, bytes, files: count, fetching } = cache.counts;
    const { seen, failure } = follower.state;
    const { trust } = follower.catalog.view;
    const page = metrics.text([
      { name: 'cache_hits_total', help: 'Files that were in the cache.', type: 'counter', value: hits },
      { name: 'cache_misses_total', help: 'Files that were not in the cache.', type: 'counter', value: misses },
      { name: 'fetch_failures_total', help: 'Files that no store gave.', type: 'counter', value: failures },
      { name: 'cache_bytes', help: 'Bytes of the files in the cache.', value: bytes },
      { name: 'cache_files', help: 'Files in the cache.', value: count },
      { name: 'memory_bytes', help: 'Bytes of small files in memory.', value: files.memoryBytes },
      { name: 'fetching', help: 'Files being fetched.', value: fetching },
      {
        name: 'ledger_up',
        help: 'Could the ledger be followed at the last look?',
        value: failure === undefined ? 1 : 0,
      },
      {
        name: 'ledger_seen_timestamp_seconds',
        help: 'When the ledger was seen last.',
        value: Math.floor((seen ?? 0) / 1000),
      },
      { name: 'policy_version', help: 'The number of the policy.', value: trust.version },
      {
        name: 'policy_expires_timestamp_seconds',
        help: 'When the policy expires.',
        value: trust.expires.getTime() / 1000,
      },
      { name: 'resident_bytes', help: 'Memory of the process.', value: process.memoryUsage.rss() },
    ]);
    return reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8').send(page);
  });
}
