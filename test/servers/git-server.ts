import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createGitHandler } from './git.ts';
import type { GitHandlerOptions } from './git.ts';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

export interface GitServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`; a repository lies at `${origin}/NAME.git`. */
  readonly origin: string;
  /** Every request since the start or the last `reset`. */
  readonly requests: readonly SeenRequest[];
  /** Bytes on the wire in both directions, headers included, since the start or the last `reset`. */
  bytes(): { readonly received: number; readonly sent: number };
  reset(): void;
  close(): Promise<void>;
}

/** A git host on loopback: {@link createGitHandler} with a port, which counts. `redirect` sends every request elsewhere. */
export async function startGitServer(options: GitHandlerOptions & { readonly redirect?: string }): Promise<GitServer> {
  const handle = createGitHandler(options);
  let requests: SeenRequest[] = [];
  const server = createServer((request, response) => {
    requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    if (options.redirect === undefined) handle(request, response);
    else response.writeHead(302, { location: `${options.redirect}${request.url ?? ''}` }).end();
  });
  const sockets = new Set<Socket>();
  const gone = { received: 0, sent: 0 };
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      gone.received += socket.bytesRead;
      gone.sent += socket.bytesWritten;
    });
  });
  const total = (): { received: number; sent: number } => {
    const now = { ...gone };
    for (const socket of sockets) {
      now.received += socket.bytesRead;
      now.sent += socket.bytesWritten;
    }
    return now;
  };
  let before = { received: 0, sent: 0 };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    bytes: () => {
      const now = total();
      return { received: now.received - before.received, sent: now.sent - before.sent };
    },
    reset: () => {
      requests = [];
      before = total();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
