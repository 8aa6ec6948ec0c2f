import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** What one request gets. `left` holds the answers still to be given. */
export type Reply = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on loopback that gives each request the next answer of a list, and its last one for ever after. */
export interface FlakyServer {
  readonly origin: string;
  readonly seen: readonly Seen[];
  answer(...replies: Reply[]): void;
  close(): Promise<void>;
}

export async function startFlaky(): Promise<FlakyServer> {
  let left: Reply[] = [];
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    const reply = left.length > 1 ? left.shift() : left[0];
    if (reply) reply(request, response);
    else response.writeHead(500).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    answer: (...replies) => {
      left = replies;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface FileReply {
  readonly etag?: string;
  readonly lastModified?: string;
  /** false: answers a Range with the whole file. */
  readonly ranges?: boolean;
  /** Breaks the connection after this many bytes of this answer's body. */
  readonly cutAfter?: number;
  /** Stops sending after this many bytes, and keeps the connection. */
  readonly stallAfter?: number;
  /** Sends no Content-Length. */
  readonly chunked?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers with a file, as far as it is told to. */
export function file(bytes: Uint8Array, options: FileReply = {}): Reply {
  return (request, response) => {
    const validator = options.etag ?? options.lastModified;
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    const partial = options.ranges !== false && range !== null && request.headers['if-range'] === validator;
    const offset = partial ? Number(range[1]) : 0;
    const body = bytes.subarray(offset);
    const headers: Record<string, string> = {
      ...(options.chunked ? {} : { 'content-length': String(body.length) }),
      ...(options.etag === undefined ? {} : { etag: options.etag }),
      ...(options.lastModified === undefined ? {} : { 'last-modified': options.lastModified }),
      ...(partial ? { 'content-range': `bytes ${offset}-${bytes.length - 1}/${bytes.length}` } : {}),
      ...options.headers,
    };
    response.writeHead(partial ? 206 : 200, headers);
    const stop = options.cutAfter ?? options.stallAfter;
    if (stop === undefined || stop >= body.length) {
      response.end(body);
      return;
    }
    response.write(body.subarray(0, stop), () => {
      // What was written must reach the other side before the connection breaks.
      if (options.cutAfter !== undefined) setTimeout(() => response.destroy(), 20);
    });
  };
}

export function status(code: number, headers: Readonly<Record<string, string>> = {}): Reply {
  return (_request, response) => {
    response.writeHead(code, headers).end('no');
  };
}

export function redirect(location: string): Reply {
  return status(302, { location });
}
