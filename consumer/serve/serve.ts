import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';
import { fail } from '../../ledger-schema/index.ts';
import { SILENT } from '../../io/progress.ts';
import type { Progress } from '../../io/progress.ts';
import type { Demand } from '../evidence/demand.ts';
import type { Mirror } from '../download/fetch-file.ts';
import { logAccess } from './access-log.ts';
import type { LogFormat } from './access-log.ts';
import { ByDigest } from './api/by-digest.ts';
import { FileCache } from './bytes/cache.ts';
import { asFailure } from './errors.ts';
import { answerFailures, failureAnswer } from './failures.ts';
import type { FailureAnswer } from './failures.ts';
import { FileSender } from './bytes/files.ts';
import { Follower } from './follow.ts';
import type { FollowOptions } from './follow.ts';
import { LIMITS } from './limits.ts';
import type { Limits } from './limits.ts';
import type { LinkStyle } from './api/links.ts';
import { Metrics } from './metrics.ts';
import type { Alias } from './names.ts';
import { addOperations } from './api/operations.ts';
import type { Explainer } from './refusals.ts';
import { addAttestations } from './api/attestations.ts';
import { addRoutes } from './routes.ts';

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
  /** How the API's answers name files; by GitHub's own addresses unless told. */
  readonly links?: LinkStyle | undefined;
  /** Other names of tools. */
  readonly aliases?: readonly Alias[] | undefined;
  /** What every release must meet beyond its acks; throws `E_EVIDENCE` where it doesn't, and it isn't served. */
  readonly demand?: Demand | undefined;
  /** An access log; none unless told. */
  readonly log?: { readonly format: LogFormat; readonly write: (line: string) => void } | undefined;
  /** Tells more of a refusal. */
  readonly explainer?: Explainer | undefined;
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
  const { look, aliases, demand, interval = 60_000 } = options;
  const follower = await Follower.start({ look, aliases, demand, progress, interval, now });
  const files = new FileSender({
    cache,
    memoryBytes: options.memoryBytes ?? 64 * MIB,
    smallBytes: 2 * MIB,
    limits,
    stores: options.mirrors.length,
  });
  const metrics = new Metrics();
  const answer = failureAnswer({ baseUrl: options.baseUrl, host: options.host, follower, progress });
  const app = newApp(limits, answer);
  watch(app, metrics, limits);
  answerFailures(app, answer);
  if (options.log !== undefined) logAccess(app, options.log.format, options.log.write);
  const catalog = () => follower.catalog;
  const byDigest = new ByDigest(catalog);
  addRoutes(app, {
    catalog,
    files,
    limits,
    host: options.host,
    baseUrl: options.baseUrl,
    links: options.links ?? 'github',
    explainer: options.explainer,
    fileBySha256: (sha256) => byDigest.find(sha256),
  });
  addAttestations(app, { catalog, cache, host: options.host, limits });
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
    // What stands behind a prefix of its own, as some mirrors are asked: /https://github.com/O/R/…
    rewriteUrl: ({ url = '/' }) => url.replace(/^\/https?:\/{1,2}(?=[^/]+\.[^/]+\/)/, '/'),
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
