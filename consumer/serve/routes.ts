import type { FastifyInstance } from 'fastify';
import type { Get, Params, Query, RouteOptions } from './api/answers.ts';
import { addApiRoutes } from './api/api-routes.ts';
import { answerGraphql } from './api/graphql.ts';
import { whileWaiting } from './limits.ts';
import { addWebRoutes } from './web-routes.ts';

/** GitHub's own paths, for browsers and `curl`, for its API, and for `gh`, which asks below `/api/v3`. */
export function addRoutes(app: FastifyInstance, options: RouteOptions): void {
  const { files, limits } = options;
  const get: Get = (url, name, answer) =>
    app.route<{ Params: Params; Querystring: Query }>({
      method: ['GET', 'HEAD'],
      url,
      config: { name },
      handler: async (request, reply) => {
        const found = await whileWaiting(reply, limits.answer, () => answer(request, reply));
        return 'sha256' in found ? files.send(found, request, reply) : found;
      },
    });
  addWebRoutes(get, options);
  addApiRoutes(get, options);
  for (const url of ['/graphql', '/api/graphql', '/api/v3/graphql']) {
    app.post(url, { config: { name: 'api' }, bodyLimit: 64 * 1024 }, (request, reply) =>
      whileWaiting(reply, limits.answer, () => answerGraphql(request, reply, options)),
    );
  }
}
