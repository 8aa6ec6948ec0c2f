import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { passwordOf } from '../git.ts';
import { attestationRoutes, bulkAttestations } from './github-attestation-routes.ts';
import { issueRoutes } from './github-issue-routes.ts';
import { pullRoutes } from './github-pull-routes.ts';
import { releaseRoutes } from './github-release-routes.ts';
import type { Json } from './github-repository-json.ts';
import { NOT_FOUND, problem } from './github-state.ts';
import type { Caller, GitHubState, Reply, RouteCall } from './github-state.ts';

const LIMIT = 5000;
const MAX_BODY = 4 * 1024 * 1024;

/** What an API answers, before it is put on the wire. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** The API's side of the server: who asks, which route, pages, ETags, rate-limit headers. */
export class GitHubApi {
  readonly #state: GitHubState;
  readonly #base: string;
  readonly #graphql: string;
  #used = 0;

  /** `base` is the API's address with its prefix; what the prefix is, requests are stripped of before. */
  constructor(state: GitHubState, base: string) {
    this.#state = state;
    this.#base = base;
    this.#graphql = base.endsWith('/api/v3') ? '/api/graphql' : '/graphql';
  }

  async answer(request: IncomingMessage, url: URL): Promise<ApiAnswer> {
    const { method = 'GET' } = request;
    if (request.headers['user-agent'] === undefined) {
      const body = 'Request forbidden by administrative rules. Please make sure your request has a User-Agent header';
      return { status: 403, headers: { 'content-type': 'text/html' }, body };
    }
    const caller = this.#caller(request.headers.authorization);
    const body = method === 'GET' || method === 'HEAD' ? {} : await readJson(request);
    const reply =
      caller === 'bad' ? problem(401, 'Bad credentials') : await this.#route(method, url, request, body, caller);
    const { status, text, link } = this.#render(reply, url);
    const headers: Record<string, string> = {
      'content-type': 'application/json; charset=utf-8',
      'x-github-media-type': 'github.v3; format=json',
      vary: 'Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, Accept, X-Requested-With',
    };
    if (link !== undefined) headers.link = link;
    if ('location' in reply) headers.location = reply.location;
    if (status === 200 && method === 'GET') {
      headers.etag = etagOf(request, text);
      const asked = (request.headers['if-none-match'] ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
      if (asked.includes(headers.etag.replace(/^W\//, ''))) {
        delete headers.link;
        return { status: 304, headers: { ...headers, ...this.#limits(0) }, body: '' };
      }
    }
    return { status, headers: { ...headers, ...this.#limits(1) }, body: text };
  }

  /** A 304 costs nothing. */
  #limits(cost: number): Record<string, string> {
    this.#used += cost;
    return {
      'x-ratelimit-limit': String(LIMIT),
      'x-ratelimit-remaining': String(Math.max(1, LIMIT - this.#used)),
      'x-ratelimit-used': String(this.#used),
      'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + 3600),
      'x-ratelimit-resource': 'core',
    };
  }

  #caller(authorization: string | undefined): Caller | 'bad' {
    if (authorization === undefined) return undefined;
    const token = /^(?:bearer|token) (.+)$/i.exec(authorization)?.[1] ?? passwordOf(authorization) ?? '';
    return this.#state.tokens.get(token) ?? 'bad';
  }

  async #route(method: string, url: URL, request: IncomingMessage, body: Json, caller: Caller): Promise<Reply> {
    const path = url.pathname.split('/').slice(1).map(decodeURIComponent);
    if (url.pathname === '/user') return this.#self(caller);
    if (url.pathname === this.#graphql && method === 'POST') return viewer(caller, body);
    const [kind, first = '', second = ''] = path;
    if (kind === 'users' && url.pathname.endsWith('/attestations/bulk-list') && method === 'POST') {
      return bulkAttestations(this.#state, first, body);
    }
    const byId = kind === 'repositories';
    if (!byId && kind !== 'repos') return NOT_FOUND;
    const repository = byId ? this.#state.byId(Number(first)) : this.#state.byName(first, second);
    if (repository === undefined) {
      const moved = byId ? undefined : this.#state.byOldName(first, second);
      if (moved === undefined || this.#state.accessOf(caller, moved) === 'none') return NOT_FOUND;
      const rest = url.pathname
        .split('/')
        .slice(4)
        .map((segment) => `/${segment}`)
        .join('');
      const location = `${this.#base}/repositories/${String(moved.id)}${rest}${url.search}`;
      return { status: method === 'GET' ? 301 : 307, location };
    }
    const access = this.#state.accessOf(caller, repository);
    if (access === 'none') return NOT_FOUND;
    const call: RouteCall = {
      method,
      path: path.slice(byId ? 2 : 3),
      query: url.searchParams,
      body,
      accept: request.headers.accept ?? '',
      repository,
      caller,
      access,
    };
    return (
      releaseRoutes(this.#state, call) ??
      attestationRoutes(this.#state, call) ??
      (await pullRoutes(this.#state, call)) ??
      issueRoutes(this.#state, call) ??
      NOT_FOUND
    );
  }

  #self(caller: Caller): Reply {
    if (caller === undefined) return problem(401, 'Requires authentication');
    if (caller.type === 'Installation') return problem(403, 'Resource not accessible by integration');
    return { status: 200, json: this.#state.json.self(caller.login) };
  }

  #render(reply: Reply, url: URL): { status: number; text: string; link?: string } {
    if ('location' in reply) {
      const text = JSON.stringify({ message: 'Moved Permanently', url: reply.location, documentation_url: '' });
      return { status: reply.status, text };
    }
    if ('json' in reply) return { status: reply.status, text: JSON.stringify(reply.json) };
    const size = Math.min(100, Math.max(1, Number(url.searchParams.get('per_page') ?? 30) || 30));
    const page = Math.max(1, Number(url.searchParams.get('page') ?? 1) || 1);
    const last = Math.max(1, Math.ceil(reply.items.length / size));
    const items = reply.items.slice((page - 1) * size, page * size);
    const text = JSON.stringify(items.map((item) => reply.render(item as never)));
    return { status: 200, text, link: this.#link(url, page, last) };
  }

  #link(url: URL, page: number, last: number): string | undefined {
    const to = (number: number, rel: string): string => {
      const target = new URL(url);
      target.searchParams.set('page', String(number));
      const [, kind, owner = '', name = '', ...rest] = target.pathname.split('/');
      const repository = this.#state.byName(owner, name);
      // Pages are addressed by the repository's id, as GitHub does it.
      const path =
        kind === 'repos' && repository ? ['', 'repositories', repository.id, ...rest].join('/') : target.pathname;
      return `<${this.#base}${path}${target.search}>; rel="${rel}"`;
    };
    const links: string[] = [];
    if (page > 1) links.push(to(page - 1, 'prev'));
    if (page < last) links.push(to(page + 1, 'next'), to(last, 'last'));
    if (page > 1) links.push(to(1, 'first'));
    return links.length === 0 ? undefined : links.join(', ');
  }
}

/**
 * GitHub's own rule, as others have found it: the SHA-256 of Accept, Authorization and the body. So another token
 * never gets a 304 for this one's ETag.
 */
function etagOf(request: IncomingMessage, text: string): string {
  const hash = createHash('sha256');
  const { accept, authorization, cookie } = request.headers;
  for (const header of [accept, authorization, cookie]) if (header !== undefined) hash.update(`${header}:`);
  return `W/"${hash.update(text).digest('hex')}"`;
}

function viewer(caller: Caller, body: Json): Reply {
  if (caller === undefined) return problem(401, 'This endpoint requires you to be authenticated.');
  if (!/viewer\s*\{\s*login\s*\}/.test(String(body.query))) return problem(400, 'A query that this server knows not');
  return { status: 200, json: { data: { viewer: { login: caller.login } } } };
}

async function readJson(request: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY) throw new RangeError('the request is too long');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? {} : (JSON.parse(text) as Json);
}

/** Puts an answer on the wire. */
export function send(response: ServerResponse, { status, headers, body }: ApiAnswer): void {
  const bytes = Buffer.from(body);
  const length: Record<string, string> = status === 304 ? {} : { 'content-length': String(bytes.length) };
  response.writeHead(status, { ...headers, ...length });
  response.end(status === 304 || response.req.method === 'HEAD' ? undefined : bytes);
}
