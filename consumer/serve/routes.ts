import type { FastifyInstance } from 'fastify';
import type { Get, Params, Query, RouteOptions } from './api/answers.ts';
import { addApiRoutes } from './api/api-routes.ts';
import { whileWaiting } from './limits.ts';
import { addWebRoutes } from './web-routes.ts';

/** GitHub's own paths: for browsers and `curl`, for its REST API, and for its GraphQL. */
export function addRoutes(app: FastifyInstance, options: RouteOptions): void {
  const get = getter(app, options);
  addWebRoutes(get, options);
  addApiRoutes(get, options);
  addGraphql(app, options);
}

/** Adds a path for GET and HEAD, whose answer is found in bounded time and may be a file to send. */
function getter(app: FastifyInstance, { files, shortcuts, catalog, limits }: RouteOptions): Get {
  return (url, name, answer) =>
    app.route<{ Params: Params; Querystring: Query }>({
      method: ['GET', 'HEAD'],
      url,
      config: { name },
      handler: async (request, reply) => {
        const by = catalog();
        const found = await whileWaiting(reply, limits.answer, () => answer(request, reply));
        if (!('sha256' in found)) return found;
        // The API's addresses mean a file or JSON, as a header says; these are a file's own.
        if (name === 'download') shortcuts.remember(request.url, found, by);
        return files.send(found, request, reply);
      },
    });
}

/** Under each of the names that clients have for it; `gh` asks below `/api`. */
function addGraphql(app: FastifyInstance, options: RouteOptions): void {
  for (const url of ['/graphql', '/api/graphql', '/api/v3/graphql']) {
    app.post(url, { config: { name: 'api' }, bodyLimit: 64 * 1024 }, (request, reply) =>
      whileWaiting(reply, options.limits.answer, async () => {
        // Few gateways are asked for it, and the package takes 3 MB of memory.
        const { answerGraphql } = await import('./api/graphql.ts');
        return answerGraphql(request, reply, options);
      }),
    );
  }
}
