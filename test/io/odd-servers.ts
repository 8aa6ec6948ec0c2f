import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { openDownload } from '../../io/http/download/download.ts';
import { mapLimit } from '../../io/limit.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';

/** Large enough for the way that large downloads take. */
export const SIZE = 9_000_000;

export function bodyOf(size = SIZE): Buffer {
  const body = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4) body.writeUInt32LE((at * 2654435761) >>> 0, at);
  return body;
}

type Piece = string | Buffer;
/** What is written to one connection, in turn; `hang` keeps it open, `reset` breaks it, else it is closed. */
export interface Reply {
  readonly pieces: readonly Piece[];
  readonly then?: 'hang' | 'reset';
}

const ok = (size = SIZE, more = ''): string => `HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n${more}\r\n`;
const body = bodyOf(SIZE);
const ETAG = 'etag: "e"\r\n';
const half = body.subarray(0, SIZE / 2);
const rest = (from: number, etag = ETAG): Piece[] => [
  `HTTP/1.1 206 Partial Content\r\ncontent-length: ${SIZE - from}\r\ncontent-range: bytes ${from}-${SIZE - 1}/${SIZE}\r\n${etag}\r\n`,
  body.subarray(from),
];
const one = (...pieces: Piece[]): Reply[] => [{ pieces }];

/** Servers as they are met: each answers its connections with these replies, and with the last one for ever. */
export const SERVERS: Readonly<Record<string, readonly Reply[]>> = {
  'an answer as it should be': one(ok(), body),
  'a head in pieces': one('HTTP/1.1 2', '00 OK\r\ncontent-le', `ngth: ${SIZE}\r`, '\n\r\n', body),
  'a head and body at once': one(Buffer.concat([Buffer.from(ok()), body])),
  '100 and 103 before it': one('HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n', ok(), body),
  'a body in chunks': one(
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
    `${SIZE.toString(16)}\r\n`,
    body,
    '\r\n0\r\n\r\n',
  ),
  'a body that ends with the connection': one('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n', body),
  'HTTP/1.0': one(`HTTP/1.0 200 OK\r\ncontent-length: ${SIZE}\r\n\r\n`, body),
  'a Content-Encoding': one(ok(SIZE, 'content-encoding: gzip\r\n'), body),
  'a body that breaks off': one(ok(), half),
  'a reset in the body': [{ pieces: [ok(), half], then: 'reset' }],
  nothing: one(),
  'half a head': one('HTTP/1.1 200 OK\r\ncontent-le'),
  'no HTTP': one('SSH-2.0-OpenSSH_9.2p1\r\n\r\n'),
  'another version of HTTP': one('HTTP/2 200 OK\r\n\r\n'),
  'a folded header': one(`HTTP/1.1 200 OK\r\na: b\r\n c: d\r\ncontent-length: ${SIZE}\r\n\r\n`, body),
  'a NUL in a header': one(`HTTP/1.1 200 OK\r\na: \0\r\ncontent-length: ${SIZE}\r\n\r\n`, body),
  'two lengths': one(`HTTP/1.1 200 OK\r\ncontent-length: ${SIZE}\r\ncontent-length: 3\r\n\r\n`, body),
  'a length that is not a number': one('HTTP/1.1 200 OK\r\ncontent-length: +9000000\r\n\r\n', body),
  'a longer length than declared': one(ok(SIZE + 1), body, 'x'),
  'a shorter length than declared': one(ok(SIZE - 1), body.subarray(1)),
  'a stall in the body': [{ pieces: [ok(), half], then: 'hang' }],
  'a stall before the head': [{ pieces: [], then: 'hang' }],
  'a break, and the rest by Range': [{ pieces: [ok(SIZE, ETAG), half] }, { pieces: rest(SIZE / 2) }],
  'a break, and another file': [{ pieces: [ok(SIZE, ETAG), half] }, { pieces: rest(SIZE / 2, 'etag: "other"\r\n') }],
  'a break, and all of it again': [{ pieces: [ok(SIZE, ETAG), half] }, { pieces: [ok(SIZE, ETAG), body] }],
  '404': one('HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno'),
  '403': one('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno'),
  '451': one('HTTP/1.1 451 Legal\r\ncontent-length: 2\r\n\r\nno'),
  '429, for an hour': one('HTTP/1.1 429 Slow\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n'),
  '503': one('HTTP/1.1 503 Busy\r\ncontent-length: 2\r\n\r\nno'),
  '416': one('HTTP/1.1 416 Range\r\ncontent-length: 0\r\n\r\n'),
  '204': one('HTTP/1.1 204 No Content\r\n\r\n'),
  'a 206 that nobody asked for': one(...rest(0)),
  'a redirect to nowhere': one('HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n'),
  'a redirect to http elsewhere': one(
    'HTTP/1.1 302 Found\r\nlocation: http://example.com/\r\ncontent-length: 0\r\n\r\n',
  ),
};

export interface TlsFiles {
  readonly key: string;
  readonly cert: string;
}

/** What a download of each server ends with: its digest, or a code. */
export async function outcomes(tls?: TlsFiles): Promise<Record<string, string>> {
  const all = Object.entries(SERVERS);
  const found = await mapLimit(all, 8, async ([name, replies]): Promise<[string, string]> => [
    name,
    await outcome(replies, tls),
  ]);
  return Object.fromEntries(found);
}

async function outcome(replies: readonly Reply[], tls: TlsFiles | undefined): Promise<string> {
  const left = [...replies];
  const sockets = new Set<Socket>();
  const answer = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      const reply = (left.length > 1 ? left.shift() : left[0]) ?? { pieces: [] };
      void write(socket, reply);
    });
  };
  const server: Server = tls ? createTlsServer(tls, answer) : createServer(answer);
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${(server.address() as AddressInfo).port}/f`;
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    const retry = { tries: 2, baseMs: 1, capMs: 1 };
    for await (const part of openDownload({ url, size: SIZE, retry, stallMs: 1500 })) {
      hash.update(part);
      bytes += part.length;
    }
    return `${bytes} ${hash.digest('hex')}`;
  } catch (error) {
    return error instanceof PullthroughError ? error.code : String(error);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function write(socket: Socket, { pieces, then }: Reply): Promise<void> {
  for (const piece of pieces) {
    await new Promise((resolve) => socket.write(piece, resolve));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  if (then === 'hang') return;
  if (then === 'reset') socket.destroy();
  else socket.end();
}
