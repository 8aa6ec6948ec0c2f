import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';
import { fail } from '../../ledger-schema/index.ts';
import { EVERY_ANSWER } from './bytes/file-headers.ts';
import { asFailure } from './error-status.ts';
import type { FailureAnswer } from './error-answers.ts';
import type { Limits } from './limits.ts';
import type { Metrics } from './metrics.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route in the metrics. */
    name?: string;
  }
}

const MOST_CONNECTIONS = 4096;

/** A web server without routes, with limits on what clients may use. */
export function newApp({ headers }: Limits, answer: FailureAnswer): FastifyInstance {
  const app = fastify({
    // Sends headers and a body that is not one within this time, or goes.
    http: { headersTimeout: headers, connectionsCheckingInterval: Math.min(5000, headers) },
    requestTimeout: headers,
    keepAliveTimeout: 30_000,
    bodyLimit: 1024,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    // What the router itself refuses, such as an address that can't be decoded, bypasses every hook.
    frameworkErrors: (error, request, reply) => {
      reply.headers(EVERY_ANSWER);
      void answer(asFailure(error), request, reply);
    },
    // A whole URL as the path, as some mirrors are asked: /https://github.com/O/R/…
    rewriteUrl: ({ url = '/' }) => url.replace(/^\/https?:\/{1,2}(?=[^/]+\.[^/]+\/)/, '/'),
    routerOptions: { maxParamLength: 2048, ignoreTrailingSlash: true },
  });
  app.server.maxConnections = MOST_CONNECTIONS;
  app.addHook('onRequest', async (_request, reply) => void reply.headers(EVERY_ANSWER));
  return app;
}

/** Lets `first` answer before the router; it says whether it did. */
export function answerFirst(
  { server }: FastifyInstance,
  first: (request: IncomingMessage, response: ServerResponse) => boolean,
): void {
  const router = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (!first(request, response)) for (const listener of router) listener.call(server, request, response);
  });
}

/** From its response on a client must take bytes; the next request on its socket begins without this limit. */
export function cutIdleClients(app: FastifyInstance, { idle }: Limits): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    reply.raw.socket?.setTimeout(idle);
    done();
  });
}

export function countRequests(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onRequest', async (request, reply) => {
    metrics.began();
    // Unlike Fastify's own hook, this also sees responses that the client broke off.
    reply.raw.once('close', () => {
      const length = Number(reply.getHeader('content-length') ?? 0);
      const bytes = request.method === 'HEAD' || !reply.raw.writableFinished ? 0 : length;
      metrics.ended(request.routeOptions.config.name ?? 'none', reply.statusCode, bytes);
    });
  });
}

/** Gives the address, `http://127.0.0.1:8080`. Throws `E_IO` for one that is taken. */
export async function listen(
  app: FastifyInstance,
  at: { readonly host: string; readonly port: number },
): Promise<string> {
  try {
    await app.listen(at);
  } catch (cause) {
    fail('E_IO', `cannot listen on ${at.host}:${at.port}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      hint: 'choose another address with --listen',
      cause,
    });
  }
  const { address, port, family } = app.server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Takes no new request, lets those that are being answered end for a while, and then closes what is left. */
export async function stopAnswering(app: FastifyInstance, { stop }: Limits): Promise<void> {
  // Without clients nobody waits for a fetch, and it ends.
  const end = () => app.server.closeAllConnections();
  const deadline = setTimeout(end, stop);
  // A connection whose last response has ended would be kept for a next request.
  const idle = setInterval(() => app.server.closeIdleConnections(), 50);
  await app.close();
  clearInterval(idle);
  clearTimeout(deadline);
  end();
}
