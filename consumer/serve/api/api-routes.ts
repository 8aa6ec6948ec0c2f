import type { FastifyReply } from 'fastify';
import { fail } from '../../../ledger-schema/index.ts';
import type { FoundTool } from '../../resolve.ts';
import { assetJson, assetsJson, linkHeader, rateLimitJson, releaseJson, repositoryJson } from './api.ts';
import { apiLinks, assetById, number, releaseAt, releaseById, sendJson, toolOf } from './answers.ts';
import type { Get, Request, RouteOptions } from './answers.ts';
import type { ServedRelease } from '../catalog.ts';
import { linksOf } from './links.ts';

/** GitHub's REST API, at the root as api.github.com has it, and below `/api/v3` as GitHub Enterprise Server does. */
export function addApiRoutes(get: Get, options: RouteOptions): void {
  const tool = ({ params }: Request) => toolOf(params, options);
  for (const base of ['', '/api/v3']) {
    const repository = `${base}/repos/:owner/:repo`;
    const releases = `${repository}/releases`;
    get(repository, 'api', async (request, reply) => {
      const found = await tool(request);
      const [release] = await options.catalog().releases(found);
      if (release === undefined) fail('E_NOT_FOUND', `${found.repository} has no acknowledged release`);
      return sendJson(request, reply, repositoryJson(found, release.repositoryId, apiLinks(request, found, options)));
    });
    get(releases, 'api', async (request, reply) => {
      const found = await tool(request);
      return sendList(request, reply, found, await options.catalog().releases(found), options);
    });
    const one = (url: string, find: (found: FoundTool, request: Request) => Promise<ServedRelease>) =>
      get(url, 'api', async (request, reply) => {
        const found = await tool(request);
        return sendJson(request, reply, releaseJson(await find(found, request), apiLinks(request, found, options)));
      });
    one(`${releases}/latest`, (found) => options.catalog().latest(found));
    get(`${releases}/tags/*`, 'api', async (request, reply) => {
      const { tool: found, release } = await releaseAt(request.params, request.params['*'] ?? '', options);
      return sendJson(request, reply, releaseJson(release, apiLinks(request, found, options)));
    });
    one(`${releases}/:id`, (found, { params }) => releaseById(options.catalog(), found, params.id ?? ''));
    get(`${releases}/:id/assets`, 'api', async (request, reply) => {
      const found = await tool(request);
      const release = await releaseById(options.catalog(), found, request.params.id ?? '');
      const links = apiLinks(request, found, options);
      return sendJson(request, reply, assetsJson(release, links));
    });
    get(`${releases}/assets/:id`, 'api', async (request, reply) => {
      const found = await tool(request);
      const { release, asset } = await assetById(options.catalog(), found, request.params.id ?? '');
      reply.header('vary', 'accept');
      if (wantsBytes(request.headers.accept)) return asset;
      return sendJson(request, reply, assetJson(release, asset, apiLinks(request, found, options)));
    });
    get(`${base}/rate_limit`, 'api', async (request, reply) => sendJson(request, reply, rateLimitJson(new Date())));
  }
  get('/api/v3', 'api', async (request, reply) => {
    const { api } = linksOf(request, options.baseUrl);
    return sendJson(request, reply, {
      current_user_url: `${api}/user`,
      rate_limit_url: `${api}/rate_limit`,
      repository_url: `${api}/repos/{owner}/{repo}`,
    });
  });
}

function sendList(
  request: Request,
  reply: FastifyReply,
  tool: FoundTool,
  all: readonly ServedRelease[],
  options: RouteOptions,
): FastifyReply {
  const perPage = Math.min(100, number(request.query.per_page, 30));
  const page = number(request.query.page, 1);
  // The next page is asked of whom this one was asked of, whatever name files have.
  const { web } = linksOf(request, options.baseUrl);
  const link = linkHeader(`${web}${request.url.split('?')[0] ?? ''}`, page, perPage, all.length);
  if (link !== undefined) reply.header('link', link);
  const links = apiLinks(request, tool, options);
  const shown = all.slice((page - 1) * perPage, page * perPage);
  return sendJson(
    request,
    reply,
    shown.map((release) => releaseJson(release, links)),
  );
}

/** Bytes for who asks for them and for who has no wish, as curl and mise; JSON for who asks for any of GitHub's kinds. */
function wantsBytes(accept = '*/*'): boolean {
  if (accept.includes('application/octet-stream')) return true;
  return accept.split(',').every((range) => /^\s*\*\/\*\s*(?:;|$)/.test(range));
}
