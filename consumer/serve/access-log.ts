import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** `common`: the lines that web servers write and log readers know; `json`: an object per line. */
export type LogFormat = 'common' | 'json';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

interface Access {
  readonly time: Date;
  readonly client: string;
  readonly method: string;
  /** Without its query, which can hold a secret. */
  readonly path: string;
  readonly status: number;
  /** Of the body, as far as it was sent. */
  readonly bytes: number;
  readonly milliseconds: number;
  readonly agent: string;
}

/** Notes a request that begins, for the line that is written when it is over; `length` is its body's, once that is known. */
export type NoteAccess = (request: IncomingMessage, response: ServerResponse, length: () => number | undefined) => void;

/** Writes a line for each request when it is over, whether or not it came to its end. No header but User-Agent is in it. */
export function accessLog(format: LogFormat, write: (line: string) => void): NoteAccess {
  return (request, response, length) => {
    const begun = performance.now();
    const time = new Date();
    const { socket, method = 'GET', url = '' } = request;
    const before = socket.bytesWritten;
    response.once('close', () => {
      const access: Access = {
        time,
        client: socket.remoteAddress ?? '-',
        method,
        path: url.split('?')[0] ?? '',
        status: response.statusCode,
        bytes: bodyBytes(method, response, length(), socket.bytesWritten - before),
        milliseconds: Math.round(performance.now() - begun),
        agent: request.headers['user-agent'] ?? '',
      };
      write(format === 'json' ? jsonLine(access) : commonLine(access));
    });
  };
}

/** Has every request that the router sees noted. */
export function logAccess(app: FastifyInstance, note: NoteAccess): void {
  app.addHook('onRequest', (request, reply, done) => {
    note(request.raw, reply.raw, () => {
      const length = reply.getHeader('content-length');
      return length === undefined ? undefined : Number(length);
    });
    done();
  });
}

/** What was sent of the body: its length where all of it was, else what went over the wire. */
function bodyBytes(method: string, response: ServerResponse, said: number | undefined, sent: number): number {
  if (method === 'HEAD' || response.statusCode === 304) return 0;
  const length = said ?? sent;
  return response.writableFinished ? length : Math.max(0, Math.min(sent, length));
}

/** NCSA's common log format. */
export function commonLine({ client, time, method, path, status, bytes }: Access): string {
  return `${client} - - [${dateText(time)}] "${method} ${quoted(path)} HTTP/1.1" ${status} ${bytes}`;
}

export function jsonLine(access: Access): string {
  const { time, agent, path, ...rest } = access;
  const line = { time: time.toISOString(), ...rest, path: path.slice(0, 4096), agent: agent.slice(0, 512) };
  // As well as what JSON escapes, anything that a terminal would act on.
  return JSON.stringify(line).replace(/[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function quoted(path: string): string {
  return path.slice(0, 4096).replace(/["\\]|[^\x20-\x7e]/g, (char) => {
    return [...Buffer.from(char)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  });
}

function dateText(time: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = `${two(time.getUTCDate())}/${MONTHS[time.getUTCMonth()]}/${time.getUTCFullYear()}`;
  return `${day}:${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())} +0000`;
}
