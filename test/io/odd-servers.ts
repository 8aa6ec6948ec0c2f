import { gzipSync } from 'node:zlib';

/** Several blocks, and no whole number of them. */
export const SIZE = 3_000_000;

export function bodyOf(size = SIZE): Buffer {
  const body = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4) body.writeUInt32LE((at * 2654435761) >>> 0, at);
  return body;
}

type Piece = string | Buffer;
/**
 * What is written to one connection, in turn; `hang` keeps it open, `reset` breaks it, else it is closed. SELF and OTHER
 * in a text become this server's origin and another's.
 */
export interface Reply {
  readonly pieces: readonly Piece[];
  readonly then?: 'hang' | 'reset';
}

/** A server answers its connections with its replies, and with the last one for ever. */
export interface OddServer {
  readonly replies: readonly Reply[];
  /** How a download from it ends: whole, or with this code. */
  readonly ends: string;
}

const WHOLE = 'whole';
const OK = 'HTTP/1.1 200 OK\r\n';
const LENGTH = `content-length: ${SIZE}\r\n`;
const ETAG = 'etag: "e"\r\n';
const body = bodyOf();
const half = body.subarray(0, SIZE / 2);
const ok = (size = SIZE, more = ''): string => `${OK}content-length: ${size}\r\n${more}\r\n`;
const head = (...lines: string[]): string => `${[...lines].join('\r\n')}\r\n\r\n`;
const rest = (from: number, range = `${from}-${SIZE - 1}/${SIZE}`, etag = ETAG): Piece[] => [
  `HTTP/1.1 206 Partial Content\r\ncontent-length: ${SIZE - from}\r\ncontent-range: bytes ${range}\r\n${etag}\r\n`,
  body.subarray(from),
];
const chunk = (bytes: Buffer, extension = ''): Piece[] => [
  `${bytes.length.toString(16)}${extension}\r\n`,
  bytes,
  '\r\n',
];
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;
const halves = [...chunk(half), ...chunk(body.subarray(SIZE / 2))];
const drip = Array.from({ length: 300 }, (_, at) => body.subarray(at * 10_000, (at + 1) * 10_000));

const from = (ends: string, ...pieces: Piece[]): OddServer => ({ ends, replies: [{ pieces }] });
const broken = (ends: string, ...then: Piece[][]): OddServer => ({
  ends,
  replies: [{ pieces: [ok(SIZE, ETAG), half] }, ...then.map((pieces) => ({ pieces }))],
});
const whole = (...lines: string[]): OddServer => from(WHOLE, head(...lines), body);
const nonsense = (...lines: string[]): OddServer => from('E_NETWORK', head(...lines), body);

export const SERVERS: Readonly<Record<string, OddServer>> = {
  'an answer as it should be': from(WHOLE, ok(), body),
  'a head in pieces': from(WHOLE, 'HTTP/1.1 2', '00 OK\r\ncontent-le', `ngth: ${SIZE}\r`, '\n\r\n', body),
  'a head and body at once': from(WHOLE, Buffer.concat([Buffer.from(ok()), body])),
  'a body in drips': from(WHOLE, ok(), ...drip),
  'a keep-alive that is closed': whole('HTTP/1.1 200 OK', `content-length: ${SIZE}`, 'connection: keep-alive'),
  'an answer that says it closes': whole('HTTP/1.1 200 OK', `content-length: ${SIZE}`, 'connection: close'),
  'a body that ends with the connection': whole('HTTP/1.1 200 OK', 'connection: close'),
  'HTTP/1.0': whole('HTTP/1.0 200 OK', `content-length: ${SIZE}`),
  'HTTP/1.0 without a length': whole('HTTP/1.0 200 OK', 'x: y'),
  'HTTP/1.0 without a length, too short': from('E_TRUNCATED', head('HTTP/1.0 200 OK', 'x: y'), half),
  'no reason': whole('HTTP/1.1 200', `content-length: ${SIZE}`),
  'bytes beyond ASCII in a header': from(WHOLE, Buffer.from(`${OK}x: \xe4\xff\r\n${LENGTH}\r\n`, 'latin1'), body),

  '103 before it': from(WHOLE, head('HTTP/1.1 103 Early Hints', 'link: <x>'), ok(), body),
  'a thousand 103 before it': from(WHOLE, head('HTTP/1.1 103 Early Hints', 'link: <x>').repeat(1000), ok(), body),
  '100 that nobody asked for': from('E_NETWORK', head('HTTP/1.1 100 Continue'), ok(), body),
  '101 that nobody asked for': from('E_NETWORK', head('HTTP/1.1 101 Switching', 'upgrade: x', 'connection: upgrade')),

  'a body in chunks': from(WHOLE, CHUNKED, ...halves, '0\r\n\r\n'),
  'chunks with extensions': from(WHOLE, CHUNKED, ...chunk(body, ';a=b;c="d"'), '0\r\n\r\n'),
  'chunks and trailers': from(WHOLE, CHUNKED, ...halves, '0\r\nx: y\r\netag: "x"\r\n\r\n'),
  'a length in the trailers': from('E_NETWORK', CHUNKED, ...halves, '0\r\ncontent-length: 3\r\n\r\n'),
  'chunks without their end': from('E_NETWORK', CHUNKED, ...halves),
  'chunks of more than declared': from('E_SIZE', CHUNKED, ...halves, ...chunk(half), '0\r\n\r\n'),
  'chunks of less than declared': from('E_TRUNCATED', CHUNKED, ...chunk(half), '0\r\n\r\n'),
  'a chunk longer than it says': from('E_NETWORK', CHUNKED, '10\r\n', half, '\r\n0\r\n\r\n'),
  'a chunk size that is no number': from('E_NETWORK', CHUNKED, 'xyz\r\n', body, '\r\n0\r\n\r\n'),
  'a chunk size beyond all bounds': from('E_NETWORK', CHUNKED, `${'f'.repeat(40)}\r\n`, body),
  'endless chunk extensions': from('E_NETWORK', CHUNKED, `10;${'x'.repeat(200_000)}\r\n`, body),

  'a length and chunks': from('E_NETWORK', `${OK}${LENGTH}transfer-encoding: chunked\r\n\r\n`, ...halves, '0\r\n\r\n'),
  'two lengths': nonsense('HTTP/1.1 200 OK', `content-length: ${SIZE}`, 'content-length: 3'),
  'the same length twice': nonsense('HTTP/1.1 200 OK', `content-length: ${SIZE}`, `content-length: ${SIZE}`),
  'a list of lengths': nonsense('HTTP/1.1 200 OK', `content-length: ${SIZE}, ${SIZE}`),
  'a length that is not a number': nonsense('HTTP/1.1 200 OK', `content-length: +${SIZE}`),
  'a negative length': nonsense('HTTP/1.1 200 OK', `content-length: -${SIZE}`),
  'a length beyond all bounds': nonsense('HTTP/1.1 200 OK', `content-length: ${'9'.repeat(40)}`),
  'a longer length than declared': from('E_SIZE', ok(SIZE + 1), body, 'x'),
  'a shorter length than declared': from('E_TRUNCATED', ok(SIZE - 1), body.subarray(1)),
  'bytes behind the body': from(WHOLE, ok(), body, 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad'),

  'gzip in name only': from(WHOLE, ok(SIZE, 'content-encoding: gzip\r\n'), body),
  'gzip though identity was asked for': from(
    'E_TRUNCATED',
    ok(gzipSync(body).length, 'content-encoding: gzip\r\n'),
    gzipSync(body),
  ),
  'a bomb': from(
    'E_TRUNCATED',
    head('HTTP/1.1 200 OK', 'content-encoding: gzip', 'transfer-encoding: chunked'),
    ...chunk(gzipSync(Buffer.alloc(SIZE))),
    '0\r\n\r\n',
  ),

  'a folded header': nonsense('HTTP/1.1 200 OK', 'a: b', ' c: d', `content-length: ${SIZE}`),
  'a length that is folded': nonsense('HTTP/1.1 200 OK', 'content-length:', ` ${SIZE}`),
  'a NUL in a header': nonsense('HTTP/1.1 200 OK', 'a: \0', `content-length: ${SIZE}`),
  'a lone line feed in a header': nonsense('HTTP/1.1 200 OK', `a: b\ncontent-length: ${SIZE}`),
  'a space before the colon': nonsense('HTTP/1.1 200 OK', `content-length : ${SIZE}`),
  'a header without a name': nonsense('HTTP/1.1 200 OK', ': x', `content-length: ${SIZE}`),
  'a header of a megabyte': nonsense('HTTP/1.1 200 OK', `a: ${'x'.repeat(1 << 20)}`, `content-length: ${SIZE}`),
  'ten thousand headers': nonsense('HTTP/1.1 200 OK', ...Array.from({ length: 10_000 }, (_, at) => `h${at}: x`)),
  'half a head': from('E_NETWORK', `${OK}content-le`),
  nothing: from('E_NETWORK'),
  'no HTTP': from('E_NETWORK', 'SSH-2.0-OpenSSH_9.2p1\r\n\r\n'),
  'another version of HTTP': nonsense('HTTP/2 200 OK', `content-length: ${SIZE}`),
  'a status of four digits': nonsense('HTTP/1.1 2000 OK', `content-length: ${SIZE}`),

  'a body that breaks off': from('E_NETWORK', ok(), half),
  'a reset in the body': { ends: 'E_NETWORK', replies: [{ pieces: [ok(), half], then: 'reset' }] },
  'a reset before the head': { ends: 'E_NETWORK', replies: [{ pieces: [], then: 'reset' }] },
  'a stall in the body': { ends: 'E_TIMEOUT', replies: [{ pieces: [ok(), half], then: 'hang' }] },
  'a stall before the head': { ends: 'E_TIMEOUT', replies: [{ pieces: [], then: 'hang' }] },
  'a break, and the rest by Range': broken(WHOLE, rest(SIZE / 2)),
  'a break, and Range ignored': broken(WHOLE, [ok(SIZE, ETAG), body]),
  'a break, and another file': broken('E_UPSTREAM_CHANGED', rest(SIZE / 2, undefined, 'etag: "other"\r\n')),
  'a break, and another whole file': broken('E_UPSTREAM_CHANGED', [ok(SIZE, 'etag: "other"\r\n'), body]),
  'a break, and a rest from elsewhere': broken('E_UPSTREAM_CHANGED', rest(SIZE / 2, `0-${SIZE / 2 - 1}/${SIZE}`)),
  'a break, and a rest of a larger file': broken(
    'E_UPSTREAM_CHANGED',
    rest(SIZE / 2, `${SIZE / 2}-${SIZE - 1}/${SIZE + 9}`),
  ),
  'a break, and a rest that says nothing of itself': broken('E_UPSTREAM_CHANGED', [
    head('HTTP/1.1 206 Partial Content', `content-length: ${SIZE / 2}`),
    body.subarray(SIZE / 2),
  ]),
  'a break, and parts of the file': broken('E_UPSTREAM_CHANGED', [
    head('HTTP/1.1 206 Partial Content', 'content-length: 5', 'content-type: multipart/byteranges; boundary=x'),
    '--x--',
  ]),
  'a break, and 416': broken('E_TRUNCATED', [head('HTTP/1.1 416 Range', 'content-length: 0')]),
  'a 206 that nobody asked for': from('E_UPSTREAM_CHANGED', ...rest(0)),

  '404': from('E_UPSTREAM_NOT_FOUND', head('HTTP/1.1 404 Not Found', 'content-length: 2'), 'no'),
  '403': from('E_CREDENTIAL', head('HTTP/1.1 403 Forbidden', 'content-length: 2'), 'no'),
  '451': from('E_UPSTREAM_NOT_FOUND', head('HTTP/1.1 451 Legal', 'content-length: 2'), 'no'),
  '429, for an hour': from('E_RATE_LIMIT', head('HTTP/1.1 429 Slow', 'retry-after: 3600', 'content-length: 0')),
  '503': from('E_HTTP', head('HTTP/1.1 503 Busy', 'content-length: 2'), 'no'),
  '204': from('E_HTTP', head('HTTP/1.1 204 No Content', 'x: y')),
  'an error without an end': { ends: 'E_HTTP', replies: [{ pieces: [head('HTTP/1.1 500 Oh', 'x: y')], then: 'hang' }] },

  'a redirect to nowhere': from('E_HTTP', head('HTTP/1.1 302 Found', 'content-length: 0')),
  'a redirect to http elsewhere': from(
    'E_HTTP',
    head('HTTP/1.1 302 Found', 'location: http://example.com/', 'content-length: 0'),
  ),
  'a redirect with a password': from(
    'E_HTTP',
    head('HTTP/1.1 302 Found', 'location: https://a:b@example.com/', 'content-length: 0'),
  ),
  'a redirect to itself, for ever': from(
    'E_HTTP',
    head('HTTP/1.1 302 Found', 'location: SELF/f', 'content-length: 0', 'connection: close'),
  ),
  'a redirect to another host': from(
    WHOLE,
    head('HTTP/1.1 302 Found', 'location: OTHER/elsewhere', 'content-length: 0'),
  ),
  'a redirect with a body without an end': {
    ends: WHOLE,
    replies: [{ pieces: [head('HTTP/1.1 302 Found', 'location: OTHER/elsewhere')], then: 'hang' }],
  },
  'two Locations': from(
    'E_HTTP',
    head('HTTP/1.1 302 Found', 'location: http://example.com/', 'location: OTHER/', 'content-length: 0'),
  ),
};
