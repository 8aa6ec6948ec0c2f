import { urlPath } from './api/api.ts';
import { assetOf, number, redirect, releaseAt, sendPage, text, toolOf } from './api/answers.ts';
import type { RouteAnswer, Get, Request, RouteOptions } from './api/answers.ts';
import { linksOf } from './api/links.ts';
import { foundTools, releasePage, releasesPage, toolPath, toolsOfPage, toolsPage } from './pages/pages.ts';
import type { PageContext } from './pages/pages.ts';
import { releaseRows, releaseView, toolRows } from './pages/rows.ts';

/** github.com's own paths: files for every client, pages for browsers. */
export function addWebRoutes(get: Get, options: RouteOptions): void {
  const answers = webAnswers(options);
  for (const base of ['/:owner/:repo', '/:source/:owner/:repo']) {
    get(`${base}/releases/download/*`, 'download', answers.file);
    get(`${base}/releases/latest/download/:asset`, 'download', answers.latestFile);
    get(`${base}/releases/latest`, 'page', answers.latest);
    get(`${base}/releases/tag/*`, 'page', answers.release);
    get(`${base}/releases`, 'page', answers.releases);
    get(base, 'page', answers.releases);
  }
  // Nix's hashed mirrors: the bytes by what they are, whatever they are called.
  get('/sha256/:hash', 'download', answers.fileByDigest);
  get('/', 'page', answers.tools);
}

function webAnswers(options: RouteOptions) {
  const { catalog, host, baseUrl } = options;
  const pages = (request: Request): PageContext => {
    const { view, expired, stale } = catalog();
    return { links: linksOf(request, baseUrl), view, host, expired, stale };
  };

  const file: RouteAnswer = async ({ params }) => {
    const [tag, asset] = splitLast(params['*'] ?? '');
    const { release } = await releaseAt(params, tag, options);
    return assetOf(release, asset);
  };
  const latestFile: RouteAnswer = async ({ params }, reply) => {
    const tool = await toolOf(params, options);
    const release = await catalog().latest(tool);
    const { name } = assetOf(release, params.asset ?? '');
    return redirect(reply, `${toolPath(tool, host)}/releases/download/${urlPath(release.tag, name)}`);
  };
  const latest: RouteAnswer = async ({ params }, reply) => {
    const tool = await toolOf(params, options);
    const { tag } = await catalog().latest(tool);
    return redirect(reply, `${toolPath(tool, host)}/releases/tag/${urlPath(tag)}`);
  };
  const release: RouteAnswer = async (request, reply) => {
    const found = await releaseAt(request.params, request.params['*'] ?? '', options);
    return sendPage(reply, releasePage(releaseView(found.tool, found.release), pages(request)));
  };
  const releases: RouteAnswer = async (request, reply) => {
    const tool = await toolOf(request.params, options);
    const rows = await releaseRows(tool, options);
    return sendPage(reply, releasesPage(tool, rows, number(request.query.page, 1), pages(request)));
  };
  const tools: RouteAnswer = async (request, reply) => {
    const query = text(request.query.q).slice(0, 200);
    const page = number(request.query.page, 1);
    const found = foundTools(await catalog().tools(), query, host);
    const rows = await toolRows(toolsOfPage(found, page), options);
    return sendPage(reply, toolsPage(rows, query, page, pages(request), found.length));
  };
  const fileByDigest: RouteAnswer = ({ params }) => options.fileBySha256((params.hash ?? '').toLowerCase());
  return { file, latestFile, latest, release, releases, tools, fileByDigest };
}

/** The tag may hold slashes, as they are or encoded; an asset's name holds none. */
function splitLast(path: string): [tag: string, asset: string] {
  const cut = path.lastIndexOf('/');
  return [path.slice(0, Math.max(0, cut)), path.slice(cut + 1)];
}
