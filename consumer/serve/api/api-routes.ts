import { fail } from '../../../ledger-schema/index.ts';
import type { FoundTool } from '../../resolve.ts';
import { assetJson, assetsJson, linkHeader, rateLimitJson, releaseJson, repositoryJson } from './api.ts';
import { apiLinks, assetById, number, releaseAt, releaseById, sendJson, toolOf } from './answers.ts';
import type { RouteAnswer, Get, Request, RouteOptions } from './answers.ts';
import { linksOf } from './links.ts';

/** GitHub's REST API, at the root as api.github.com has it, and below `/api/v3` as GitHub Enterprise Server does. */
export function addApiRoutes(get: Get, options: RouteOptions): void {
  const answers = apiAnswers(options);
  for (const base of ['', '/api/v3']) {
    const repository = `${base}/repos/:owner/:repo`;
    get(repository, 'api', answers.repository);
    get(`${repository}/releases`, 'api', answers.releases);
    get(`${repository}/releases/latest`, 'api', answers.latest);
    get(`${repository}/releases/tags/*`, 'api', answers.releaseOfTag);
    get(`${repository}/releases/:id`, 'api', answers.releaseOfId);
    get(`${repository}/releases/:id/assets`, 'api', answers.assets);
    get(`${repository}/releases/assets/:id`, 'api', answers.asset);
    get(`${base}/rate_limit`, 'api', answers.rateLimit);
  }
  get('/api/v3', 'api', answers.root);
}

function apiAnswers(options: RouteOptions) {
  const { catalog, baseUrl } = options;
  const toolAt = ({ params }: Request) => toolOf(params, options);
  const links = (request: Request, tool: FoundTool) => apiLinks(request, tool, options);

  const root: RouteAnswer = async (request, reply) => {
    const { api } = linksOf(request, baseUrl);
    return sendJson(request, reply, {
      current_user_url: `${api}/user`,
      rate_limit_url: `${api}/rate_limit`,
      repository_url: `${api}/repos/{owner}/{repo}`,
    });
  };
  const rateLimit: RouteAnswer = async (request, reply) => sendJson(request, reply, rateLimitJson(new Date()));
  const repository: RouteAnswer = async (request, reply) => {
    const tool = await toolAt(request);
    const [release] = await catalog().releases(tool);
    if (release === undefined) fail('E_NOT_FOUND', `${tool.repository} has no acknowledged release`);
    return sendJson(request, reply, repositoryJson(tool, release.repositoryId, links(request, tool)));
  };
  const releases: RouteAnswer = async (request, reply) => {
    const tool = await toolAt(request);
    const all = await catalog().releases(tool);
    const perPage = Math.min(100, number(request.query.per_page, 30));
    const page = number(request.query.page, 1);
    const link = linkHeader(listUrl(request, baseUrl), page, perPage, all.length);
    if (link !== undefined) reply.header('link', link);
    const shown = all.slice((page - 1) * perPage, page * perPage);
    const named = links(request, tool);
    return sendJson(
      request,
      reply,
      shown.map((release) => releaseJson(release, named)),
    );
  };
  const latest: RouteAnswer = async (request, reply) => {
    const tool = await toolAt(request);
    const release = await catalog().latest(tool);
    return sendJson(request, reply, releaseJson(release, links(request, tool)));
  };
  const releaseOfTag: RouteAnswer = async (request, reply) => {
    const { tool, release } = await releaseAt(request.params, request.params['*'] ?? '', options);
    return sendJson(request, reply, releaseJson(release, links(request, tool)));
  };
  const releaseOfId: RouteAnswer = async (request, reply) => {
    const tool = await toolAt(request);
    const release = await releaseById(catalog(), tool, request.params.id ?? '');
    return sendJson(request, reply, releaseJson(release, links(request, tool)));
  };
  const assets: RouteAnswer = async (request, reply) => {
    const tool = await toolAt(request);
    const release = await releaseById(catalog(), tool, request.params.id ?? '');
    return sendJson(request, reply, assetsJson(release, links(request, tool)));
  };
  const asset: RouteAnswer = async (request, reply) => {
    const tool = await toolAt(request);
    const found = await assetById(catalog(), tool, request.params.id ?? '');
    reply.header('vary', 'accept');
    if (wantsBytes(request.headers.accept)) return found.asset;
    return sendJson(request, reply, assetJson(found.release, found.asset, links(request, tool)));
  };
  return { root, rateLimit, repository, releases, latest, releaseOfTag, releaseOfId, assets, asset };
}

/** The next page is asked of the same address as this one, whatever names files have. */
function listUrl(request: Request, baseUrl: string | undefined): string {
  return `${linksOf(request, baseUrl).web}${request.url.split('?')[0] ?? ''}`;
}

/** Bytes for clients that ask for them or for nothing in particular (curl, mise); JSON for any of GitHub's types. */
function wantsBytes(accept = '*/*'): boolean {
  if (accept.includes('application/octet-stream')) return true;
  return accept.split(',').every((range) => /^\s*\*\/\*\s*(?:;|$)/.test(range));
}
