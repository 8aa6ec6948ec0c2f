import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parseHostileJson } from '../../evidence/bounds.ts';
import { sha256Hex } from '../../ledger-schema/bytes.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { parseToolName } from '../tool.ts';
import type { FoundTool } from '../resolve.ts';
import type { VerifiedRelease } from '../release.ts';
import type { Catalog } from './catalog.ts';
import type { FileCache } from './cache.ts';

/** One kept bundle as GitHub's API answers it. */
export interface KeptAttestation {
  readonly repository_id: number;
  readonly bundle: unknown;
  readonly bundle_url: null;
}

/** The most digests of one question, as GitHub has it. */
const DIGESTS = 1024;
const DIGEST = /^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/;

/**
 * The kept attestations about a digest, of acknowledged records alone: bundles whose statement names it. Their bytes are
 * held against the record; who signed them the client verifies itself.
 */
export async function attestationsOf(
  releases: readonly VerifiedRelease[],
  digest: string,
  { cache, signal }: { readonly cache: FileCache; readonly signal: AbortSignal },
): Promise<KeptAttestation[]> {
  if (!DIGEST.test(digest)) return [];
  const found = new Map<string, KeptAttestation>();
  for (const release of releases) {
    for (const { kind, sha256, size } of release.evidence ?? []) {
      if (kind !== 'sigstore' || found.has(sha256)) continue;
      const bundle = await read(cache, { name: sha256, sha256, size }, signal);
      if (bundle === undefined || !names(bundle, digest)) continue;
      found.set(sha256, { repository_id: release.repositoryId, bundle, bundle_url: null });
    }
  }
  return [...found.values()];
}

/** A bundle that the store lost is passed over: the others count. */
async function read(
  cache: FileCache,
  file: { readonly name: string; readonly sha256: string; readonly size: number },
  signal: AbortSignal,
): Promise<unknown> {
  try {
    const open = await cache.get(file, signal);
    try {
      const bytes = new Uint8Array(file.size);
      await open.read(bytes, 0);
      if (sha256Hex(bytes) === file.sha256) return parseHostileJson(bytes, 'the bundle');
      open.damaged();
      return undefined;
    } finally {
      open.release();
    }
  } catch (error) {
    if (error instanceof PullthroughError) return undefined;
    throw error;
  }
}

/** Does the bundle's statement name the digest? */
function names(bundle: unknown, digest: string): boolean {
  const payload = at(at(bundle, 'dsseEnvelope'), 'payload');
  if (typeof payload !== 'string') return false;
  const [algorithm = '', hex] = digest.split(':');
  try {
    const subjects = at(parseHostileJson(Buffer.from(payload, 'base64'), 'the statement'), 'subject');
    return Array.isArray(subjects) && subjects.some((subject) => at(at(subject, 'digest'), algorithm) === hex);
  } catch (error) {
    if (error instanceof PullthroughError) return false;
    throw error;
  }
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

export interface BulkOptions {
  readonly catalog: () => Catalog;
  readonly cache: FileCache;
  /** The source of an owner that is named without a host. */
  readonly host: string;
}

/** `GET /repos/O/R/attestations/DIGEST`, and the list of all of an owner's tools: `POST /orgs|users/X/attestations/bulk-list`. */
export function addAttestations(app: FastifyInstance, { catalog, cache, host }: BulkOptions): void {
  for (const base of ['', '/api/v3']) {
    app.get<{ Params: { owner: string; repo: string; digest: string } }>(
      `${base}/repos/:owner/:repo/attestations/:digest`,
      { config: { name: 'api' } },
      async (request, reply) => {
        const { owner, repo, digest } = request.params;
        const tool = await catalog().tool(parseToolName(`${host}/${owner}/${repo}`, host));
        const releases = (await catalog().releases(tool)).filter((release) => mentions(release, digest));
        const attestations = await attestationsOf(releases, digest, { cache, signal: signalOf(request) });
        return send(reply, { attestations });
      },
    );
    for (const kind of ['orgs', 'users']) {
      const url = `${base}/${kind}/:owner/attestations/bulk-list`;
      app.post<{ Params: { owner: string } }>(
        url,
        { config: { name: 'api' }, bodyLimit: 256 * 1024 },
        async (request, reply) => {
          const asked = at(request.body, 'subject_digests');
          const digests = Array.isArray(asked) ? asked.filter((each) => typeof each === 'string') : [];
          if (digests.length === 0 || digests.length > DIGESTS) {
            return send(reply.status(422), { message: 'subject_digests is not a list of 1 to 1024 digests' });
          }
          const lists: Record<string, KeptAttestation[]> = {};
          const signal = signalOf(request);
          for (const tool of await toolsOf(catalog(), request.params.owner, host)) {
            const releases = await catalog().releases(tool);
            for (const digest of digests) {
              const relevant = releases.filter((release) => mentions(release, digest));
              const kept = await attestationsOf(relevant, digest, { cache, signal });
              if (kept.length > 0) (lists[digest] ??= []).push(...kept);
            }
          }
          const info = { has_next: false, has_previous: false };
          return send(reply, { attestations_subject_digests: lists, page_info: info });
        },
      );
    }
  }
}

/** Only what is about a file of the release is looked for; another algorithm's digest may be about any. */
function mentions({ assets }: VerifiedRelease, digest: string): boolean {
  return !digest.startsWith('sha256:') || assets.some(({ sha256 }) => digest === `sha256:${sha256}`);
}

async function toolsOf(catalog: Catalog, owner: string, host: string): Promise<FoundTool[]> {
  const all = await catalog.tools();
  const named = all.map(({ source, repository }) => parseToolName(`${source}/${repository}`, host));
  const mine = named.filter((tool) => tool.source === host && tool.owner.toLowerCase() === owner.toLowerCase());
  return Promise.all(mine.map((tool) => catalog.tool(tool)));
}

function signalOf(request: FastifyRequest): AbortSignal {
  const ended = new AbortController();
  request.raw.once('close', () => {
    if (request.raw.destroyed && !request.raw.complete) ended.abort();
  });
  return ended.signal;
}

function send(reply: FastifyReply, value: unknown): FastifyReply {
  return reply
    .headers({ 'cache-control': 'no-cache', 'content-type': 'application/json; charset=utf-8' })
    .send(JSON.stringify(value));
}
