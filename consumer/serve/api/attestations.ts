import type { FastifyInstance, FastifyReply } from 'fastify';
import { plainJson } from '../../../io/escape.ts';
import { memberOf, parseHostileJson } from '../../../evidence/bounds.ts';
import { sha256Hex } from '../../../ledger-schema/bytes.ts';
import { PullthroughError, fail } from '../../../ledger-schema/error.ts';
import { parseToolName } from '../../tool.ts';
import type { FoundTool } from '../../resolve.ts';
import type { VerifiedRelease } from '../../release.ts';
import type { Catalog } from '../catalog.ts';
import type { FileCache } from '../bytes/cache.ts';
import { whileWaiting } from '../limits.ts';
import type { Limits } from '../limits.ts';

/** One kept bundle as GitHub's API answers it. */
export interface KeptAttestation {
  readonly repository_id: number;
  readonly bundle: unknown;
  readonly bundle_url: null;
}

/** The most digests in one request, as on GitHub. */
const DIGESTS = 1024;
/** SHA-1: of a tag or commit, which GitHub's attestation of a release names. */
const DIGEST = /^sha(?:1:[0-9a-f]{40}|256:[0-9a-f]{64}|512:[0-9a-f]{128})$/;
/** Short names of predicates, as GitHub's API has them; any other is taken whole. */
const PREDICATES: Readonly<Record<string, RegExp>> = {
  provenance: /^https:\/\/slsa\.dev\/provenance\/v[0-9.]+$/,
  sbom: /^https:\/\/(?:spdx\.dev\/Document|cyclonedx\.org\/bom)(?:\/v[0-9.]+)?$/,
  release: /^https:\/\/in-toto\.io\/attestation\/release\/v[0-9.]+$/,
};
/** The most bytes of an answer's bundles: a bundle that names many files is repeated for each. */
const ANSWER_BYTES = 32 * 1024 * 1024;

/** Which attestations are kept about which digest. */
export type KeptByDigest = ReadonlyMap<string, readonly KeptAttestation[]>;

export interface AttestationQuery {
  readonly cache: FileCache;
  readonly signal: AbortSignal;
  /** Only those of this predicate: `provenance`, `sbom`, `release`, or its whole type. */
  readonly predicate?: string | undefined;
}

/**
 * The kept attestations about digests, of acknowledged records alone: bundles whose statement names one. Their bytes are
 * held against the record; who signed them the client verifies itself. Each bundle is read once, however many digests are
 * asked for, and however often. Throws `E_TOO_LARGE` where the answer would be too long, and the reason of `signal`.
 */
export async function attestationsOf(
  releases: readonly VerifiedRelease[],
  digests: Iterable<string>,
  { cache, signal, predicate }: AttestationQuery,
): Promise<KeptByDigest> {
  const wanted = new Set([...digests].filter((digest) => DIGEST.test(digest)));
  const found = new Map<string, KeptAttestation[]>();
  const seen = new Set<string>();
  let bytes = 0;
  for (const release of releases.filter((each) => mentionsAny(each, wanted))) {
    for (const { kind, sha256, size } of release.evidence ?? []) {
      if (kind !== 'sigstore' || seen.has(sha256)) continue;
      seen.add(sha256);
      signal.throwIfAborted();
      const bundle = await read(cache, { name: sha256, sha256, size }, signal);
      const about = digestsIn(statementIn(bundle), predicate).filter((digest) => wanted.has(digest));
      bytes += about.length * size;
      if (bytes > ANSWER_BYTES) {
        fail('E_TOO_LARGE', 'the attestations are too many for one answer', { hint: 'ask for fewer digests' });
      }
      for (const digest of about) {
        const kept = { repository_id: release.repositoryId, bundle, bundle_url: null };
        found.set(digest, [...(found.get(digest) ?? []), kept]);
      }
    }
  }
  return found;
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

/** What the bundle's envelope signs; undefined where that can't be read. */
function statementIn(bundle: unknown): unknown {
  const payload = memberOf(memberOf(bundle, 'dsseEnvelope'), 'payload');
  if (typeof payload !== 'string') return undefined;
  try {
    return parseHostileJson(Buffer.from(payload, 'base64'), 'the statement');
  } catch (error) {
    if (error instanceof PullthroughError) return undefined;
    throw error;
  }
}

/** The digests that a statement names, each once; none where it is of another predicate than is asked for. */
function digestsIn(statement: unknown, predicate: string | undefined): string[] {
  const type = memberOf(statement, 'predicateType');
  if (predicate !== undefined && !(typeof type === 'string' && isPredicate(type, predicate))) return [];
  const subjects = memberOf(statement, 'subject');
  const named = (Array.isArray(subjects) ? subjects : []).flatMap((subject) =>
    ['sha1', 'sha256', 'sha512'].flatMap((algorithm) => {
      const hex = memberOf(memberOf(subject, 'digest'), algorithm);
      return typeof hex === 'string' ? [`${algorithm}:${hex}`] : [];
    }),
  );
  return [...new Set(named)];
}

function isPredicate(type: string, asked: string): boolean {
  return Object.hasOwn(PREDICATES, asked) ? PREDICATES[asked]?.test(type) === true : type === asked;
}

export interface BulkOptions {
  readonly catalog: () => Catalog;
  readonly cache: FileCache;
  /** The source of an owner that is named without a host. */
  readonly host: string;
  readonly limits: Limits;
}

interface Asked {
  readonly predicate_type?: unknown;
}

/** `?predicate_type=`, given once. */
function predicateOf({ predicate_type: asked }: Asked): string | undefined {
  return typeof asked === 'string' && asked !== '' ? asked : undefined;
}

/**
 * `GET /repos/O/R/attestations/DIGEST`, and of all of an owner's tools: `GET /orgs|users/X/attestations/DIGEST`, and the list
 * `POST /orgs|users/X/attestations/bulk-list`.
 */
export function addAttestations(app: FastifyInstance, { catalog, cache, host, limits }: BulkOptions): void {
  for (const base of ['', '/api/v3']) {
    app.get<{ Params: { owner: string; repo: string; digest: string }; Querystring: Asked }>(
      `${base}/repos/:owner/:repo/attestations/:digest`,
      { config: { name: 'api' } },
      (request, reply) =>
        whileWaiting(reply, limits.answer, async (signal) => {
          const { owner, repo, digest } = request.params;
          const tool = await catalog().tool(parseToolName(`${host}/${owner}/${repo}`, host));
          const predicate = predicateOf(request.query);
          const kept = await attestationsOf(await catalog().releases(tool), [digest], { cache, signal, predicate });
          return send(reply, { attestations: kept.get(digest) ?? [] });
        }),
    );
    for (const kind of ['orgs', 'users']) {
      app.get<{ Params: { owner: string; digest: string }; Querystring: Asked }>(
        `${base}/${kind}/:owner/attestations/:digest`,
        { config: { name: 'api' } },
        (request, reply) =>
          whileWaiting(reply, limits.answer, async (signal) => {
            const { owner, digest } = request.params;
            const predicate = predicateOf(request.query);
            const releases = await releasesOf(catalog(), owner, host, signal);
            const kept = await attestationsOf(releases, [digest], { cache, signal, predicate });
            return send(reply, { attestations: kept.get(digest) ?? [] });
          }),
      );
      app.post<{ Params: { owner: string } }>(
        `${base}/${kind}/:owner/attestations/bulk-list`,
        { config: { name: 'api' }, bodyLimit: 256 * 1024 },
        (request, reply) =>
          whileWaiting(reply, limits.answer, async (signal) => {
            const asked = memberOf(request.body, 'subject_digests');
            const digests = Array.isArray(asked) ? asked.filter((each) => typeof each === 'string') : [];
            if (digests.length === 0 || digests.length > DIGESTS) {
              return send(reply.status(422), { message: 'subject_digests is not a list of 1 to 1024 digests' });
            }
            const predicate = predicateOf({ predicate_type: memberOf(request.body, 'predicate_type') });
            const releases = await releasesOf(catalog(), request.params.owner, host, signal);
            const kept = await attestationsOf(releases, digests, { cache, signal, predicate });
            const info = { has_next: false, has_previous: false };
            return send(reply, { attestations_subject_digests: Object.fromEntries(kept), page_info: info });
          }),
      );
    }
  }
}

/** Only what is about a file of the release is looked for; another algorithm's digest may be about any. */
function mentionsAny({ assets }: VerifiedRelease, digests: ReadonlySet<string>): boolean {
  if (assets.some(({ sha256 }) => digests.has(`sha256:${sha256}`))) return true;
  return [...digests].some((digest) => !digest.startsWith('sha256:'));
}

async function releasesOf(
  catalog: Catalog,
  owner: string,
  host: string,
  signal: AbortSignal,
): Promise<VerifiedRelease[]> {
  const releases: VerifiedRelease[] = [];
  for (const tool of await toolsOf(catalog, owner, host)) {
    signal.throwIfAborted();
    for (const release of await catalog.releases(tool)) releases.push(release);
  }
  return releases;
}

async function toolsOf(catalog: Catalog, owner: string, host: string): Promise<FoundTool[]> {
  const all = await catalog.tools();
  const named = all.map(({ source, repository }) => parseToolName(`${source}/${repository}`, host));
  const mine = named.filter((tool) => tool.source === host && tool.owner.toLowerCase() === owner.toLowerCase());
  return Promise.all(mine.map((tool) => catalog.tool(tool)));
}

function send(reply: FastifyReply, value: unknown): FastifyReply {
  return reply
    .headers({ 'cache-control': 'no-cache', 'content-type': 'application/json; charset=utf-8' })
    .send(plainJson(value));
}
