import { urlPath } from './api/api.ts';
import { assetOf, number, redirect, releaseAt, sendPage, text, toolOf } from './api/answers.ts';
import type { Get, Request, RouteOptions } from './api/answers.ts';
import { linksOf } from './api/links.ts';
import { releasePage, releasesPage, toolPath, toolsPage } from './pages/pages.ts';
import type { PageContext } from './pages/pages.ts';

/** github.com's own paths: files for every client, pages for browsers. */
export function addWebRoutes(get: Get, options: RouteOptions): void {
  const tool = ({ params }: Request) => toolOf(params, options);
  const pages = (request: Request): PageContext => ({
    links: linksOf(request, options.baseUrl),
    view: options.catalog().view,
    host: options.host,
    expired: options.catalog().expired,
    stale: options.catalog().stale,
  });
  for (const base of ['/:owner/:repo', '/:source/:owner/:repo']) {
    get(`${base}/releases/download/*`, 'download', async (request) => {
      const [tag, asset] = splitLast(request.params['*'] ?? '');
      return assetOf((await releaseAt(request.params, tag, options)).release, asset);
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
      const { tool: found, release } = await releaseAt(request.params, request.params['*'] ?? '', options);
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
  // Nix's hashed mirrors: the bytes by what they are, whatever they are called.
  get('/sha256/:hash', 'download', async ({ params }) => options.fileBySha256((params.hash ?? '').toLowerCase()));
  get('/', 'page', async (request, reply) => {
    const tools = await options.catalog().tools();
    const query = text(request.query.q).slice(0, 200);
    return sendPage(reply, toolsPage(tools, query, number(request.query.page, 1), pages(request)));
  });
}

/** The tag may hold slashes, as they are or encoded; an asset's name holds none. */
function splitLast(path: string): [tag: string, asset: string] {
  const cut = path.lastIndexOf('/');
  return [path.slice(0, Math.max(0, cut)), path.slice(cut + 1)];
}
