import { createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { join } from 'node:path';
import { readFile, writeFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { makeCertificates } from './certificates.ts';

/** Answers for a host: the origin of a server on loopback, or a handler. */
export type Host = string | ((request: IncomingMessage, response: ServerResponse) => void);

/**
 * The part of the internet that a test needs, by its real names: a proxy that ends TLS with a certificate of a CA of our
 * own and asks servers on loopback instead. Commands run as they are written; a name that isn't listed is refused.
 */
export interface Internet {
  /** What makes node, git, curl and gh go through it. */
  readonly env: Readonly<Record<string, string>>;
  /** Host names that were asked for and are nobody's. */
  readonly strangers: readonly string[];
  close(): Promise<void>;
}

/** `folder` gets the certificates. */
export async function startInternet(folder: string, hosts: Readonly<Record<string, Host>>): Promise<Internet> {
  const { caFile, key, cert } = await makeCertificates(folder, Object.keys(hosts));
  const strangers: string[] = [];
  const tls = createTlsServer({ key, cert }, (incoming, response) => {
    const host = hosts[(incoming.headers.host ?? '').replace(/:443$/, '')];
    if (host === undefined) response.writeHead(421).end();
    else if (typeof host === 'function') host(incoming, response);
    else forward(host, incoming, response);
  });
  const proxy = createServer((_, response) => void response.writeHead(403).end());
  const sockets = new Set<Socket>();
  const tlsPort = await listen(tls);
  proxy.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    const [name = '', port] = (incoming.url ?? '').split(':');
    if (hosts[name] === undefined || port !== '443') {
      strangers.push(incoming.url ?? '');
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const inner = connect(tlsPort, '127.0.0.1', () => socket.write('HTTP/1.1 200 Connection Established\r\n\r\n'));
    for (const one of [socket, inner]) {
      sockets.add(one);
      one.on('close', () => sockets.delete(one));
    }
    inner.on('error', () => socket.destroy());
    socket.on('error', () => inner.destroy());
    inner.pipe(socket).pipe(inner);
  });
  const url = `http://127.0.0.1:${String(await listen(proxy))}`;
  // Most programs take one file, which replaces what the system has.
  const all = join(folder, 'ca-bundle.pem');
  await writeFile(all, [await readFile(caFile, 'utf8'), ...rootCertificates].join('\n'));
  return {
    env: {
      HTTPS_PROXY: url,
      https_proxy: url,
      NO_PROXY: ['127.0.0.1', 'localhost'].join(','),
      no_proxy: ['127.0.0.1', 'localhost'].join(','),
      NODE_EXTRA_CA_CERTS: caFile,
      GIT_SSL_CAINFO: all,
      CURL_CA_BUNDLE: all,
      SSL_CERT_FILE: all,
    },
    strangers,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      tls.closeAllConnections();
      await Promise.all([tls, proxy].map((server: Server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

function forward(origin: string, incoming: IncomingMessage, response: ServerResponse): void {
  const { method, url = '/', headers } = incoming;
  const outgoing = request(`${origin}${url}`, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  outgoing.on('error', () => response.destroy());
  response.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
