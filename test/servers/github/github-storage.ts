import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { sizeOf, streamOf } from './github-bytes.ts';
import type { BytesFault, ChosenBytesFault, GitHubFaults } from './github-faults.ts';
import type { TestAsset } from './github-model.ts';

const REFUSALS: Partial<Record<BytesFault, readonly [number, string]>> = {
  missing: [404, 'BlobNotFound'],
  busy: [503, 'ServerBusy'],
  expired: [403, 'AuthenticationFailed'],
};

interface Grant {
  readonly asset: TestAsset;
  readonly signature: string;
}

/**
 * The host that holds the bytes: another origin than the API's, let in by a signed address alone. As the real one does,
 * it refuses a request that brings an Authorization header as well.
 */
export class GitHubStorage {
  readonly #faults: GitHubFaults;
  readonly #grants = new Map<string, Grant>();
  readonly #changed = new Set<number>();
  #origin = '';
  #elsewhere = '';

  constructor(faults: GitHubFaults) {
    this.#faults = faults;
  }

  place({ origin, elsewhere }: { origin: string; elsewhere: string }): void {
    this.#origin = origin;
    this.#elsewhere = elsewhere;
  }

  /** A signed address for an asset, as a redirect's Location. */
  address(repositoryId: number, asset: TestAsset): string {
    const key = `/github-production-release-asset/${String(repositoryId)}/${String(asset.id)}`;
    const signature = this.#grants.get(key)?.signature ?? randomBytes(24).toString('base64');
    this.#grants.set(key, { asset, signature });
    const query = new URLSearchParams({
      sp: 'r',
      sv: '2018-11-09',
      sr: 'b',
      se: '2099-01-01T00:00:00Z',
      rscd: `attachment; filename=${asset.name}`,
      rsct: asset.contentType,
      sig: signature,
    });
    return `${this.#origin}${key}?${query.toString()}`;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.#origin);
    const grant = this.#grants.get(url.pathname);
    if (request.headers.authorization !== undefined) return refuse(response, 400, 'InvalidAuthenticationInfo');
    if (grant === undefined) return refuse(response, 404, 'BlobNotFound');
    if (url.searchParams.get('sig') !== grant.signature) return refuse(response, 403, 'AuthenticationFailed');
    const fault = this.#faults.takeBytes(grant.asset.name);
    const refusal = fault === undefined ? undefined : REFUSALS[fault.kind];
    if (refusal !== undefined) return refuse(response, ...refusal);
    if (fault?.kind === 'reset') {
      request.socket.destroy();
      return;
    }
    if (fault?.kind === 'elsewhere') {
      const location = `${this.#elsewhere}/stolen?sig=${encodeURIComponent(grant.signature)}`;
      response.writeHead(302, { location }).end();
      return;
    }
    if (fault?.kind === 'changed') this.#changed.add(grant.asset.id);
    await this.#send(request, response, grant.asset, fault);
  }

  async #send(
    request: IncomingMessage,
    response: ServerResponse,
    asset: TestAsset,
    fault: ChosenBytesFault | undefined,
  ): Promise<void> {
    const size = await sizeOf(asset.content);
    const changed = this.#changed.has(asset.id);
    const etag = `"0x${(asset.id + (changed ? 0x1000000 : 0)).toString(16).toUpperCase()}"`;
    const ifRange = request.headers['if-range'];
    const rangeCounts = fault?.kind !== 'no-range' && (ifRange === undefined || ifRange === etag);
    const range = rangeCounts ? parseRange(request.headers.range, size) : undefined;
    if (range === 'unsatisfiable') {
      response.writeHead(416, { 'content-range': `bytes */${String(size)}` }).end();
      return;
    }
    const { start, end } = range ?? { start: 0, end: size };
    const extra = fault?.kind === 'oversized' || fault?.kind === 'oversized-declared' ? 1000 : 0;
    const at = Math.min(end, Math.max(start, fault?.at ?? start + Math.floor((end - start) / 2)));
    const headers: Record<string, string> = {
      'content-type': asset.contentType,
      'content-disposition': `attachment; filename=${asset.name}`,
      etag,
      'last-modified': asset.updatedAt.toUTCString(),
      'accept-ranges': 'bytes',
    };
    if (range !== undefined) headers['content-range'] = `bytes ${String(start)}-${String(end - 1)}/${String(size)}`;
    const length =
      fault?.kind === 'short' ? at - start : end - start + (fault?.kind === 'oversized-declared' ? extra : 0);
    // More than is declared can only be sent in chunks; an encoded body has another length.
    if (fault?.kind !== 'oversized' && fault?.kind !== 'gzip') headers['content-length'] = String(length);
    if (fault?.kind === 'gzip' || fault?.kind === 'gzip-claimed') headers['content-encoding'] = 'gzip';
    response.writeHead(range === undefined ? 200 : 206, headers);
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const wrong = fault?.kind === 'wrong' || changed;
    if (fault === undefined && !wrong) {
      await pipeline(streamOf(asset.content, start, end), response);
      return;
    }
    const pieces = bytesWith(fault?.kind, { content: asset.content, start, end, at, extra, wrong });
    if (fault?.kind === 'gzip') await pipeline(Readable.from(pieces), createGzip(), response);
    else if (fault?.kind === 'truncated') {
      for await (const piece of pieces) await new Promise((resolve) => response.write(piece, resolve));
      // A moment for what was written to leave before the connection breaks.
      await delay(20);
      request.socket.destroy();
    } else await pipeline(Readable.from(pieces), response);
  }
}

interface Piece {
  readonly content: TestAsset['content'];
  readonly start: number;
  readonly end: number;
  readonly at: number;
  readonly extra: number;
  readonly wrong: boolean;
}

async function* bytesWith(kind: BytesFault | undefined, piece: Piece): AsyncGenerator<Buffer> {
  const { content, start, at, extra, wrong } = piece;
  const end = kind === 'truncated' || kind === 'short' || kind === 'stalled' ? at : piece.end;
  let position = start;
  for await (const chunk of streamOf(content, start, end)) {
    let bytes = chunk as Buffer;
    if (wrong && position <= at && at < position + bytes.length) {
      bytes = Buffer.from(bytes);
      bytes[at - position] = (bytes[at - position] ?? 0) ^ 1;
    }
    position += bytes.length;
    if (kind !== 'slow') yield bytes;
    else {
      const step = Math.max(1, Math.ceil(bytes.length / 10));
      for (let from = 0; from < bytes.length; from += step) {
        yield bytes.subarray(from, from + step);
        await delay(20);
      }
    }
  }
  if (extra > 0) yield Buffer.alloc(extra, 'x');
  if (kind === 'stalled') await delay(24 * 3600 * 1000, undefined, { ref: false });
}

function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? '');
  if (match === null) return undefined;
  const start = Number(match[1]);
  const end = match[2] === '' || match[2] === undefined ? size : Math.min(size, Number(match[2]) + 1);
  return start >= size || end <= start ? 'unsatisfiable' : { start, end };
}

function refuse(response: ServerResponse, status: number, code: string): void {
  const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(body);
}
