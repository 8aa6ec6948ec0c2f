import type { FastifyReply, FastifyRequest } from 'fastify';
import { buildSchema, execute, parse, validate } from 'graphql';
import type { ExecutionResult } from 'graphql';
import { plainJson } from '../../../io/escape.ts';
import { PullthroughError } from '../../../ledger-schema/index.ts';
import type { FoundTool } from '../../resolve.ts';
import { isPrerelease, releaseId, releaseJson, urlPath } from './api.ts';
import { apiLinks, toolOf } from './answers.ts';
import type { RouteOptions } from './answers.ts';
import type { ServedRelease } from '../served-release.ts';
import { MOST_FIELDS, fieldsOf } from './graphql-cost.ts';

/** What `gh release` and Renovate ask GitHub's GraphQL for: a repository's releases and their fields. */
const SCHEMA = buildSchema(`
  scalar DateTime
  scalar URI
  enum OrderDirection { ASC DESC }
  enum ReleaseOrderField { CREATED_AT NAME }
  input ReleaseOrder { field: ReleaseOrderField!, direction: OrderDirection! }
  type Query { repository(owner: String!, name: String!, followRenames: Boolean): Repository, rateLimit: RateLimit }
  type RateLimit { limit: Int!, cost: Int!, remaining: Int!, used: Int!, resetAt: DateTime! }
  type Repository {
    id: ID!, databaseId: Int, name: String!, nameWithOwner: String!, owner: Owner!, url: URI!, isPrivate: Boolean!,
    isArchived: Boolean!, isFork: Boolean!, latestRelease: Release, release(tagName: String!): Release,
    releases(first: Int, last: Int, after: String, before: String, orderBy: ReleaseOrder): ReleaseConnection!
  }
  type Owner { login: String! }
  type ReleaseConnection { totalCount: Int!, pageInfo: PageInfo!, nodes: [Release], edges: [ReleaseEdge] }
  type ReleaseEdge { cursor: String!, node: Release }
  type PageInfo { hasNextPage: Boolean!, hasPreviousPage: Boolean!, startCursor: String, endCursor: String }
  type Release {
    id: ID!, databaseId: Float, name: String, tagName: String!, isDraft: Boolean!, isLatest: Boolean!,
    isPrerelease: Boolean!, immutable: Boolean!, createdAt: DateTime!, publishedAt: DateTime, updatedAt: DateTime!,
    url: URI!, resourcePath: URI!, description: String, descriptionHTML: String, author: Owner, tagCommit: Commit,
    releaseAssets(first: Int, last: Int, after: String, before: String, name: String): ReleaseAssetConnection!
  }
  type Commit { oid: String!, abbreviatedOid: String! }
  type ReleaseAssetConnection { totalCount: Int!, pageInfo: PageInfo!, nodes: [ReleaseAsset] }
  type ReleaseAsset {
    id: ID!, databaseId: Float, name: String!, size: Int!, digest: String, downloadCount: Int!, contentType: String!,
    downloadUrl: URI!, url: URI!, createdAt: DateTime!, updatedAt: DateTime!
  }
`);
/** Fields of one query: what is asked here is far less. */
const MOST_TOKENS = 500;
const MOST_A_PAGE = 100;

interface Page {
  readonly first?: number;
  readonly last?: number;
  readonly after?: string;
}

/** Answers a query in its own shape; anything but releases is an error that says so, in GitHub's form. */
export async function answerGraphql(
  request: FastifyRequest,
  reply: FastifyReply,
  options: RouteOptions,
): Promise<FastifyReply> {
  reply.headers({ 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' });
  return reply.send(plainJson(await run(request, options)));
}

async function run(request: FastifyRequest, options: RouteOptions): Promise<ExecutionResult | { errors: unknown[] }> {
  const { query, variables, operationName } = (request.body ?? {}) as Record<string, unknown>;
  const refuse = (message: string) => ({ errors: [{ type: 'NOT_IMPLEMENTED', message }], data: null });
  if (typeof query !== 'string') return refuse('the request holds no query');
  try {
    const document = parse(query, { maxTokens: MOST_TOKENS, noLocation: true });
    const problems = validate(SCHEMA, document, undefined, { maxErrors: 3 });
    if (problems.length > 0) {
      return refuse(`this gateway answers for releases alone: ${problems.map(({ message }) => message).join('; ')}`);
    }
    if (fieldsOf(document) > MOST_FIELDS) {
      return refuse(`the answer could have more than ${MOST_FIELDS} fields: ask for less at once`);
    }
    return await execute({
      schema: SCHEMA,
      document,
      rootValue: rootOf(request, options),
      variableValues: (variables ?? {}) as Record<string, unknown>,
      operationName: typeof operationName === 'string' ? operationName : undefined,
    });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : 'the query cannot be read');
  }
}

function rootOf(request: FastifyRequest, options: RouteOptions) {
  return {
    async repository({ owner, name }: { owner: string; name: string }) {
      try {
        return repositoryOf(await toolOf({ owner, repo: name }, options), request, options);
      } catch (error) {
        if (!(error instanceof PullthroughError)) throw error;
        throw new Error(`Could not resolve to a Repository with the name '${owner}/${name}': ${error.message}`, {
          cause: error,
        });
      }
    },
    rateLimit: () => ({ limit: 5000, cost: 1, remaining: 5000, used: 0, resetAt: new Date(Date.now() + 3_600_000) }),
  };
}

function repositoryOf(tool: FoundTool, request: FastifyRequest, options: RouteOptions) {
  const catalog = options.catalog();
  const [login = '', name = ''] = tool.repository.split('/');
  const links = apiLinks(request, tool, options);
  const newest = () => catalog.latest(tool).catch(absent);
  const shaped = (release: ServedRelease | undefined, latest?: string) =>
    release === undefined
      ? null
      : shape(release, latest === release.tag, links.web, () => releaseJson(release, links).assets);
  return {
    id: Buffer.from(`repository:${tool.path}`).toString('base64'),
    databaseId: null,
    name,
    nameWithOwner: tool.repository,
    owner: { login },
    url: `${links.web}/${tool.repository}`,
    isPrivate: false,
    isArchived: false,
    isFork: false,
    latestRelease: async () => {
      const release = await newest();
      return shaped(release, release?.tag);
    },
    release: async ({ tagName }: { tagName: string }) =>
      shaped(await catalog.release(tool, tagName).catch(absent), (await newest())?.tag),
    releases: async (page: Page & { orderBy?: { field: string; direction: string } }) => {
      const [all, latest] = await Promise.all([catalog.releases(tool), newest()]);
      const ascending = page.orderBy?.direction === 'ASC';
      const sorted = ascending ? [...all].reverse() : all;
      return connection(sorted, page, (release) => shaped(release, latest?.tag));
    },
  };
}

function absent(error: unknown): undefined {
  if (error instanceof PullthroughError && error.exit !== 1) return undefined;
  throw error;
}

type AssetJson = ReturnType<typeof releaseJson>['assets'][number];

/** What is costly is made only when it is asked for. */
function shape(release: ServedRelease, isLatest: boolean, web: string, assets: () => readonly AssetJson[]) {
  const repository = release.tool.slice(release.tool.indexOf('/') + 1);
  const path = `/${repository}/releases/tag/${urlPath(release.tag)}`;
  const id = releaseId(release);
  const { published, signedBy, tag, commit } = release;
  return {
    id: Buffer.from(`release:${id}`).toString('base64'),
    databaseId: id,
    name: tag,
    tagName: tag,
    isDraft: false,
    isLatest,
    isPrerelease: isPrerelease(tag),
    immutable: true,
    createdAt: published,
    publishedAt: published,
    updatedAt: published,
    url: `${web}${path}`,
    resourcePath: path,
    description: null,
    descriptionHTML: null,
    author: { login: signedBy.holder },
    tagCommit: { oid: commit, abbreviatedOid: commit.slice(0, 7) },
    releaseAssets: (page: Page & { name?: string }) =>
      connection(
        assets().filter(({ name }) => page.name === undefined || name === page.name),
        page,
        (asset) => ({
          id: asset.node_id,
          databaseId: asset.id,
          name: asset.name,
          size: asset.size,
          digest: asset.digest,
          downloadCount: 0,
          contentType: asset.content_type,
          downloadUrl: asset.browser_download_url,
          url: asset.browser_download_url,
          createdAt: published,
          updatedAt: published,
        }),
      ),
  };
}

/** A page of a list by its place in it: our cursors mean that and nothing else. */
function connection<T>(all: readonly T[], { first, last, after }: Page, shaped: (item: T) => unknown) {
  const from = Number(/^cursor:(\d{1,9})$/.exec(Buffer.from(after ?? '', 'base64').toString())?.[1] ?? 0);
  const most = Math.min(first ?? last ?? MOST_A_PAGE, MOST_A_PAGE);
  const start = first === undefined && last !== undefined ? Math.max(0, all.length - most) : from;
  const shown = all.slice(start, start + most);
  const cursor = (at: number) => Buffer.from(`cursor:${at}`).toString('base64');
  return {
    totalCount: all.length,
    nodes: () => shown.map(shaped),
    edges: () => shown.map((item, at) => ({ cursor: cursor(start + at + 1), node: shaped(item) })),
    pageInfo: {
      hasNextPage: start + shown.length < all.length,
      hasPreviousPage: start > 0,
      startCursor: shown.length === 0 ? null : cursor(start + 1),
      endCursor: shown.length === 0 ? null : cursor(start + shown.length),
    },
  };
}
