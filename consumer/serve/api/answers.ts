import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { plainJson } from '../../../io/escape.ts';
import { fail } from '../../../ledger-schema/index.ts';
import type { Fetchable } from '../../download/select-assets.ts';
import type { FoundTool } from '../../resolve.ts';
import { parseToolName } from '../../tool.ts';
import { assetId, releaseIdAt, releaseOfAsset } from './api.ts';
import type { Links } from './api.ts';
import type { Catalog } from '../catalog.ts';
import type { ServedRelease } from '../served-release.ts';
import type { FileSender } from '../bytes/files.ts';
import type { Shortcuts } from '../bytes/shortcuts.ts';
import type { Limits } from '../limits.ts';
import { linksOf, linksTo } from './links.ts';
import type { LinkStyle } from './links.ts';
import { judge } from '../bytes/range.ts';
import { explain } from '../explain-refusal.ts';
import type { Explainer } from '../explain-refusal.ts';

export interface RouteOptions {
  readonly catalog: () => Catalog;
  readonly files: FileSender;
  readonly shortcuts: Shortcuts;
  readonly limits: Limits;
  /** The source of a tool that is named without a host. */
  readonly host: string;
  /** How clients reach the gateway; without it, as their requests say. */
  readonly baseUrl: string | undefined;
  /** How the API's answers name files. */
  readonly links: LinkStyle;
  readonly explainer: Explainer | undefined;
  /** The file of an acknowledged record that has this digest. */
  readonly fileBySha256: (sha256: string) => Promise<Fetchable>;
}

export interface Params {
  readonly source?: string;
  readonly owner: string;
  readonly repo: string;
  readonly asset?: string;
  readonly id?: string;
  readonly hash?: string;
  /** What the star at the end of a route matched, decoded. */
  readonly '*'?: string;
}
export interface Query {
  readonly q?: string | string[];
  readonly page?: string | string[];
  readonly per_page?: string | string[];
}
export type Request = FastifyRequest<{ Params: Params; Querystring: Query }>;
/** What is sent, or the file that is to be sent. */
export type RouteAnswer = (request: Request, reply: FastifyReply) => Promise<FastifyReply | Fetchable>;
export type Get = (url: string, name: string, answer: RouteAnswer) => void;

/** Throws `E_USAGE` for what can't be a tool's name: that is the client's mistake, not a fault in the ledger. */
export async function toolOf({ source, owner, repo }: Params, { catalog, host }: RouteOptions): Promise<FoundTool> {
  return catalog().tool(parseToolName(`${source ?? host}/${owner}/${repo}`, host));
}

/** A tool and its release with a tag. A refusal says what is known about it. */
export async function releaseAt(params: Params, tag: string, options: RouteOptions) {
  try {
    const tool = await toolOf(params, options);
    return { tool, release: await options.catalog().release(tool, tag) };
  } catch (error) {
    const { source = options.host, owner, repo } = params;
    throw await explain(error, { source, owner, repo, tag }, options.explainer);
  }
}

/** What the API's answer about a tool uses to name its files. */
export function apiLinks(request: FastifyRequest, tool: FoundTool, { links, baseUrl }: RouteOptions): Links {
  return links === 'github' ? linksTo(tool.source) : linksOf(request, baseUrl);
}

export function assetOf(release: ServedRelease, name: string): ServedRelease['assets'][number] {
  return (
    release.assets.find((asset) => asset.name === name) ??
    fail('E_NOT_FOUND', `${release.tool}@${release.tag} has no acknowledged file ${name}`)
  );
}

/**
 * Numbers are made of the records' paths, and not kept: they are looked for among those of the tool, and only what has the
 * number is judged.
 */
export async function releaseById(catalog: Catalog, tool: FoundTool, id: string): Promise<ServedRelease> {
  const tag = [...tool.trees.keys()].find((each) => String(releaseIdAt(catalog.pathOf(tool, each))) === id);
  if (tag === undefined) fail('E_NOT_FOUND', `${tool.repository} has no release of that number`);
  return catalog.release(tool, tag);
}

export async function assetById(catalog: Catalog, tool: FoundTool, id: string) {
  const wanted = /^[0-9]{1,16}$/.test(id) ? Number(id) : 0;
  const release = await releaseById(catalog, tool, String(releaseOfAsset(wanted)));
  const asset = release.assets.find(({ name }) => assetId(release, name) === wanted);
  return asset === undefined
    ? fail('E_NOT_FOUND', `${tool.repository} has no file of that number`)
    : { release, asset };
}

export function text(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? '';
}

export function number(value: string | string[] | undefined, otherwise: number): number {
  const digits = text(value);
  return /^[1-9][0-9]{0,6}$/.test(digits) ? Number(digits) : otherwise;
}

export function redirect(reply: FastifyReply, path: string): FastifyReply {
  return reply.header('cache-control', 'no-cache').redirect(path, 302);
}

/** JSON with an ETag of its bytes; 304 where the client has them. */
export function sendJson(request: FastifyRequest, reply: FastifyReply, value: unknown): FastifyReply {
  const body = plainJson(value);
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`;
  const { method, headers } = request;
  const { status } = judge({ method, ifNoneMatch: headers['if-none-match'] }, body.length, etag);
  reply.headers({ 'cache-control': 'no-cache', 'content-type': 'application/json; charset=utf-8', etag });
  return status === 304 ? reply.status(304).send() : reply.send(body);
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
