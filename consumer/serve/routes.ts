import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fail } from '../../ledger-schema/index.ts';
import type { VerifiedRelease } from '../release.ts';
import { assetId, assetJson, linkHeader, releaseIdAt, releaseJson, releaseOfAsset, urlPath } from './api.ts';
import type { Catalog } from './catalog.ts';
import type { FileSender } from './files.ts';
import { whileWaiting } from './limits.ts';
import type { Limits } from './limits.ts';
import { linksOf } from './links.ts';
import { releasePage, releasesPage, toolPath, toolsPage } from './pages.ts';
import type { PageContext } from './pages.ts';
import type { Fetchable } from '../download/select-assets.ts';
import type { FoundTool } from '../resolve.ts';
import { recordAt } from '../resolve.ts';
import { parseTool } from '../tool.ts';

export interface RouteOptions {
  readonly catalog: () => Catalog;
  readonly files: FileSender;
  readonly limits: Limits;
  /** The source of a tool that is named without a host. */
  readonly host: string;
  /** How clients reach the gateway; without it, as their requests say. */
  readonly baseUrl: string | undefined;
}

interface Params {
  readonly source?: string;
  readonly owner: string;
  readonly repo: string;
  readonly tag?: string;
  readonly asset?: string;
  readonly id?: string;
  /** What stands behind a route that ends with a star, decoded. */
  readonly '*'?: string;
}
interface Query {
  readonly q?: string | string[];
  readonly page?: string | string[];
  readonly per_page?: string | string[];
}
type Request = FastifyRequest<{ Params: Params; Querystring: Query }>;
/** What is sent, or the file that is to be sent. */
type Answer = (request: Request, reply: FastifyReply) => Promise<FastifyReply | Fetchable>;

/** GitHub's own paths, for browsers and `curl`, for its API, and for `gh`, which asks below `/api/v3`. */
export function addRoutes(app: FastifyInstance, options: RouteOptions): void {
  const get = (url: string, name: string, answer: Answer) =>
    app.route<{ Params: Params; Querystring: Query }>({
      method: ['GET', 'HEAD'],
      url,
      config: { name },
      handler: async (request, reply) => {
        const found = await whileWaiting(reply, limits.answer, () => answer(request, reply));
        return 'sha256' in found ? files.send(found, request, reply) : found;
      },
    });
  const { files, limits } = options;
  const tool = ({ params }: Request) => toolOf(params, options);
  const pages = (request: Request): PageContext => ({
    links: linksOf(request, options.baseUrl),
    view: options.catalog().view,
    host: options.host,
    expired: options.catalog().expired,
  });

  for (const base of ['/:owner/:repo', '/:source/:owner/:repo']) {
    get(`${base}/releases/download/*`, 'download', async (request) => {
      const [tag, asset] = splitLast(request.params['*'] ?? '');
      return assetOf(await options.catalog().release(await tool(request), tag), asset);
    });
    get(`${base}/releases/latest/download/:asset`, 'download', async (request, reply) => {
      const found = await tool(request);
      const release = await options.catalog().latest(found);
      const { name } = assetOf(release, request.params.asset ?? '');
      return redirect(reply, `${toolPath(found, options.host)}/releases/download/${urlPath(release.tag, name)}`);
    });
    get(`${base}/releases/latest`, 'page', async (request, reply) => {
      const found = await tool(request);
      const { tag } = await options.catalog().latest(found);
      return redirect(reply, `${toolPath(found, options.host)}/releases/tag/${urlPath(tag)}`);
    });
    get(`${base}/releases/tag/*`, 'page', async (request, reply) => {
      const found = await tool(request);
      const release = await options.catalog().release(found, request.params['*'] ?? '');
      return sendPage(reply, releasePage(found, release, pages(request)));
    });
    for (const url of [base, `${base}/releases`]) {
      get(url, 'page', async (request, reply) => {
        const found = await tool(request);
        const releases = await options.catalog().releases(found);
        return sendPage(reply, releasesPage(found, releases, number(request.query.page, 1), pages(request)));
      });
    }
  }

  for (const base of ['', '/api/v3']) {
    const releases = `${base}/repos/:owner/:repo/releases`;
    get(releases, 'api', async (request, reply) => {
      const all = await options.catalog().releases(await tool(request));
      const links = linksOf(request, options.baseUrl);
      const perPage = Math.min(100, number(request.query.per_page, 30));
      const page = number(request.query.page, 1);
      const link = linkHeader(`${links.web}${request.url.split('?')[0] ?? ''}`, page, perPage, all.length);
      if (link !== undefined) reply.header('link', link);
      return sendJson(
        reply,
        all.slice((page - 1) * perPage, page * perPage).map((release) => releaseJson(release, links)),
      );
    });
    const one = (url: string, find: (found: FoundTool, request: Request) => Promise<VerifiedRelease>) =>
      get(url, 'api', async (request, reply) => {
        const release = await find(await tool(request), request);
        return sendJson(reply, releaseJson(release, linksOf(request, options.baseUrl)));
      });
    one(`${releases}/latest`, (found) => options.catalog().latest(found));
    one(`${releases}/tags/*`, (found, { params }) => options.catalog().release(found, params['*'] ?? ''));
    one(`${releases}/:id`, (found, { params }) => releaseById(options.catalog(), found, params.id ?? ''));
    get(`${releases}/:id/assets`, 'api', async (request, reply) => {
      const release = await releaseById(options.catalog(), await tool(request), request.params.id ?? '');
      const links = linksOf(request, options.baseUrl);
      return sendJson(
        reply,
        release.assets.map((asset) => assetJson(release, asset, links)),
      );
    });
    get(`${releases}/assets/:id`, 'api', async (request, reply) => {
      const { release, asset } = await assetById(options.catalog(), await tool(request), request.params.id ?? '');
      const accept = request.headers.accept ?? '';
      if (accept.includes('application/octet-stream')) return asset;
      return sendJson(reply, assetJson(release, asset, linksOf(request, options.baseUrl)));
    });
  }

  // `gh release download TAG` asks for a draft of that name as well, by GraphQL alone, and fails where that fails first.
  app.post('/api/graphql', { config: { name: 'api' }, bodyLimit: 64 * 1024 }, async (request, reply) => {
    const asked = JSON.stringify(request.body ?? null).includes('release(tagName:');
    if (asked) return sendJson(reply, { data: { repository: { release: null } } });
    return sendJson(reply, { data: null, errors: [{ message: 'this gateway has no GraphQL: ask its REST API' }] });
  });

  get('/', 'page', async (request, reply) => {
    const tools = await options.catalog().tools();
    const query = text(request.query.q).slice(0, 200);
    return sendPage(reply, toolsPage(tools, query, number(request.query.page, 1), pages(request)));
  });
}

/** Throws `E_USAGE` for what can be no tool's name: that is its client's slip, and no defect of the ledger. */
async function toolOf({ source, owner, repo }: Params, { catalog, host }: RouteOptions): Promise<FoundTool> {
  return catalog().tool(parseTool(`${source ?? host}/${owner}/${repo}`, host));
}

/** The tag may hold slashes, as they are or encoded; an asset's name holds none. */
function splitLast(path: string): [tag: string, asset: string] {
  const cut = path.lastIndexOf('/');
  return [path.slice(0, Math.max(0, cut)), path.slice(cut + 1)];
}

function assetOf(release: VerifiedRelease, name: string): VerifiedRelease['assets'][number] {
  return (
    release.assets.find((asset) => asset.name === name) ??
    fail('E_NOT_FOUND', `${release.tool}@${release.tag} has no acknowledged file ${name}`)
  );
}

/**
 * Numbers are made of the records' paths, and not kept: they are looked for among those of the tool, and only what has the
 * number is judged.
 */
async function releaseById(catalog: Catalog, tool: FoundTool, id: string): Promise<VerifiedRelease> {
  const tag = [...tool.trees.keys()].find((each) => String(releaseIdAt(recordAt(tool, each))) === id);
  if (tag === undefined) fail('E_NOT_FOUND', `${tool.repository} has no release of that number`);
  return catalog.release(tool, tag);
}

async function assetById(catalog: Catalog, tool: FoundTool, id: string) {
  const number = /^[0-9]{1,16}$/.test(id) ? Number(id) : 0;
  const release = await releaseById(catalog, tool, String(releaseOfAsset(number)));
  const asset = release.assets.find(({ name }) => assetId(release, name) === number);
  return asset === undefined
    ? fail('E_NOT_FOUND', `${tool.repository} has no file of that number`)
    : { release, asset };
}

function text(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? '';
}

function number(value: string | string[] | undefined, otherwise: number): number {
  const digits = text(value);
  return /^[1-9][0-9]{0,6}$/.test(digits) ? Number(digits) : otherwise;
}

function redirect(reply: FastifyReply, path: string): FastifyReply {
  return reply.header('cache-control', 'no-cache').redirect(path, 302);
}

function sendJson(reply: FastifyReply, value: unknown): FastifyReply {
  return reply
    .headers({ 'cache-control': 'no-cache', 'content-type': 'application/json; charset=utf-8' })
    .send(JSON.stringify(value));
}

export function sendPage(reply: FastifyReply, markup: string): FastifyReply {
  return reply
    .headers({
      'cache-control': 'no-cache',
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    })
    .send(markup);
}
