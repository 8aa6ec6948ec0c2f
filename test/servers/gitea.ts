import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GitHubServer } from './github/github.ts';

/** What Gitea and Forgejo answer with a page at most, unless their `limit` asks for less. */
const PAGE = 2;

/**
 * The API of a Gitea or Forgejo in front of a test GitHub's repositories: `/api/v1`, pages by `limit`, filters that it
 * doesn't know, `…/pulls/6` on the web, 409 for what is there already, a ref of its own for a pull request whose branch is gone,
 * and neither GraphQL, check runs nor GitHub's merge.
 */
export async function startGitea(
  github: GitHubServer,
  hasBranch: (branch: string) => boolean,
): Promise<{ api: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? '/', 'http://gitea.example');
      const path = url.pathname.replace(/^\/api\/v1/, '');
      const refused = (status: number) => response.writeHead(status, TYPE).end('{"message":"not found"}');
      if (path === url.pathname || /\/(?:merge|update-branch|check-runs|git\/refs|graphql)$/.test(path))
        return refused(path.endsWith('/git/refs') ? 405 : 404);
      const page = Number(url.searchParams.get('page') ?? '1');
      const state = url.searchParams.get('state');
      const asked = new URL(`${github.api}${path}`);
      if (state !== null) asked.searchParams.set('state', state);
      asked.searchParams.set('per_page', '100');
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { authorization } = request.headers;
      const answer = await fetch(asked, {
        method: request.method ?? 'GET',
        headers: authorization === undefined ? {} : { authorization },
        ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
      });
      const text = (await answer.text()).replaceAll(/(\/acme\/[\w.-]+)\/pull\//g, '$1/pulls/');
      const value = answer.status === 204 ? undefined : (JSON.parse(text) as unknown);
      const headers: Record<string, string> = { ...TYPE };
      let shown = value;
      if (Array.isArray(value)) {
        shown = value.slice((page - 1) * PAGE, page * PAGE);
        url.searchParams.set('page', String(page + 1));
        const next = `${origin()}${url.pathname}${url.search}`;
        if (page * PAGE < value.length) headers.link = `<${next}>; rel="next",<${next}>; rel="last"`;
      }
      const exists = answer.status === 422 && text.includes('already exists');
      const body = JSON.stringify(shown, function (this: { number?: number }, key, one: unknown) {
        if (['author_association', 'mergeable_state'].includes(key)) return undefined;
        if (key !== 'head' || this.number === undefined) return one;
        const { ref, ...rest } = one as { ref: string };
        return { ...rest, label: ref, ref: hasBranch(ref) ? ref : `refs/pull/${String(this.number)}/head` };
      });
      return response.writeHead(exists ? 409 : answer.status, headers).end(body);
    })();
  });
  const origin = (): string => `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    api: `${origin()}/api/v1`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const TYPE = { 'content-type': 'application/json;charset=utf-8' };
