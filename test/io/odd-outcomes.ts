import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { openDownload } from '../../io/http/download/download.ts';
import { mapLimit } from '../../io/limit.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { SERVERS, SIZE, bodyOf } from './odd-servers.ts';
import type { OddServer, Reply } from './odd-servers.ts';

export interface TlsFiles {
  readonly key: string;
  readonly cert: string;
}

export interface Way {
  readonly tls?: TlsFiles | undefined;
  /** Of this machine; 127.0.0.1 (localhost over TLS) unless told. */
  readonly address?: string;
  /** Milliseconds that the reader sleeps over each piece. */
  readonly sleepy?: number;
}

const RIGHT = createHash('sha256').update(bodyOf()).digest('hex');

/**
 * How a download from each server ends: `whole` where every byte is right, a code, or words for what must never be: other
 * bytes, or a token that reached another host.
 */
export async function outcomes(way: Way = {}): Promise<Record<string, string>> {
  const all = Object.entries(SERVERS);
  const found = await mapLimit(all, 8, async ([name, server]): Promise<[string, string]> => [
    name,
    await outcome(server, way),
  ]);
  return Object.fromEntries(found);
}

/** What {@link outcomes} is to be. */
export function expected(): Record<string, string> {
  return Object.fromEntries(Object.entries(SERVERS).map(([name, { ends }]) => [name, ends]));
}

async function outcome({ replies }: OddServer, way: Way): Promise<string> {
  const left = [...replies];
  const other = await listen(way, () => ({
    pieces: [`HTTP/1.1 200 OK\r\ncontent-length: ${SIZE}\r\n\r\n`, bodyOf()],
  }));
  const self = await listen(way, () => (left.length > 1 ? left.shift() : left[0]) ?? { pieces: [] }, other.origin);
  const hash = createHash('sha256');
  try {
    // Long enough to hear that a server closed the connection without a word.
    const retry = { tries: 2, baseMs: 100, capMs: 100 };
    const authorization = { origin: self.origin, value: 'Bearer secret' };
    const request = { url: `${self.origin}/f`, size: SIZE, retry, stallMs: 1500, authorization };
    await openDownload(request).each(async (part) => {
      hash.update(part);
      if (way.sleepy !== undefined) await new Promise((resolve) => setTimeout(resolve, way.sleepy));
    });
    if (hash.digest('hex') !== RIGHT) return 'wrong bytes';
    if (other.heads.some((head) => /authorization|secret/i.test(head))) return 'the token reached another host';
    return 'whole';
  } catch (error) {
    return error instanceof PullthroughError ? error.code : String(error);
  } finally {
    await Promise.all([self.close(), other.close()]);
  }
}

interface Listening {
  readonly origin: string;
  /** Of requests that came. */
  readonly heads: string[];
  close(): Promise<void>;
}

async function listen({ tls, address }: Way, next: () => Reply, other = ''): Promise<Listening> {
  const sockets = new Set<Socket>();
  const heads: string[] = [];
  let origin = '';
  const answer = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    // One reply a connection: what comes later on it is not answered.
    socket.once('data', (data: Buffer) => {
      heads.push(data.toString('latin1'));
      void write(socket, next(), (text) => text.replaceAll('SELF', origin).replaceAll('OTHER', other));
    });
  };
  const server: Server = tls ? createTlsServer(tls, answer) : createServer(answer);
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, address ?? '127.0.0.1', resolve));
  const host = tls ? 'localhost' : address === undefined ? '127.0.0.1' : `[${address}]`;
  origin = `${tls ? 'https' : 'http'}://${host}:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    heads,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function write(socket: Socket, { pieces, then }: Reply, filled: (text: string) => string): Promise<void> {
  for (const piece of pieces) {
    await new Promise((resolve) => socket.write(typeof piece === 'string' ? filled(piece) : piece, resolve));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  if (then === 'hang') return;
  // Below TLS there is nothing to reset.
  if (then === 'reset') void (socket instanceof TLSSocket ? socket.destroy() : socket.resetAndDestroy());
  else socket.end();
}
