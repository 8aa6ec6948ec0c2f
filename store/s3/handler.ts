import { Readable } from 'node:stream';
import { fail, PullthroughError } from '../../ledger-schema/error.ts';
import { isFinal, networkError } from '../../io/http/network-error.ts';
import { send } from '../../io/http/send.ts';
import type { SendAnswer, SendRequest } from '../../io/http/send.ts';

/** What the SDK hands to a request handler, as far as it is used here. */
export interface SdkRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | string[] | null>> | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes or text of the SDK's own, or the pieces of an object. */
  readonly body?: unknown;
}

export interface SdkResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Readable;
}

/** A server has this long for an answer: it may be putting a thousand parts together. */
const TIMEOUT_MS = 300_000;
/** An object's bytes either arrive or don't. */
const READ_TIMEOUT_MS = 60_000;
/**
 * Bytes of a body that are written at once: TLS copies what it is given twice, into memory of its own, before the first
 * byte is sent.
 */
const PIECE = 256 * 1024;
/** The largest answer that isn't an object's bytes: a page of a listing. */
const MOST_ANSWER = 16 << 20;

/**
 * Lets the SDK speak through the same proxy, certificates and rules as everything else here. Connection failures are
 * marked for the SDK to retry; an answer with status 200 whose body is an error counts as that error.
 */
export class S3Handler {
  readonly metadata = { handlerProtocol: 'http/1.1' };
  readonly #send: (request: SendRequest) => Promise<SendAnswer>;

  /** `sender`: how a request is sent, for tests that let it fail. */
  constructor(sender: (request: SendRequest) => Promise<SendAnswer> = send) {
    this.#send = sender;
  }

  async handle(request: SdkRequest, options: { abortSignal?: unknown } = {}): Promise<{ response: SdkResponse }> {
    const signal = options.abortSignal instanceof AbortSignal ? options.abortSignal : undefined;
    const port = request.port === undefined ? '' : `:${request.port}`;
    const query = queryOf(request.query);
    const origin = `${request.protocol}//${request.hostname}${port}`;
    const isRead = request.query?.['x-id'] === 'GetObject';
    const body = request.body as SendRequest['body'] | readonly Uint8Array[] | null;
    try {
      const answer = await this.#send({
        method: request.method,
        origin,
        path: request.path + (query === '' ? '' : `?${query}`),
        headers: request.headers,
        body: isInPieces(body) ? written(body) : (body ?? undefined),
        signal,
        timeoutMs: isRead ? READ_TIMEOUT_MS : TIMEOUT_MS,
        large: isRead,
      });
      const ok = answer.status >= 200 && answer.status < 300;
      if (ok && isRead) {
        return { response: { statusCode: answer.status, headers: answer.headers, body: answer.body } };
      }
      const bytes = await collect(answer.body, origin);
      const statusCode = ok && isError(bytes) ? 503 : answer.status;
      if (statusCode === answer.status && ok) requireS3(request, bytes, origin);
      return { response: { statusCode, headers: answer.headers, body: Readable.from([bytes]) } };
    } catch (error) {
      throw retryable(error);
    }
  }

  updateHttpClientConfig(): void {
    // There is nothing to configure.
  }

  httpHandlerConfigs(): Record<string, never> {
    return {};
  }

  destroy(): void {
    // Connections are shared by the whole process.
  }
}

/**
 * The mark that the SDK's retry strategy looks for. Asking again doesn't help with a bad certificate or a proxy's
 * refusal.
 */
function retryable(error: unknown): unknown {
  const again = error instanceof PullthroughError && (error.code === 'E_NETWORK' || error.code === 'E_TIMEOUT');
  return again && !isFinal(error) ? Object.assign(error, { $retryable: {} }) : error;
}

async function collect(body: AsyncIterable<unknown>, where: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let total = 0;
  try {
    for await (const part of body) {
      const bytes = part as Uint8Array;
      total += bytes.length;
      if (total > MOST_ANSWER) fail('E_STORE', `${where} answered with more than ${MOST_ANSWER} bytes`);
      parts.push(bytes);
    }
  } catch (error) {
    throw networkError(error, where);
  }
  return Buffer.concat(parts);
}

function isError(bytes: Buffer): boolean {
  return bytes.subarray(-64).toString('latin1').trimEnd().endsWith('</Error>');
}

function isInPieces(body: unknown): body is readonly Uint8Array[] {
  return Array.isArray(body);
}

async function* written(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const piece of pieces) for (let at = 0; at < piece.length; at += PIECE) yield piece.subarray(at, at + PIECE);
}

/** What a list begins with, by the query parameter that asks for it. */
const LISTS = { 'list-type': '<ListBucketResult', uploads: '<ListMultipartUploadsResult' };

/**
 * A login page, or the server's own console, answers 200 to anything: it would pass for an empty list, or for a
 * successful put.
 */
function requireS3({ method, query = {} }: SdkRequest, bytes: Buffer, origin: string): void {
  const [, root] = Object.entries(LISTS).find(([name]) => method === 'GET' && name in query) ?? [];
  const isPage = /^\s*<(?:!doctype html|html)\b/i.test(bytes.subarray(0, 256).toString('latin1'));
  if (!isPage && (root === undefined || bytes.includes(root))) return;
  fail(
    'E_STORE',
    `${origin} answers ${isPage ? 'with a web page' : 'a list with something else'}, as no S3 server does`,
    {
      hint: 'look at endpoint= in the s3:// URL, and at what stands in between: a proxy, a login page',
    },
  );
}

/** As the signature has it: RFC 3986, names in order. */
function queryOf(query: SdkRequest['query']): string {
  const parts: string[] = [];
  for (const name of Object.keys(query ?? {}).sort()) {
    const value = query?.[name];
    if (Array.isArray(value)) for (const one of value) parts.push(`${escape(name)}=${escape(one)}`);
    else parts.push(typeof value === 'string' ? `${escape(name)}=${escape(value)}` : escape(name));
  }
  return parts.join('&');
}

function escape(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
